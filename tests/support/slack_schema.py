"""Makes bot/workspace/data/block_kit.json: Slack's own TypeScript types as a JSON Schema, with the limits its comments state.

In an empty folder: `npm install --ignore-scripts @slack/types@3.2.0 ts-json-schema-generator@2.4.0 typescript@5`, then
`npx ts-json-schema-generator --path node_modules/@slack/types/dist/index.d.ts --type '*' --no-type-check -o raw.json`,
then `python -m tests.support.slack_schema raw.json`. @slack/types is MIT, © Slack Technologies, LLC.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "bot/workspace/data/block_kit.json"
ROOTS = ("KnownBlock", "HomeView", "ModalView")
MAXIMUM = re.compile(
    r"max(?:imum)?\b(?! value)[^.]{0,50}?\b(?P<a>\d[\d,]*)(?![\d`])|up to (?P<b>\d+)|Limit (?P<c>[\d,]+) characters",
    re.IGNORECASE | re.DOTALL,
)
MINIMUM = re.compile(r"minimum\b[^.]{0,40}?\b(?P<a>\d+)", re.IGNORECASE | re.DOTALL)
INNER = re.compile(r"max of (?P<a>\d+) table cells")
NOTE = {
    "from": "@slack/types 3.2.0 (MIT, Copyright (c) Slack Technologies, LLC), through ts-json-schema-generator 2.4.0 (MIT)",
    "made_by": "tests/support/slack_schema.py",
    "limits": "read out of the doc comments; text lengths are counted in UTF-16 units by the reader of this file",
}


def number(found: re.Match[str] | None) -> int | None:
    """The number that one of these patterns found."""
    if found is None:
        return None
    return int(next(group for group in found.groups() if group).replace(",", ""))


def refs(schema: Any) -> set[str]:
    """Every definition that a schema names."""
    if isinstance(schema, dict):
        here = {schema["$ref"].removeprefix("#/definitions/")} if "$ref" in schema else set()
        return here.union(*(refs(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(refs(value) for value in schema))
    return set()


def is_text(name: str, definitions: dict[str, Any]) -> bool:
    """Whether a definition is a text object: its limit then counts its `text`, not the object."""
    return name in {"PlainTextElement", "MrkdwnElement", "TextObject"} or name in {
        k for k, v in definitions.items() if v.get("properties", {}).get("type", {}).get("const") == "plain_text"
    }


def limited(prop: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The property with the limits of its comment as keywords, and without the comment."""
    comment = prop.pop("description", "")
    top, low = number(MAXIMUM.search(comment)), number(MINIMUM.search(comment))
    if top is None and low is None:
        return prop
    if prop.get("type") == "array":
        prop.update({"maxItems": top} if top else {}, **({"minItems": low} if low else {}))
        if cells := number(INNER.search(comment)):
            prop["items"]["maxItems"] = cells
        return prop
    if prop.get("type") == "string":
        prop.update({"maxLength": top} if top else {}, **({"minLength": low} if low else {}))
        return prop
    named = refs(prop)
    if named and all(is_text(name, definitions) for name in named):
        text = {"minLength": low or 1, **({"maxLength": top} if top else {})}
        return {"allOf": [prop, {"properties": {"text": text}}]}
    return prop


def tidy(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema without comments, with limits, all the way down."""
    if isinstance(schema, list):
        return [tidy(value, definitions) for value in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {
                name: limited(tidy_keep(prop, definitions), definitions) for name, prop in sorted(value.items())
            }
        elif key != "description":
            out[key] = tidy(value, definitions)
    return out


def tidy_keep(prop: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """As `tidy`, but the property's own comment stays for `limited` to read."""
    kept = tidy(prop, definitions)
    if "description" in prop:
        kept["description"] = prop["description"]
    return dict(kept)


def flat(name: str, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of a union of unions, each once: the reader picks one by `type`."""
    members: list[dict[str, Any]] = []
    for branch in definitions[name]["anyOf"]:
        ref = branch.get("$ref", "").removeprefix("#/definitions/")
        found = flat(ref, definitions) if ref and "anyOf" in definitions.get(ref, {}) else [branch]
        members += [member for member in found if member not in members]
    return members


def build(raw: dict[str, Any]) -> dict[str, Any]:
    """The schema file's content, from the generator's output."""
    definitions = {name: tidy(schema, raw["definitions"]) for name, schema in raw["definitions"].items()}
    for name, schema in definitions.items():
        if "anyOf" in schema:
            schema["anyOf"] = flat(name, definitions)
    # A view may hold any block that Slack knows, nothing else: AnyBlock would also admit invented ones.
    for view in ("HomeView", "ModalView"):
        definitions[view]["properties"]["blocks"]["items"] = {"$ref": "#/definitions/KnownBlock"}
    wanted, seen = set(ROOTS), set[str]()
    while wanted:
        name = wanted.pop()
        seen.add(name)
        wanted |= refs(definitions[name]) - seen
    definitions["MessageBlocks"] = {"type": "array", "maxItems": 50, "items": {"$ref": "#/definitions/KnownBlock"}}
    kept = {name: definitions[name] for name in sorted(seen | {"MessageBlocks"})}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "$comment": NOTE, "definitions": kept}


def lines(schema: dict[str, Any]) -> str:
    """The file's text: one definition a line, so that a difference can be read."""
    head = {key: value for key, value in schema.items() if key != "definitions"}
    rows = [f"{json.dumps(name)}: {json.dumps(body, sort_keys=True)}" for name, body in schema["definitions"].items()]
    return json.dumps(head)[:-1] + ', "definitions": {\n' + ",\n".join(rows) + "\n}}\n"


if __name__ == "__main__":
    TARGET.write_text(lines(build(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))), encoding="utf-8")
