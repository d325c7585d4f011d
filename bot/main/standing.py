"""How the ledger stands, for those who answer for a control; their Home tab is published anew when that changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.delivery import home_row
from bot.facts import FactBook, NoProgram
from bot.main.storage import Storage
from bot.slack.home_ledger import LedgerState, problems
from bot.store.frozen import STANDS, frozen
from bot.store.outbox_queue import Queue
from bot.vault import S3Vault

TOLD = frozenset(
    {
        "ledger_forked",
        "ledger_behind_its_anchor",
        "ledger_anchor_gap",
        "ledger_clock_wrong",
        "ledger_corrupt",
        "ledger_time_missing",
    }
)
"""Alarms that people see on Home, and not only whoever runs Attester."""


def ledger_state(storage: Storage, queue: Queue) -> LedgerState:
    """What is known now."""
    now, vault = storage.clock.now(), storage.settings.vault_url
    waiting, oldest = storage.stamps.waiting_for_tokens()
    probed = storage.anchors.probed(vault)
    return LedgerState(
        size=storage.log.size(),
        pending=timedelta(seconds=storage.log.pending_age(now)),
        stamps=storage.settings.tsa_ca is not None,
        stamped_at=storage.stamps.newest(),
        unstamped=now - oldest if waiting and oldest else timedelta(),
        anchored_at=storage.anchors.newest(vault),
        unanchored=timedelta(seconds=storage.anchors.gap(vault).seconds(now)),
        bucket=isinstance(storage.vault, S3Vault),
        probed_at=probed.at if probed else None,
        kept=sum(verdict == "kept" for verdict, _ in probed.verdicts.values()) if probed else 0,
        trouble=(*frozen_now(storage), *(alarm.detail for alarm in queue.alarms() if alarm.name in TOLD)),
    )


def frozen_now(storage: Storage) -> list[str]:
    """That nothing is decided because the database is behind its vault, as a sentence; empty where all goes on."""
    return [STANDS] if frozen(storage.database) is not None else []


class Watch:
    """Has the Home tabs of control owners published anew when the ledger begins to need a look, or no longer does."""

    def __init__(self, storage: Storage, queue: Queue, book: FactBook, state: Callable[[], LedgerState]) -> None:
        self._storage = storage
        self._queue = queue
        self._book = book
        self._state = state
        self._said: tuple[str, ...] | None = None

    def run(self) -> int:
        """Look once; returns how many tabs will be published."""
        now = self._storage.clock.now()
        said = tuple(problem.split(". ")[0].split(" for ")[0] for problem in problems(self._state(), now))
        before, self._said = self._said, said
        if before is None or bool(before) == bool(said):
            return 0
        users = owners(self._book)
        for user in users:
            self._queue.enqueue(**home_row(user, f"ledger:{now.isoformat()}"))
        return len(users)


def owners(book: FactBook) -> list[str]:
    """The Slack users of everybody who answers for a control, or stands in for them."""
    try:
        program, directory = book.program(), book.directory()
    except NoProgram:
        return []
    logins = {login for control in program.controls for login in (control.owner, control.deputy) if login}
    people = [directory.by_login(login) for login in sorted(logins)]
    return sorted({person.slack_user for person in people if person is not None and person.slack_user})
