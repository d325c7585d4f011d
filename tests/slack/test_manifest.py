"""The manifest: valid by Slack's own schema, in step with the code, no scope more than is used."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from ruamel.yaml import YAML

from bot.slack.command import COMMANDS
from bot.slack.event import EVENTS
from bot.slack.manifest import METHODS, SCOPES, document, manifest
from tests.architecture.tree import ROOT

FOLDER = Path(__file__).parent / "manifest_schema"
BASE = "https://raw.githubusercontent.com/slackapi/manifest-schema/v0.5.0/schemas"


def load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """Slack's schema with its parts from this folder; a reference to anything else fails."""
    registry: Registry[Any] = Registry()
    for name in ("manifest.schema.1.0.0.json", "manifest.schema.2.0.0.json"):
        part = load(name)
        registry = registry.with_resource(f"{BASE}/{name}", Resource.from_contents(part))
    return Draft7Validator(load("manifest.schema.json"), registry=registry)


def test_the_schema_takes_slacks_valid_example_and_refuses_the_invalid_one(validator: Draft7Validator) -> None:
    assert validator.is_valid(load("v2.valid.json"))
    assert not validator.is_valid(load("v2.invalid.json"))


@pytest.mark.parametrize("address", ["", "https://attester.acme.test", "https://attester.acme.test/"])
def test_the_manifest_is_valid_with_and_without_a_public_address(validator: Draft7Validator, address: str) -> None:
    made = manifest(address)

    assert [error.message for error in validator.iter_errors(made)] == []
    assert made["settings"]["socket_mode_enabled"] is not bool(address)


def test_every_address_in_it_is_slacks_endpoint() -> None:
    made = manifest("https://attester.acme.test/")

    url = "https://attester.acme.test/slack/events"
    assert made["settings"]["event_subscriptions"]["request_url"] == url
    assert made["settings"]["interactivity"]["request_url"] == url
    assert {c["url"] for c in made["features"]["slash_commands"]} == {url}


def test_the_file_in_the_repository_is_what_the_code_says() -> None:
    text = (ROOT / "manifest.yaml").read_text(encoding="utf-8")

    assert text == document()
    assert YAML(typ="safe").load(text) == manifest()


def test_commands_and_events_are_those_that_have_listeners() -> None:
    made = manifest()

    assert [c["command"] for c in made["features"]["slash_commands"]] == list(COMMANDS)
    assert made["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)
    app = (ROOT / "bot/slack/app.py").read_text(encoding="utf-8")
    assert all(f'@app.event("{event}")' in app for event in EVENTS)


def test_scopes_that_are_declared_are_those_that_are_used() -> None:
    used = {scope for scopes in METHODS.values() for scope in scopes} | {"commands"}

    assert used == set(SCOPES)
    assert manifest()["oauth_config"]["scopes"]["bot"] == sorted(SCOPES)


def test_the_methods_listed_are_those_that_the_client_calls() -> None:
    module = ast.parse((ROOT / "bot/slack/chat.py").read_text(encoding="utf-8"))

    called = {
        node.args[0].value
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "_call"
        and isinstance(node.args[0], ast.Constant)
    }

    assert called == set(METHODS)


def test_one_module_builds_a_client_of_slack() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bot").rglob("*.py")
        if "workspace" not in path.parts and "WebClient(" in path.read_text(encoding="utf-8")
    ]

    assert users == ["bot/slack/chat.py"]
