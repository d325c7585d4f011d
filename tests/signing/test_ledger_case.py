"""The ledger's own case over the whole road: a forged button to it does nothing, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.main.keys import note_keys
from bot.signing import load_log_key
from tests.slack.world import World, running_front, running_world
from workflows.kernel.ledger import CASE, LEDGER


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """Acme, whose runtime knows the ledger's case; its key is noted."""
    log_key = load_log_key(f"file:{tmp_path / 'log.key'}", create=True)
    with running_front(tmp_path) as (front, http), running_world(sqlite_url, (front, http)) as running:
        running.runtime.workflows = {**running.runtime.workflows, LEDGER.name: LEDGER}
        note_keys(running.runtime, "attester.acme.test", front.signer, log_key)
        yield running


@pytest.mark.parametrize("act", ["approve", "sign", "note_key"])
def test_a_forged_button_to_the_ledgers_case_changes_nothing(world: World, act: str) -> None:
    state, _ = world.runtime.state(CASE)

    answer = world.press(act, case=CASE)

    assert answer.status_code == 200
    assert "Nothing was recorded." in world.said()[0]
    assert world.runtime.state(CASE)[0] == state
    assert world.names(CASE) in (["ledger_opened", "key_added"], ["ledger_opened", "key_added", "attempt_refused"])


def test_a_forged_form_to_the_ledgers_case_changes_nothing(world: World) -> None:
    answer = world.interact(world.submission("note_key", {"reason": "Trust my key instead."}, case=CASE))

    assert answer.status_code == 200
    assert "Nothing was recorded." in answer.text
    assert world.names(CASE)[:2] == ["ledger_opened", "key_added"]
    assert "Trust my key" not in world.payload()
