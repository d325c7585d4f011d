"""The approval behind an access: what one workflow has decided and another one shows. CC6.2, CC6.3."""

from __future__ import annotations

from pydantic import AwareDatetime

from workflows.kernel.duty import Allowed
from workflows.kernel.identity import LineKey, PersonId, Value


class ApprovedAccess(Value):
    """An access that was approved and is not known to be gone. ``attestation`` is that of the last yes.

    ``key`` is None until a pull showed the access; ``until`` is None where it has no end.
    """

    case: str
    attestation: str | None
    person: PersonId
    source: str
    entitlement: str
    key: LineKey | None = None
    by: tuple[PersonId, ...]
    by_names: tuple[str, ...]
    at: AwareDatetime
    until: AwareDatetime | None = None


class Approvals(Value):
    """Everything that was approved, and what can be asked for at all: ``offered`` is (source, entitlement).

    ``allowed`` are the exceptions for pairs of duties that have not ended.
    """

    approved: tuple[ApprovedAccess, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    offered: frozenset[tuple[str, str]] = frozenset()

    def indexed(self) -> Indexed:
        """The same, for many questions."""
        return Indexed(self)


class Indexed:
    """Approvals by the access they are of."""

    def __init__(self, approvals: Approvals) -> None:
        self._offered = approvals.offered
        self._held: dict[tuple[str, str, PersonId], ApprovedAccess] = {}
        for one in sorted(approvals.approved, key=lambda a: a.at):
            self._held[one.source, one.entitlement, one.person] = one

    def behind(self, source: str, entitlement: str, person: PersonId | None) -> ApprovedAccess | None:
        """The newest approval of this access for this person, or None."""
        return self._held.get((source, entitlement, person)) if person else None

    def offered(self, source: str, entitlement: str) -> bool:
        """Whether it can be asked for, so that nobody need have it without an approval."""
        return (source, entitlement) in self._offered
