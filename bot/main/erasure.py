"""Old records: proposed on the command line, agreed by two people in Slack, erased by the worker."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.anchoring import bundle_name
from bot.main.storage import Storage
from bot.runtime import Runtime
from bot.store.erase import Erasures
from bot.vault import FileVault
from workflows.kernel.erasure import NAME, Erasure, NoteErased, ProposeErasure, case_of, years_before
from workflows.kernel.model import CaseId, by_system

LOG = structlog.get_logger("attester")


def propose(storage: Storage, runtime: Runtime, control: str, before: datetime, ground: str) -> CaseId:
    """Ask the control's owner and deputy whether the texts of its cases from before a day shall go; the case.

    Raises Refused: the retention is not over, nothing is that old, nobody can be asked; and what the runtime raises.
    """
    cases, count = Erasures(storage.database).old(control, before)
    case = case_of(control, before)
    command = ProposeErasure(control=control, before=before, ground=ground, cases=tuple(cases), attestations=count)
    runtime.act(case, command, by_system("attester ledger erase"), control=control)
    return case


def erase_agreed(storage: Storage, runtime: Runtime) -> int:
    """Erase what two people have agreed to erase; returns how many erasures were carried out. Begun ones are finished."""
    done = 0
    for case in storage.record.starting(f"{NAME}/"):
        state, _ = runtime.state(case)
        if not isinstance(state, Erasure) or state.status != "agreed":
            continue
        erasures = Erasures(storage.database)
        files, ids = erasures.unnamed(state.cases)
        # Outside first: what the database no longer names could not be found there a second time.
        if isinstance(storage.vault, FileVault):
            for name in ids:
                storage.vault.forget(bundle_name(name))
            for sha256 in files:
                storage.vault.forget_evidence(sha256)
            kept_until = None
        else:
            kept_until = state.before + timedelta(days=366 * state.retention_years)
        erasures.erase(state.cases, case, storage.clock.now())
        runtime.forget(state.cases)
        note = NoteErased(attestations=state.attestations, files=len(files), kept_until=kept_until)
        runtime.act(case, note, by_system("attester"))
        LOG.info("erased", case=case, attestations=state.attestations, files=len(files))
        done += 1
    return done


def oldest_kept(storage: Storage, years: int) -> datetime:
    """The day before which the retention is over."""
    return years_before(storage.clock.now(), years)
