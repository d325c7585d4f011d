"""Every predicate type with its fields, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc

from pydantic.json_schema import models_json_schema

from workflows.kernel.arrival import EVIDENCE
from workflows.kernel.attestation import predicate_type
from workflows.kernel.erasure_view import ERASURE
from workflows.kernel.keykeeping_view import KEYKEEPING
from workflows.kernel.ledger import LEDGER
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.model import AttemptRefused, Event
from workflows.registry import WORKFLOWS

Schema = Mapping[str, object]
WORDS = {"string": "text", "integer": "number", "boolean": "yes or no", "number": "number", "object": "mapping"}
FORMATS = {"date-time": "time", "date": "day"}


def events() -> Iterator[tuple[str, type[Event]]]:
    """Each workflow's events, each once, with the workflow's name."""
    for workflow in (*WORKFLOWS, LEDGER, EVIDENCE, ERASURE, KEYKEEPING, IDENTITY):
        for event in workflow.events:
            if event is not AttemptRefused:
                yield workflow.name, event


def attested() -> list[tuple[str, type[Event]]]:
    return [(name, event) for name, event in events() if event.ATTESTED]


def told(event: type[Event]) -> str:
    """The docstring as one paragraph."""
    return single(cleandoc(event.__doc__ or ""))


def single(text: str) -> str:
    """One paragraph, with Markdown's code marks and JSON's word for nothing."""
    return " ".join(re.sub(r"\bNone\b", "null", text.replace("``", "`")).split())


def spoken(said: Schema) -> str:
    """A JSON Schema as a word: `text`, `list of [Move](#move)`."""
    if "$ref" in said:
        name = said["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in said:
        found = [spoken(one) for one in said["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(found)) + (" or null" if len(found) < len(said["anyOf"]) else "")
    if "enum" in said or "const" in said:
        return " / ".join(f"`{one}`" for one in said.get("enum", [said.get("const")]))
    if said.get("type") == "array":
        parts = said.get("prefixItems")
        inner = spoken(said["items"]) if isinstance(said.get("items"), dict) else ""
        return f"list of {inner}" if not parts else f"[{', '.join(spoken(p) for p in parts)}]"
    if isinstance(said.get("additionalProperties"), dict):
        return f"mapping of text to {spoken(said['additionalProperties'])}"
    return FORMATS.get(str(said.get("format")), WORDS.get(str(said.get("type")), "value"))


def fields(found: Schema, detached: tuple[str, ...] = ()) -> str:
    """Fields and their types, one a line."""
    rows = []
    for name, said in found.get("properties", {}).items():
        own = ", in a file of its own" if name in detached else ""
        rows.append(f"- `{name}`: {spoken(said)}{own}\n")
    return "".join(rows) or "- no fields\n"


def schemas() -> tuple[dict[type[Event], Schema], dict[str, Schema]]:
    """The schema of each event, and of every value that they hold."""
    models = [*dict.fromkeys(event for _, event in events()), AttemptRefused]
    refs, top = models_json_schema([(m, "validation") for m in models], ref_template="#/$defs/{model}")
    defined = dict(top["$defs"])
    found = {m: defined[refs[(m, "validation")]["$ref"].rpartition("/")[2]] for m in models}
    return found, {n: s for n, s in defined.items() if s not in found.values()}


def predicates() -> str:
    """A section for each event that is signed by itself."""
    found, _ = schemas()
    parts = [
        f"### `{predicate_type(name, event)}`\n{told(event)}\n\n{fields(found[event], event.DETACHED)}"
        for name, event in attested()
    ]
    for workflow in WORKFLOWS:
        kind = predicate_type(workflow.name, AttemptRefused)
        parts.append(f"### `{kind}`\n{told(AttemptRefused)}\n\n{fields(found[AttemptRefused])}")
    return "\n".join(parts)


def batched() -> str:
    """The events that the next signature covers."""
    found, _ = schemas()
    return "\n".join(
        f"### `{event.NAME}`\n{told(event)}\n\n{fields(found[event])}" for _, event in events() if not event.ATTESTED
    )


def values() -> str:
    """The values that fields hold."""
    _, inner = schemas()
    parts = []
    for name, said in sorted(inner.items()):
        about = single(str(said.get("description", "")))
        parts.append(f"### {name}\n{about}\n\n{fields(said)}" if about else f"### {name}\n{fields(said)}")
    return "\n".join(parts)
