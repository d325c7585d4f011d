"""JSON Schemas of the program's files, for editors: completion, hover texts and red lines while typing.

What `attester program check` finds between files cannot be said here; the check stays the judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.program.criterion import criteria
from bot.program.shape import CompanyFile, ControlFile, SourcesFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = ".schema"

Schema = dict[str, Any]
Models = Mapping[str, type[BaseModel]]


def schema(workflows: Models, sources: Models) -> dict[str, Schema]:
    """The JSON Schema (2020-12) of each kind of file: `company`, `control`, `sources`."""
    return {
        "company": _top(CompanyFile.model_json_schema(), "company.yaml"),
        "control": _top(_control(workflows), "controls/*.yaml"),
        "sources": _top(_sources(sources), "sources.yaml"),
    }


def write_schemas(folder: Path, workflows: Models, sources: Models) -> list[Path]:
    """Write the schemas to `.schema/*.json` in a program folder, where its files name them; returns what was written."""
    written = []
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, text in texts(workflows, sources).items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def texts(workflows: Models, sources: Models) -> dict[str, str]:
    """The schemas as files, by their path in a program folder."""
    return {
        f"{FOLDER}/{name}.json": json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        for name, found in schema(workflows, sources).items()
    }


def _top(found: Schema, title: str) -> Schema:
    return {"$schema": DIALECT, **found, "title": title}


def _together(first: type[BaseModel], others: Models) -> tuple[Schema, dict[str, Schema], dict[str, Schema]]:
    """A model, the models beside it by name, and the definitions that all of them use, each under one name."""
    models = [first, *others.values()]
    refs, top = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    definitions: dict[str, Schema] = top.get("$defs", {})
    found = [definitions[refs[(model, "validation")]["$ref"].rpartition("/")[2]] for model in models]
    return found[0], dict(zip(others, found[1:], strict=True)), definitions


def _control(workflows: Models) -> Schema:
    """A control's own keys with those of its workflow beside them."""
    base, settings, definitions = _together(ControlFile, workflows)
    properties = dict(base["properties"])
    properties["workflow"] = {**properties["workflow"], "enum": list(workflows)}
    properties["criteria"] = {**properties["criteria"], "items": {"enum": list(criteria())}}
    for found in settings.values():
        for key, value in found.get("properties", {}).items():
            properties[key] = {} if key in properties else value
    return {
        **base,
        "properties": properties,
        "allOf": [_when("workflow", name, _part(found)) for name, found in settings.items()],
        "$defs": definitions,
    }


def _sources(kinds: Models) -> Schema:
    """Each source with the settings of its kind."""
    base, settings, definitions = _together(SourcesFile, kinds)
    entry = definitions["SourceEntry"]
    entry["properties"]["kind"] = {**entry["properties"]["kind"], "enum": list(kinds)}
    entry["allOf"] = [
        _when("kind", name, {"properties": {"settings": found}} | ({"required": ["settings"]} if _needs(found) else {}))
        for name, found in settings.items()
    ]
    return {**base, "$defs": definitions}


def _needs(found: Schema) -> bool:
    return bool(found.get("required"))


def _part(found: Schema) -> Schema:
    return {key: found[key] for key in ("properties", "required") if key in found}


def _when(key: str, value: str, then: Schema) -> Schema:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then}
