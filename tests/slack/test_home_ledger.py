"""How the ledger stands, on the Home tab of those who answer for a control and of nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.main.standing import Watch
from bot.main.storage import Storage
from bot.settings import load
from bot.slack.event import Events
from bot.slack.home import home_view
from bot.slack.home_ledger import LedgerState, ledger_blocks, problems
from bot.store.outbox_queue import Queue
from tests.slack.world import World
from workflows.kernel.blocks import texts

NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
FINE = LedgerState(
    size=1778, stamps=True, stamped_at=NOW - timedelta(minutes=3), anchored_at=NOW - timedelta(seconds=40), bucket=True,
    probed_at=NOW - timedelta(hours=5), kept=8,
)  # fmt: skip


def shown(state: LedgerState) -> str:
    return "\n".join(texts(home_view([], [], [], NOW, ledger=ledger_blocks(state, NOW))))


def test_one_quiet_line_says_how_the_ledger_stands() -> None:
    text = shown(FINE)

    assert "Ledger: 1,778 entries · stamped " in text
    assert "copied to the vault 40 s ago" in text
    assert "bucket probed " in text
    assert ": 8 of 8 kept" in text


def test_what_is_not_configured_is_said_and_not_claimed() -> None:
    text = shown(LedgerState(size=1))

    assert "Ledger: 1 entry · no outside time · the vault is a folder, not immutable" in text
    assert "probed" not in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pending": timedelta(seconds=90)}, "Attestations wait 90 s for the log. Check that a worker runs"),
        ({"unstamped": timedelta(minutes=16)}, "The timestamp authority has not answered for 16 minutes."),
        ({"unanchored": timedelta(minutes=11)}, "For 11 minutes no copy of the log has reached the vault."),
        ({"unanchored": timedelta(hours=30)}, "For 30 hours no copy"),
        ({"kept": 4}, "The bucket kept 4 of 8 promises"),
        ({"probed_at": NOW - timedelta(hours=60)}, "The bucket was last probed 2 days ago."),
        ({"trouble": ("The vault holds other bytes.",)}, "The vault holds other bytes."),
    ],
)
def test_what_is_late_or_failing_stands_first_with_what_to_do(change: dict[str, Any], said: str) -> None:
    state = replace(FINE, **change)

    view = home_view([], [], [], NOW, ledger=ledger_blocks(state, NOW))

    assert said in "\n".join(texts(view["blocks"][0]))
    assert "The ledger needs a look" in "\n".join(texts(view["blocks"][0]))
    assert "copied to the vault" not in "\n".join(texts(view))


@pytest.mark.parametrize(
    "change",
    [
        {"pending": timedelta(seconds=59)}, {"unstamped": timedelta(minutes=14)}, {"unanchored": timedelta(minutes=9)},
        {"stamps": False, "unstamped": timedelta(days=9)}, {"bucket": False, "kept": 0}, {"probed_at": None, "kept": 0},
    ],
)  # fmt: skip
def test_what_is_within_its_time_or_not_configured_is_no_problem(change: dict[str, Any]) -> None:
    assert problems(replace(FINE, **change), NOW) == []


def test_no_text_claims_immutability_without_a_probe_that_kept_all() -> None:
    for state in (FINE, replace(FINE, kept=3), replace(FINE, probed_at=None, kept=0), replace(FINE, bucket=False)):
        assert "is immutable" not in shown(state).replace("not shown to be immutable", "")


def test_only_those_who_answer_for_a_control_see_it(world: World) -> None:
    deps = replace(world.parts.deps, ledger=lambda: replace(FINE, probed_at=world.parts.deps.clock.now()))
    events = Events(deps, world.parts.events._desk, world.parts.events._identify, world.parts.events._lookup)
    installed = deps.installation()

    dana, maya = ("\n".join(texts(events.render(user, installed))) for user in ("U0DANA", "U0MAYA"))

    assert "Ledger: 1,778 entries" in dana
    assert "Ledger" not in maya


def test_their_tab_is_published_anew_when_the_ledger_begins_to_need_a_look_and_when_it_no_longer_does(
    world: World, tmp_path: Path
) -> None:
    storage = Storage(load({"ATTESTER_DATA": str(tmp_path), "DATABASE_URL": world.database.url}))
    fine = replace(FINE, probed_at=storage.clock.now())
    states = iter([fine, fine, replace(fine, kept=4), replace(fine, kept=3), fine])
    queue = Queue(world.database, storage.clock, "test:1")
    watch = Watch(storage, queue, world.book, lambda: next(states))  # type: ignore[arg-type]

    published = [watch.run() for _ in range(5)]

    assert published == [0, 0, 1, 0, 1]
    assert queue.waiting(["home:U0DANA"]) == {"home:U0DANA"}
    storage.close()
