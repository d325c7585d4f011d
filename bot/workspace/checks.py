"""Says whether Slack would take a message or a view, by Slack's own types and eleven rules that these do not state.

The definition is picked by each block's `type` before it is validated, so that the answer names block and property
instead of "none of the twenty alternatives fits", and takes a quarter of the time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from bot.workspace.problem import Json, Problem, units
from bot.workspace.rules import BLOCK_RULES, VIEW_RULES, Surface, error_name

SCHEMA = Path(__file__).parent / "data" / "block_kit.json"
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TEXT_CUT = 40_000
_PING = re.compile(r"<!(channel|here|everyone|subteam\^[^>|]*)(\|[^>]*)?>")


@cache
def definitions() -> Json:
    """Slack's types, read once."""
    loaded: Json = json.loads(SCHEMA.read_text(encoding="utf-8"))["definitions"]
    return loaded


def _types(branch: Json) -> list[str]:
    """The `type` values that a branch of a union is for; empty where it names none."""
    name = branch.get("$ref", "").removeprefix("#/definitions/")
    kind = definitions().get(name, branch).get("properties", {}).get("type", {})
    return [kind["const"]] if "const" in kind else list(kind.get("enum", []))


def _any_of(validator: Any, branches: list[Json], instance: Any, _schema: Json) -> Iterator[ValidationError]:
    """A union: the branch is chosen by `type`; where several remain, the one that fits best speaks."""
    chosen = branches
    if isinstance(instance, dict) and any(_types(branch) for branch in branches):
        kind = instance.get("type")
        chosen = [branch for branch in branches if kind in _types(branch)]
        if not chosen:
            wanted = ", ".join(sorted({name for branch in branches for name in _types(branch)}))
            told = f"type {kind!r} cannot stand here" if "type" in instance else "'type' is missing"
            yield ValidationError(f"{told}; one of: {wanted}", path=["type"])
            return
    found = [list(validator.descend(instance, branch)) for branch in chosen]
    if all(found):
        yield from min(found, key=len)


def _max_length(_validator: Any, top: int, instance: Any, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(instance, str) and units(instance) > top:
        yield ValidationError(f"must be no more than {top:,} characters; it has {units(instance):,}")


def _min_length(_validator: Any, low: int, instance: Any, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(instance, str) and units(instance) < low:
        yield ValidationError(f"must be at least {low} character{'s' if low > 1 else ''}")


def _max_items(_validator: Any, top: int, instance: Any, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(instance, list) and len(instance) > top:
        yield ValidationError(f"no more than {top} items allowed; there are {len(instance)}")


_Checker: Any = extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    {"anyOf": _any_of, "maxLength": _max_length, "minLength": _min_length, "maxItems": _max_items},
)


@cache
def _validator(name: str) -> Any:
    return _Checker({"$ref": f"#/definitions/{name}", "definitions": definitions()})


@cache
def _block_definitions() -> dict[str, tuple[Json, ...]]:
    """The definitions of each block type. Slack's types give `image` two: by address, and by file."""
    by_type: dict[str, tuple[Json, ...]] = {}
    for branch in definitions()["KnownBlock"]["anyOf"]:
        for kind in _types(branch):
            by_type[kind] = (*by_type.get(kind, ()), branch)
    return by_type


def _kind_at(value: Any, path: Sequence[str | int]) -> str:
    """The `type` of the innermost object on the way to a place."""
    kind = ""
    for step in (*path, ""):
        if isinstance(value, dict) and isinstance(value.get("type"), str) and value["type"] not in _TEXT_TYPES:
            kind = value["type"]
        known = (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        )
        if not known:
            return kind
        value = value[step]
    return kind


_TEXT_TYPES = {"plain_text", "mrkdwn"}


def _problems(errors: Iterator[ValidationError], value: Any, prefix: str, error: str) -> Iterator[Problem]:
    for found in errors:
        path = [str(step) for step in found.absolute_path]
        reason = found.message if len(found.message) < 300 else f"{found.message[:300]}…"
        yield Problem(error, "/".join([prefix, *path]), _kind_at(value, list(found.absolute_path)), reason)


def _check_block(block: Any, pointer: str, error: str) -> Iterator[Problem]:
    if not isinstance(block, dict):
        yield Problem(error, pointer, "", f"a block is an object, this is {type(block).__name__}")
        return
    kind = block.get("type")
    branches = _block_definitions().get(kind, ()) if isinstance(kind, str) else ()
    if not branches:
        told = f"unsupported type: {kind!r}" if "type" in block else "the property 'type' is missing"
        yield Problem(error, f"{pointer}/type", str(kind or ""), told)
        return
    checker = _Checker({"anyOf": list(branches), "definitions": definitions()})
    yield from _problems(checker.iter_errors(block), block, pointer, error)


def _check_blocks(blocks: Any, surface: Surface) -> Iterator[Problem]:
    error = error_name(surface)
    if not isinstance(blocks, list):
        yield Problem(error, "/blocks", "", "blocks is a list")
        return
    top = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    if len(blocks) > top:
        yield Problem(error, "/blocks", surface, f"no more than {top} items allowed; there are {len(blocks)}")
    for rule in BLOCK_RULES:
        yield from rule(blocks, surface)
    for n, block in enumerate(blocks[:top]):
        yield from _check_block(block, f"/blocks/{n}", error)


def check_message(blocks: Any, text: str | None) -> list[Problem]:
    """Everything for which Slack (or our own stricter budget) would refuse this message; empty where it may be sent."""
    found: list[Problem] = []
    if not isinstance(text, str) or not text.strip():
        # Slack takes blocks alone; notifications and screen readers then read nothing, so our port always sends a text.
        found.append(Problem("no_text", "/text", "message", "a message needs a text beside its blocks"))
    if blocks:
        found += _check_blocks(blocks, "message")
    return list(dict.fromkeys(found))


def check_view(view: Any) -> list[Problem]:
    """Everything for which Slack would refuse this modal or Home tab; empty where it may be shown."""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        return [Problem("invalid_arguments", "/type", "view", "a view is an object of type modal or home")]
    kind: Surface = view["type"]
    hollow = {**view, "blocks": []}
    found = [problem for rule in VIEW_RULES for problem in rule(view)]
    if "blocks" not in view:
        found.append(Problem("invalid_arguments", "/blocks", kind, "the property 'blocks' is missing"))
    name = "ModalView" if kind == "modal" else "HomeView"
    found += _problems(_validator(name).iter_errors(hollow), view, "", "invalid_arguments")
    found += _check_blocks(view.get("blocks", []), kind)
    return list(dict.fromkeys(found))


def lint_message(blocks: Any, text: str) -> list[str]:
    """What Slack takes and we never want: a mass ping, which outside text makes when nobody escaped it."""
    pings = [found.group(0) for found in _PING.finditer(json.dumps([text, blocks or []], ensure_ascii=False))]
    return [f"{ping} would notify many people: outside text was not escaped" for ping in dict.fromkeys(pings)]
