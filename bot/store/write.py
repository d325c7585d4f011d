"""What one transaction of the record consists of: values, built by the runtime, written by `record`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.kernel.attestation import Born
from workflows.kernel.model import Ask, Card, CaseSummary, Want


@dataclass(frozen=True)
class Signed:
    """A signed attestation of one event: the payload, its id (SHA-256 of the PAE), the signature and the log's leaf."""

    id: str
    payload: bytes
    signature: bytes
    keyid: str
    leaf: bytes


@dataclass(frozen=True)
class EventWrite:
    """One event to append at number ``n`` of its case; ``body`` is whole, ``by`` as the predicate names the actor."""

    n: int
    seq: int | None
    name: str
    version: int
    at: datetime
    by: Mapping[str, Any]
    actor: str
    body: Mapping[str, Any]
    signed: Signed | None


@dataclass(frozen=True)
class CardWrite:
    """A card that looks different now, with the Slack user it belongs to (None: nobody we can reach)."""

    card: Card
    slack_user: str | None


@dataclass(frozen=True)
class CaseWrite:
    """Everything one decision changes in one case. ``expected_n`` is the last event number that was read.

    ``same_index``: the asks and watches are those that this process wrote with event ``expected_n``, and stand as they are.
    """

    case: str
    expected_n: int
    events: Sequence[EventWrite]
    summary: CaseSummary
    program: str
    seq: int
    asks: Sequence[Ask]
    cards: Sequence[CardWrite]
    wants: Sequence[Want]
    born: Sequence[Born]
    same_index: bool = False


@dataclass(frozen=True)
class Claim:
    """The key of a request and the answer it gets again when the same request comes again."""

    key: str
    answer: Mapping[str, Any]
    expires_at: datetime


@dataclass(frozen=True)
class StoredEvent:
    """An event row as a value."""

    n: int
    seq: int | None
    name: str
    version: int
    at: datetime
    by: Mapping[str, Any]
    body: Mapping[str, Any]
    attestation: str | None

    @property
    def erased(self) -> bool:
        """Whether its text was erased after retention: nobody is named any more."""
        return not self.by


@dataclass(frozen=True)
class Head:
    """Where a case stands: last event number, last signed number and its attestation, and its control."""

    n: int = 0
    seq: int = 0
    previous: str | None = None
    control: str = ""
    program: str = ""


class Repeated(Exception):
    """This very request has had its effect already; ``answer`` is what it was told."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__("this request was handled before")
        self.answer = answer
