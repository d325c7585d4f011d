"""The order of a case: its attestations are numbered, and each names the one before it, so that none can be left out."""

from __future__ import annotations

from typing import Any

from bot.packet.verifier.envelope import Signed
from bot.packet.verifier.report import Bad, Report, plain
from bot.packet.verifier.strict import altered, exactly, instant, mapped, number, sha256, text

ORIGIN_LIMIT = 253


class Cases:
    """Follows every case through the interval, in the order of the log."""

    def __init__(self, origin: str, erased: dict[str, int]) -> None:
        self._origin = origin
        self._erased = erased
        self._heads: dict[str, tuple[int, str]] = {}

    def follow(self, signed: Signed, report: Report) -> None:
        """The next attestation in log order. Raises Bad where its own fields are malformed; gaps go to the report."""
        said = common_fields(signed.statement["predicate"])
        if said["attester"]["origin"] != self._origin:
            raise altered("it was made for another log.")
        signed.key.check_time(said["at"])
        case, seq, previous = said["case"], said["seq"], said["previous"]
        if (seq == 1) != (previous is None):
            raise altered("its number and the one before it do not fit together.")
        head = self._heads.get(case)
        self._heads[case] = (seq, signed.id)
        if head is None:
            return  # the case may have begun before the interval: its first attestation here names the one before
        if seq == head[0] + 1 and previous == head[1]:
            return
        if seq > head[0] + 1 and previous in self._erased:
            return
        report.bad(plain(case), Bad("missing", f"After number {head[0]} of this case comes {seq}: one is missing."))


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
