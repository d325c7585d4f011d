"""What holds for every workflow and every one of its examples, unwritten by whoever adds one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.workspace.checks import check_message, check_view
from workflows.kernel.attestation import attach, detach
from workflows.kernel.blocks import PREFIX, fits, texts
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.identity import Person
from workflows.kernel.link import Link, case_ref
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.model import Command, FactNeeds, by_person, by_system, by_time
from workflows.kernel.workflow import Do, Example, Interaction, OpenForm, Workflow
from workflows.registry import WORKFLOWS

HOSTILE = "Tom <!channel> <https://evil.example|Approve> *b* _i_ `c` \u202egnp.exe\u200b <@U0EVIL> & =HYPERLINK(1)"
SPOKEN = {
    "name",
    "resource",
    "reason",
    "because",
    "sentence",
    "title",
    "text",
    "cause",
    "department",
    "blocked",
    "called",
    "why",
    "proposer",
    "login",
}
EVERY = (*WORKFLOWS, IDENTITY)
"""Those of the registry, and the one of the kernel that whoever uses Slack meets."""
EXAMPLES = [pytest.param(w, e, id=f"{w.name}-{e.name}") for w in EVERY for e in w.examples()]
STRANGER = Person(
    id="P-STRANGER",
    issuer="https://idp.acme.test",
    login="sam@acme.test",
    name="Sam Stranger",
    employed=True,
    slack_user="U0SAM",
)


def fold(workflow: Workflow, example: Example, *, hostile: bool = False) -> Any:
    state = None
    for recorded in example.history:
        if hostile:
            body = poisoned(json.loads(recorded.event.model_dump_json()))
            recorded = recorded.model_copy(update={"event": type(recorded.event).model_validate(body)})
        state = workflow.evolve(state, recorded)
    return state


def poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        described = {"plain"} if "native_id" in value else set()
        return {k: poisoned(v, k if k in SPOKEN | described else "-") for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, key) for v in value]
    word = isinstance(value, str) and re.fullmatch("[a-z_]*", value)  # a word of ours, not somebody's text
    return HOSTILE if isinstance(value, str) and not word and key not in ("", "-") else value


def formatted(blocks: Any) -> Iterator[str]:
    """Every text in which Slack looks for mentions and links; plain text has none."""
    if isinstance(blocks, Mapping):
        if blocks.get("type") == "mrkdwn":
            yield str(blocks["text"])
        for value in blocks.values():
            yield from formatted(value)
    elif isinstance(blocks, list | tuple):
        for value in blocks:
            yield from formatted(value)


def links(blocks: Any) -> Iterator[Link]:
    """Every pointer in a message or view, as a click on it would deliver it."""
    if isinstance(blocks, Mapping):
        if str(blocks.get("action_id", "")).startswith(PREFIX) and "value" in blocks:
            yield parsed(blocks["value"])
        if str(blocks.get("action_id", "")).startswith(f"{PREFIX}menu:"):
            yield from (parsed(o["value"]) for o in blocks["options"])
        for value in blocks.values():
            yield from links(value)
    elif isinstance(blocks, list | tuple):
        for value in blocks:
            yield from links(value)


def parsed(value: str) -> Link:
    link = Link.parse(value)
    assert link is not None, f"{value} is no pointer of ours"
    return link


def presses(workflow: Workflow, example: Example) -> Iterator[tuple[Link, Do | OpenForm | None]]:
    """Every button of this case on its cards, and what pressing it means; None where it is refused."""
    state = fold(workflow, example)
    for card in workflow.cards(state):
        for link in links(list(card.blocks)):
            if link.ref != case_ref(example.case):
                continue
            try:
                yield link, workflow.forms(Interaction(kind="action", link=link), state, example.facts, example.at)
            except Refused:
                yield link, None


def errors_of_an_empty_form(workflow: Workflow, example: Example, state: Any, link: Link) -> set[str]:
    """The fields that complain when the form is sent as it is; none where it can be."""
    try:
        workflow.forms(Interaction(kind="submit", link=link), state, example.facts, example.at)
    except FieldErrors as wrong:
        return set(wrong.errors)
    return set()


def test_there_is_an_example_for_every_workflow() -> None:
    assert {w.name for w in EVERY} == {p.values[0].name for p in EXAMPLES}  # type: ignore[union-attr]


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_every_card_is_within_slacks_limits(workflow: Workflow, example: Example) -> None:
    for hostile in (False, True):
        for card in workflow.cards(fold(workflow, example, hostile=hostile)):
            assert fits(card.blocks), card.key
            assert check_message(list(card.blocks), card.text) == [], card.key
            assert card.text


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_every_button_means_a_command_or_a_form_of_the_same_case(workflow: Workflow, example: Example) -> None:
    state = fold(workflow, example)
    for link, answer in presses(workflow, example):
        if isinstance(answer, OpenForm):
            assert check_view(answer.view) == [], link
            again = Link.parse(answer.view["private_metadata"])
            assert again is not None
            assert again.ref == link.ref
            if "submit" in answer.view:
                fields = {b.get("block_id") for b in answer.view["blocks"]}
                assert errors_of_an_empty_form(workflow, example, state, again) <= fields, link
        elif isinstance(answer, Do):
            assert type(answer.command) in workflow.commands


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_a_press_of_something_that_is_not_there_is_refused(workflow: Workflow, example: Example) -> None:
    state = fold(workflow, example)
    for act in {link.act for link, _ in presses(workflow, example)} | {"no_such_act"}:
        for kind in ("action", "submit"):
            link = Link(act=act, ref=case_ref(example.case), item="ffffffffffffffff", stamp="00000000")
            try:
                answer = workflow.forms(Interaction(kind=kind, link=link), state, example.facts, example.at)  # type: ignore[arg-type]
            except (Refused, FieldErrors):
                continue
            assert isinstance(answer, Do | OpenForm)


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_names_and_reasons_cannot_mention_link_or_reorder(workflow: Workflow, example: Example) -> None:
    for card in workflow.cards(fold(workflow, example, hostile=True)):
        for text in (card.text, *formatted(list(card.blocks))):
            assert not re.search(r"<(?!!date\^\d+\^)[!@#]", text), text
            assert "<https://evil" not in text
        for text in (card.text, *texts(list(card.blocks))):
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", text)


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_events_survive_storage(workflow: Workflow, example: Example) -> None:
    for recorded in example.history:
        kind = type(recorded.event)
        assert kind.model_validate_json(recorded.event.model_dump_json()) == recorded.event
        body, files = detach(recorded.event)
        kept = {hashlib.sha256(f.data).hexdigest(): json.loads(f.data) for f in files}
        assert attach(kind, json.loads(json.dumps(body)), kept.__getitem__) == recorded.event


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_a_stranger_and_the_machine_are_refused_whatever_is_pressed(workflow: Workflow, example: Example) -> None:
    state = fold(workflow, example)
    for link, answer in presses(workflow, example):
        if not isinstance(answer, Do):
            continue
        assert answer.command.NEED in ("assigned", "person"), f"{link.act} can be pressed, so a person must be wanted"
        for actor in (by_person(STRANGER), by_time(example.at), by_system("identity pull")):
            with pytest.raises(Refused) as refusal:
                workflow.decide(state, answer.command, actor, example.at, example.facts)
            assert refusal.value.why
            assert refusal.value.next_step


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_a_stranger_is_not_assigned(workflow: Workflow, example: Example) -> None:
    assert not workflow.assigned(fold(workflow, example), STRANGER.id)


@pytest.mark.parametrize(("workflow", "example"), EXAMPLES)
def test_every_case_can_be_listed(workflow: Workflow, example: Example) -> None:
    state = fold(workflow, example)
    summary = workflow.summary(state)

    assert summary.case == example.case
    assert summary.workflow == workflow.name
    assert summary.title
    for ask in workflow.asks(state):
        assert workflow.assigned(state, ask.person), ask


@pytest.mark.parametrize("workflow", EVERY, ids=lambda w: w.name)
def test_commands_and_events_are_named_once_and_say_what_they_need(workflow: Workflow) -> None:
    names = [(e.NAME, e.VERSION) for e in workflow.events]

    assert len(set(names)) == len(names)
    assert len(set(workflow.commands)) == len(workflow.commands)
    assert all(
        issubclass(c, Command) and c.NEED in ("member", "person", "assigned", "system") for c in workflow.commands
    )
    assert all(isinstance(workflow.needs(None, c.model_construct()), FactNeeds) for c in workflow.commands[:1])
