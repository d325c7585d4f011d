"""Putting a checked program in force."""

from __future__ import annotations

from datetime import datetime, time

from bot.main.storage import Storage
from bot.program.load import Loaded
from workflows.kernel.calendar import at_local


def apply_program(storage: Storage, loaded: Loaded, now: datetime) -> bool:
    """Put the program in force; False where it already is.

    A control counts from the day that it names (`starts`), or from now where it names none: its periods are expected
    from then on, and those that are past by then are performed late, never left out.
    """
    zone = loaded.program.company.time_zone
    since = {
        control.id: at_local(control.starts, time(0, 0), zone) if control.starts else now
        for control in loaded.program.controls
    }
    return storage.programs.apply(loaded.program.digest, loaded.document, since, now)
