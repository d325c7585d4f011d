"""What the product needs of a system that it may add people to and take them out of: one group, one team. CC6.2, CC6.3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.kernel.jcs import canonical


@dataclass(frozen=True)
class Said:
    """What the system said when it took it, as a file: what was asked, its status and the name it gave the request."""

    raw: bytes
    host: str


class NotNow(Exception):
    """The system is busy or away; it may have happened. Asking again does no harm. Again after ``seconds``."""

    def __init__(self, why: str, seconds: float = 60.0) -> None:
        super().__init__(why)
        self.seconds = seconds


class Unwilling(Exception):
    """The system says no, and will say so again; the message says why, for whoever is asked instead.

    ``ours``: a token, a role or a setting of ours is the reason, and somebody must mend it.
    """

    def __init__(self, why: str, *, ours: bool = False) -> None:
        super().__init__(why)
        self.ours = ours


class Membership(Protocol):
    """One group or team of one system. Both may be asked twice: the second time changes nothing."""

    def look(self) -> str:
        """What it is called, where it is there and its members can be changed. Raises NotNow, Unwilling."""
        ...

    def add(self, member: str) -> Said:
        """Have somebody in it. Raises NotNow, Unwilling."""
        ...

    def remove(self, member: str) -> Said:
        """Have somebody out of it, or find that they are not in it. Raises NotNow, Unwilling."""
        ...


def said(host: str, asked: str, status: int, request_id: str, at: datetime, *, body: str = "") -> Said:
    """The file of an answer, in canonical JSON: it names no token."""
    about = {
        "asked": asked,
        "host": host,
        "status": status,
        "request_id": request_id,
        "at": at.isoformat(),
        "body": body,
    }
    return Said(canonical(about), host)
