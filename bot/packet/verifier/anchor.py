"""Anchored checkpoints: what the log said of itself when it was copied outside. Each must be a beginning of the log."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.packet.verifier.archive import Archive
from bot.packet.verifier.authority import MICROS, TimeAuthority, micros
from bot.packet.verifier.log import SMALL, Log, Trusted, signed_note
from bot.packet.verifier.report import Bad, Report, plain
from bot.packet.verifier.strict import altered
from bot.packet.verifier.token import TOKEN_LIMIT, read_stamp
from bot.packet.verifier.tree import Note

ANCHORS = "checkpoints/"
ANCHOR = re.compile(r"checkpoints/([1-9][0-9]{0,15})((?:\.(?:[2-9]|[1-9][0-9]{1,3}))?\.tsr)?")
PROOF_FILE = b"c2sp.org/tlog-proof@v1\n"
AHEAD, LATE = 60 * MICROS, 15 * 60 * MICROS
"""A clock may differ by a minute; a time stamp is due within a quarter of an hour."""


class Anchored(NamedTuple):
    """A checkpoint that holds, and the earliest time that an authority gave it, in microseconds since 1970."""

    size: int
    at: int | None


class Times:
    """What outside time proves: an attestation is older than whatever was stamped after it was logged."""

    def __init__(self, anchors: Sequence[Anchored]) -> None:
        self._sizes: list[int] = []
        self._earliest: list[int] = []
        for one in sorted(anchors, reverse=True):
            if one.at is not None:
                self._sizes.append(one.size)
                self._earliest.append(min([one.at, *self._earliest[-1:]]))
        self._sizes.reverse()
        self._earliest.reverse()

    def by(self, idx: int) -> int | None:
        """The earliest time by which the log held the entry at this place, as far as anchors tell."""
        here = bisect_right(self._sizes, idx)
        return self._earliest[here] if here < len(self._sizes) else None


def wanted_sizes(names: Iterable[str], held: Sequence[Note]) -> frozenset[int]:
    """The sizes at which the log's root is asked for."""
    found = (ANCHOR.fullmatch(name) for name in names)
    return frozenset([int(one.group(1)) for one in found if one] + [note.size for note in held])


def read_held(held: Sequence[bytes], trusted: Trusted, report: Report) -> list[Note]:
    """The checkpoints that the reader holds from elsewhere, as notes or inside `.tlog-proof` files."""
    found = []
    for number, data in enumerate(held, 1):
        note = data.partition(b"\n\n")[2] if data.startswith(PROOF_FILE) else data
        try:
            found.append(signed_note(note, trusted))
        except Bad as problem:
            report.bad(f"held {number}", Bad(problem.verdict, f"The checkpoint that you hold: {problem.sentence}"))
    return found


def check_held(held: Sequence[Note], log: Log, report: Report) -> None:
    """What the reader holds from an earlier day must be a beginning of this log."""
    for note in held:
        what = f"the checkpoint of {note.size:,} entries that you hold"
        if note.size > log.note.size:
            sentence = f"The log has {log.note.size:,} entries, fewer than {what}: its end was cut off, or it is older."
            report.bad("log", Bad("missing", sentence))
        elif note.size and log.prefixes.get(note.size) != note.root:
            report.bad("log", Bad("forked", f"The log does not begin with {what}: its past was changed."))


def check_anchors(archive: Archive, whole: set[str], log: Log, report: Report) -> Times:
    """Judge every anchored checkpoint and its time stamps. What was changed is in the report already and passed over."""
    notes: dict[int, Note] = {}
    anchors: list[Anchored] = []
    stamps = []
    for name in sorted(name for name in whole if name.startswith(ANCHORS)):
        found = ANCHOR.fullmatch(name)
        if found is None:
            report.bad(plain(name), altered(f"{plain(name)} is no file that a packet has."))
        elif found.group(2):
            stamps.append((name, int(found.group(1))))
        else:
            _judge(name, int(found.group(1)), archive, log, report, notes)
    times = _stamped(stamps, archive, notes, log.trusted.authorities, report)
    anchors = [Anchored(size, min(times.get(size, ()), default=None)) for size in sorted(notes)]
    report.anchors = len(anchors)
    if anchors:
        report.newest_anchor = _told(anchors[-1], log.note.size)
    return Times(anchors)


def _judge(name: str, size: int, archive: Archive, log: Log, report: Report, notes: dict[int, Note]) -> None:
    try:
        note = signed_note(archive.read(name, SMALL), log.trusted)
        if note.size != size:
            raise altered("it is of another size than its name.")
        if log.prefixes.get(size) != note.root:
            raise Bad("forked", "the log does not begin with this anchored checkpoint: its past was changed.")
    except Bad as problem:
        report.bad(name, Bad(problem.verdict, f"{name}: {problem.sentence}"))
        return
    notes[size] = note


def _stamped(
    stamps: Sequence[tuple[str, int]], archive: Archive, notes: dict[int, Note], authorities: Sequence[TimeAuthority],
    report: Report,
) -> dict[int, list[int]]:  # fmt: skip
    """The times of the anchored checkpoints that hold."""
    found: dict[int, list[int]] = {}
    for name, size in stamps:
        try:
            if f"{ANCHORS}{size}" not in archive:
                raise Bad("missing", "the checkpoint that it stamps is not in the packet.")
            if size in notes:
                stamp = read_stamp(archive.read(name, TOKEN_LIMIT), notes[size].stamped, authorities)
                found.setdefault(size, []).append(stamp.at)
                report.used_authority(stamp.authority.root)
        except Bad as problem:
            report.bad(name, Bad(problem.verdict, f"{name}: {problem.sentence}"))
    return found


def check_stamps(
    tokens: Sequence[bytes], signature: bytes, authorities: Sequence[TimeAuthority], report: Report
) -> int | None:
    """The earliest time that was stamped on an attestation's signature; None where it has no time stamp."""
    stamps = [read_stamp(token, signature, authorities) for token in tokens]
    for stamp in stamps:
        report.used_authority(stamp.authority.root)
    return min((stamp.at for stamp in stamps), default=None)


def time_verdict(claimed: str, own: int | None, by: int | None, compromised_since: str) -> tuple[str, str]:
    """What outside time says of an attestation: verdict and, for a warning, its sentence. Raises Bad.

    ``own`` is the time of its own stamp, ``by`` that of the first anchor over it.
    """
    known = [time for time in (own, by) if time is not None]
    at, earliest = micros(claimed), min(known, default=None)
    if compromised_since and (earliest is None or earliest >= micros(compromised_since)):
        raise Bad("doubtful", "its key was compromised later, and no outside time shows that it is older than that.")
    if earliest is not None and earliest < at - AHEAD:
        raise Bad("doubtful", f"it claims {claimed}, later than {moment_of(earliest)}, when it was there already.")
    if own is None:
        return "no outside time", "it has no time stamp of its own."
    if earliest is not None and earliest > at + LATE:
        return "late", f"it claims {claimed}, and the first outside time that it has is {moment_of(earliest)}."
    return "valid", ""


def moment_of(at: int) -> str:
    """`2026-10-08 07:05:00 UTC`."""
    return f"{datetime(1970, 1, 1) + timedelta(seconds=at // MICROS)} UTC"  # noqa: DTZ001 - it is UTC


def _told(newest: Anchored, size: int) -> str:
    stamped = "has no time stamp" if newest.at is None else f"was stamped {moment_of(newest.at)}"
    rest = (
        f" For the {size - newest.size:,} entries after it only the log's own key vouches."
        if newest.size < size
        else ""
    )
    return f"The newest anchor covers {newest.size:,} of {size:,} entries; it {stamped}.{rest}"
