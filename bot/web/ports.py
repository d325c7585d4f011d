"""What the web needs of the rest, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workflows.kernel.ports import Clock

Said = tuple[int, dict[str, str], str]
"""Status, headers, body."""


class Checkpoint(Protocol):
    """A signed checkpoint: the note's text."""

    @property
    def note(self) -> str: ...


class Log(Protocol):
    """The public side of the transparency log (C2SP tlog-tiles). None where no published checkpoint covers it."""

    def checkpoint(self) -> Checkpoint | None: ...

    def tile(self, level: int, n: int, width: int) -> bytes | None: ...

    def entry_bundle(self, n: int, width: int) -> bytes | None: ...


class SignInPages(Protocol):
    """`/login`, `/login/callback` and `/step-up/{token}`."""

    async def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], str]:
        """Status, headers (a name may come twice) and page for one request; ``headers`` have lower-case names."""
        ...


class EventDoor(Protocol):
    """`POST /github/events`."""

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Said:
        """The answer to one webhook, believed or not; ``headers`` have lower-case names."""
        ...


class HookDoor(Protocol):
    """`POST /hooks/{name}` and `GET /hooks/{name}/{id}`."""

    def receive(self, name: str, body: bytes, headers: Mapping[str, str]) -> Said:
        """The answer to one request, believed or not."""
        ...

    def ask(self, name: str, number: str, headers: Mapping[str, str]) -> Said:
        """The answer to one question."""
        ...


class EvidenceDoor(Protocol):
    """`POST /api/evidence`."""

    def stranger(self, headers: Mapping[str, str]) -> Said | None:
        """The answer to a request whose token is not believed, before its body is read; None where it is."""
        ...

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Said:
        """The answer to a whole request."""
        ...


class ExceptionsDoor(Protocol):
    """`GET /api/exceptions`."""

    def tell(self, repository: str, headers: Mapping[str, str]) -> Said:
        """The answer to one question, believed or not."""
        ...


def _nothing() -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class WebDeps:
    """What the web app is built from.

    ``slack`` answers one verified-or-not request: (body, headers with lower-case names) → (status, headers, body); None
    in Socket Mode. ``proof`` gives the proof file of an attestation id, as `add_proof` says. ``sign_in`` has the pages of
    signing in; None where no identity provider is set. ``github`` and ``hooks`` answer pipelines; None where none is set
    up. ``evidence`` and ``exceptions`` answer runs; None without a public address. ``unhealthy`` and ``unready`` give the
    reasons, as sentences; none means fine. ``wall`` is the clock on the wall.
    """

    wall: Clock
    slack: Callable[[bytes, Mapping[str, str]], Said] | None = None
    log: Log | None = None
    proof: Callable[[str], tuple[int, str]] | None = None
    sign_in: SignInPages | None = None
    github: EventDoor | None = None
    hooks: HookDoor | None = None
    evidence: EvidenceDoor | None = None
    exceptions: ExceptionsDoor | None = None
    unhealthy: Callable[[], Sequence[str]] = _nothing
    unready: Callable[[], Sequence[str]] = _nothing
    name: str = "Attester"
