"""What pydantic found wrong → problems that name the line, in words that say how to mend it."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.program.problem import Problem, Wrong, meant, quoted
from bot.program.secret import hidden
from bot.program.tree import Loc, Node

_EXPECTED = {
    "string_type": ("text", "Put quotes around it."),
    "int_type": ("a whole number", "Write digits, without quotes."),
    "int_parsing": ("a whole number", "Write digits, without quotes."),
    "int_from_float": ("a whole number", "Write it without a fraction."),
    "float_type": ("a number", "Write digits, without quotes."),
    "float_parsing": ("a number", "Write digits, without quotes."),
    "bool_type": ("true or false", "Write `true` or `false`."),
    "bool_parsing": ("true or false", "Write `true` or `false`."),
    "tuple_type": ("a list", "Write `[first, second]`, or one item per line after `- `."),
    "list_type": ("a list", "Write `[first, second]`, or one item per line after `- `."),
    "dict_type": ("a mapping", "Write `key: value`, one per line, indented below it."),
    "model_type": ("a mapping", "Write `key: value`, one per line, indented below it."),
    "model_attributes_type": ("a mapping", "Write `key: value`, one per line, indented below it."),
    "date_type": ("a date", "Write it as 2027-03-31."),
    "date_parsing": ("a date", "Write it as 2027-03-31."),
    "date_from_datetime_parsing": ("a date", "Write it as 2027-03-31."),
    "date_from_datetime_inexact": ("a date", "Write it as 2027-03-31, without a time."),
}
_LIMITS = {
    "string_too_long": ("max_length", "has more than {} characters.", "Shorten it to at most {}."),
    "string_too_short": ("min_length", "has fewer than {} characters.", "Write at least {}."),
    "too_long": ("max_length", "has more than {} entries.", "Take some out; at most {} are read."),
    "too_short": ("min_length", "has fewer than {} entries.", "Write at least {}."),
    "greater_than_equal": ("ge", "is too small.", "Write {} or more."),
    "less_than_equal": ("le", "is too large.", "Write {} or less."),
    "greater_than": ("gt", "is too small.", "Write more than {}."),
    "less_than": ("lt", "is too large.", "Write less than {}."),
}
_QUOTED = re.compile(r"'([^']*)'")
_SENTENCE_END = re.compile(r"; |\. ")


def explain(
    error: ValidationError,
    file: str,
    root: Node,
    model: type[BaseModel],
    known: Mapping[Loc, Iterable[str]] | None = None,
) -> list[Problem]:
    """A problem for each thing pydantic refused, at its place under ``root``.

    ``known`` names further keys that may stand in the mapping at a path. Values that were refused when the text was
    read are not refused twice.
    """
    groups: dict[tuple[Loc, str], list[tuple[Loc, ErrorDetails]]] = {}
    for detail in error.errors(include_url=False):
        loc = _real(root, detail["loc"], detail["type"])
        kind = detail["type"] if detail["type"] in ("missing", "extra_forbidden") else "value"
        groups.setdefault((loc, kind), []).append((loc, detail))
    found = []
    for (loc, _), details in groups.items():
        node, place, broken = root.find(loc)
        if not broken:
            told = [_told(file, place, node, loc, detail, _keys(model, loc, known or {})) for _, detail in details]
            found.append(_one(told))
    return found


def _real(root: Node, loc: Loc, kind: str) -> Loc:
    """The steps of a path that are in the text; pydantic adds the names of union members and validators."""
    here: Node | None = root
    steps: list[int | str] = []
    for number, step in enumerate(loc):
        below = here.get(step) if here else None
        if below is not None:
            here = below
            steps.append(step)
        elif kind == "missing" and number == len(loc) - 1:
            steps.append(step)
    return tuple(steps)


def _told(
    file: str, place: tuple[int, int], node: Node, loc: Loc, detail: ErrorDetails, known: Iterable[str]
) -> Problem:
    kind, name = detail["type"], _name(loc)
    context = detail.get("ctx", {})
    if kind == "missing":
        return Problem(file, *place, f"{name} is missing.", f"Add `{loc[-1]}: …`.")
    if kind == "extra_forbidden":
        return Problem(file, *place, f"{name} is not known here.", meant(str(loc[-1]), known))
    if kind in _EXPECTED:
        wanted, mend = _EXPECTED[kind]
        if node.value is None:
            mend = "Write it, or take the line out."
        elif kind == "string_type" and isinstance(node.value, list | dict):
            mend = "Write plain text."
        return Problem(file, *place, f"{name} is {_shown(node)}, where {wanted} belongs.", mend)
    if kind == "literal_error":
        allowed = _QUOTED.findall(str(context.get("expected", "")))
        mend = meant(str(node.value), allowed, "It may be")
        return Problem(file, *place, f"{name} is {_shown(node)}, which means nothing here.", mend)
    raised = context.get("error")
    if isinstance(raised, Wrong):
        joined = f"{name} {raised.what}" if raised.what[0].islower() else f"{name}: {raised.what}"
        return Problem(file, *place, joined, raised.mend)
    if kind in ("too_short", "string_too_short") and context.get("min_length") == 1:
        return Problem(
            file, *place, f"{name} is empty.", "Write at least one entry." if kind == "too_short" else "Write it."
        )
    if kind in _LIMITS:
        key, what, mend = _LIMITS[kind]
        limit = context.get(key)
        return Problem(file, *place, f"{name} {what.format(limit)}", mend.format(limit))
    text = hidden(str(raised) if raised is not None else detail["msg"])
    what, mend = [*_SENTENCE_END.split(text, maxsplit=1), ""][:2]
    return Problem(file, *place, f"{name}: {_sentence(what)}", _sentence(mend) or "Correct it.")


def _one(told: list[Problem]) -> Problem:
    """One problem for a value that fits no member of a union."""
    mends = list(dict.fromkeys(p.mend for p in told))
    return Problem(told[0].file, told[0].line, told[0].column, told[0].what, " Or: ".join(mends))


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""


def _name(loc: Loc) -> str:
    """How people call the place: the nearest key, and which item of it."""
    key = next((s for s in reversed(loc) if isinstance(s, str)), None)
    item = loc[-1] + 1 if loc and isinstance(loc[-1], int) else None
    if key is None:
        return f"Item {item}" if item else "The file"
    return f"{quoted(key)}, item {item}," if item else quoted(key)


def _shown(node: Node) -> str:
    """A value as the reader wrote it; its kind where it is more than a word."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if node.value is None:
        return "empty"
    kind = (
        "true or false" if isinstance(node.value, bool) else "the number" if isinstance(node.value, int | float) else ""
    )
    if kind == "true or false":
        return f"the yes-or-no word {quoted(node.written)}"
    return f"{kind} {quoted(node.written)}".strip()


def _keys(model: type[BaseModel], loc: Loc, known: Mapping[Loc, Iterable[str]]) -> list[str]:
    """The keys that may stand in the mapping that holds the last step of ``loc``."""
    more = list(known.get(loc[:-1], ()))
    return list(dict.fromkeys([*more, *(name for m in _models(model, loc[:-1]) for name in m.model_fields)]))


def _models(annotation: Any, loc: Loc) -> Iterator[type[BaseModel]]:
    """The models that a path may lead to."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _models(get_args(annotation)[0], loc)
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _models(member, loc)
    elif origin in (list, tuple) and loc:
        yield from _models(get_args(annotation)[0], loc[1:])
    elif origin is dict and loc:
        yield from _models(get_args(annotation)[1], loc[1:])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not loc:
            yield annotation
        elif loc[0] in annotation.model_fields:
            yield from _models(annotation.model_fields[str(loc[0])].annotation, loc[1:])
