"""Slack's types as a schema: where the file comes from is said, and the limits are those of the comments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.workspace.checks import SCHEMA, definitions
from tests.support.slack_schema import build, lines

LIMITS = {"maxLength", "maxItems", "minLength", "minItems"}


def limits(schema: Any) -> int:
    """How many limits stand in a schema."""
    if isinstance(schema, dict):
        return sum((key in LIMITS) + limits(value) for key, value in schema.items())
    return sum(limits(value) for value in schema) if isinstance(schema, list) else 0


def test_the_file_says_where_it_comes_from_and_under_which_licence() -> None:
    note = json.loads(SCHEMA.read_text(encoding="utf-8"))["$comment"]

    assert "@slack/types 3.2.0 (MIT" in note["from"]
    assert "Permission is hereby granted" in (SCHEMA.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (("MessageBlocks", "maxItems"), 50),
        (("ModalView", "properties", "blocks", "maxItems"), 100),
        (("ModalView", "properties", "private_metadata", "maxLength"), 3_000),
        (("ActionsBlock", "properties", "elements", "maxItems"), 25),
        (("ContextBlock", "properties", "elements", "maxItems"), 10),
        (("Overflow", "properties", "options", "maxItems"), 5),
        (("StaticSelect", "properties", "options", "maxItems"), 100),
        (("Button", "properties", "value", "maxLength"), 2_000),
        (("Button", "properties", "text", "allOf", 1, "properties", "text", "maxLength"), 75),
        (("HeaderBlock", "properties", "text", "allOf", 1, "properties", "text", "maxLength"), 150),
    ],
)
def test_a_limit_of_the_table_stands_in_the_file(path: tuple[str | int, ...], limit: int) -> None:
    found: Any = definitions()
    for step in path:
        found = found[step]

    assert found == limit


def test_the_limits_are_read_out_of_the_comments() -> None:
    text = {"type": "object", "properties": {"type": {"const": "plain_text"}, "text": {"type": "string"}}}
    prop = {"$ref": "#/definitions/PlainTextElement", "description": "The name. Maximum length for the `text` is 30."}
    rows = {"type": "array", "items": {"type": "string"}, "description": "Rows. An array of up to 5 rows."}
    view = {"type": "object", "properties": {"blocks": {"type": "array"}, "title": prop, "rows": rows}}
    known = {"anyOf": [{"$ref": "#/definitions/PlainTextElement"}]}
    raw = {"definitions": {"PlainTextElement": text, "HomeView": view, "ModalView": view, "KnownBlock": known}}

    made = build(raw)

    title = made["definitions"]["ModalView"]["properties"]["title"]
    assert title["allOf"][1] == {"properties": {"text": {"minLength": 1, "maxLength": 30}}}
    assert made["definitions"]["ModalView"]["properties"]["rows"]["maxItems"] == 5
    assert json.loads(lines(made)) == made


def test_no_limit_was_lost() -> None:
    assert limits(definitions()) > 150
