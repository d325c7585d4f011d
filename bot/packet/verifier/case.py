"""The order of a case: its attestations are numbered, and each names the one before it, so that none can be left out."""

from __future__ import annotations

from typing import Any, NamedTuple

from bot.packet.verifier.envelope import Signed
from bot.packet.verifier.report import Bad, Report, plain
from bot.packet.verifier.strict import altered, exactly, instant, mapped, number, sha256, text

ORIGIN_LIMIT = 253


class Step(NamedTuple):
    """An attestation within its case: little enough to keep of every one."""

    id: str
    case: str
    seq: int
    previous: str | None
    at: str


class Cases:
    """Follows every case through the interval, in the order of the log."""

    def __init__(self, told: set[str]) -> None:
        """``told`` are ids of which the report says already why they are not followed: erased, or failed by themselves."""
        self._told = told
        self._heads: dict[str, tuple[int, str]] = {}

    def follow(self, step: Step, report: Report) -> None:
        """The next attestation in log order; a gap in its case goes to the report."""
        head = self._heads.get(step.case)
        self._heads[step.case] = (step.seq, step.id)
        if head is None:
            return  # the case may have begun before the interval: its first attestation here names the one before
        if step.seq == head[0] + 1 and step.previous == head[1]:
            return
        if step.seq > head[0] + 1 and step.previous in self._told:
            return
        sentence = f"After number {head[0]} of this case comes {step.seq}: one is missing, or the order was changed."
        report.bad(plain(step.case), Bad("missing", sentence))


def step_of(signed: Signed, origin: str) -> Step:
    """What an attestation says of itself. Raises Bad where that is malformed, of another log, or its key did not count then."""
    said = common_fields(signed.statement["predicate"])
    if said["attester"]["origin"] != origin:
        raise altered("it was made for another log.")
    signed.key.check_time(said["at"])
    if (said["seq"] == 1) != (said["previous"] is None):
        raise altered("its number and the one before it do not fit together.")
    return Step(signed.id, said["case"], said["seq"], said["previous"], said["at"])


def common_fields(predicate: dict[str, Any]) -> dict[str, Any]:
    """The fields that every predicate has; others may stand beside them, because they are signed too."""
    names = ("case", "seq", "previous", "at", "attester")
    said = exactly(
        {name: predicate[name] for name in names if name in predicate}, "The predicate",
        case=text, seq=lambda value: number(value) and value > 0,
        previous=lambda value: value is None or sha256(value), at=instant, attester=mapped,
    )  # fmt: skip
    if not text(said["attester"].get("origin")) or len(said["attester"]["origin"]) > ORIGIN_LIMIT:
        raise altered("it does not say for which log it was made.")
    return said
