"""What the product needs of the world, as protocols.

Adapters live in `bot/`; a fake stands only at one of these, and passes the same contract suite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Literal, Protocol

from workflows.kernel.identity import Collection, Directory, Pull, Value


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...


class Signer(Protocol):
    """A private key. ``keyid`` is the OpenSSH SHA-256 fingerprint of its public half."""

    @property
    def keyid(self) -> str: ...

    @property
    def public_der(self) -> bytes: ...

    @property
    def public_pem(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``, already verified once. Raises SigningFailed; then nothing may be recorded."""
        ...


class SigningFailed(Exception):
    """The key is lost, unreachable or answered wrongly. Nothing was recorded."""


class Vault(Protocol):
    """Content-addressed evidence: exact bytes, named by SHA-256, never overwritten."""

    def put(self, data: bytes) -> str:
        """Store the bytes (a second time is a no-op) and return their SHA-256 as 64 hex digits."""
        ...

    def get(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises EvidenceMissing or EvidenceAltered."""
        ...

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as a stream."""
        ...

    def has(self, sha256: str) -> bool:
        """Whether the bytes are here."""
        ...


class Shelf(Protocol):
    """The vault's named objects (the log's tiles, bundles, checkpoints, tokens): each is written once, never replaced."""

    def keep(self, name: str, data: bytes) -> None:
        """Store the bytes under a name and read them back; the same bytes a second time are a no-op.

        Raises Forked where other bytes have the name, OSError where the vault cannot take them now.
        """
        ...

    def read(self, name: str) -> bytes:
        """The bytes under a name. Raises EvidenceMissing, OSError."""
        ...

    def names(self, start: str) -> Iterator[str]:
        """Every name that starts so, in order. Raises OSError."""
        ...


class Forked(Exception):
    """An object of this name is in the vault with other bytes: two histories were written. Nothing was overwritten."""


class EvidenceMissing(Exception):
    """No bytes with this SHA-256 are in the vault."""


class EvidenceAltered(Exception):
    """The vault's bytes no longer have the SHA-256 that names them."""


class ChatFailure(Exception):
    """Slack did not do it. ``kind`` decides what follows; ``code`` is Slack's own error name.

    `later`: try again after ``retry_after`` seconds (429: the lane or method pauses). `unsure`: it may have happened.
    `gone`: the person or channel cannot be reached. `stale`: the message to update is not there; post a fresh one.
    `stopped`: token revoked or scope missing; nothing can be sent until somebody mends it. `ours`: our payload is wrong.
    """

    def __init__(
        self,
        kind: Literal["later", "unsure", "gone", "stale", "stopped", "ours"],
        code: str,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(f"{kind}: {code}")
        self.kind = kind
        self.code = code
        self.retry_after = retry_after


class ChatUser(Value):
    """A row of Slack's directory. A flag that Slack did not send is None, and refuses."""

    user: str
    team: str
    name: str
    email: str | None = None
    time_zone: str = "UTC"
    deleted: bool | None = None
    bot: bool | None = None
    restricted: bool | None = None
    ultra_restricted: bool | None = None
    stranger: bool | None = None
    invited: bool | None = None


class Chat(Protocol):
    """Slack as we use it. Only this port builds a Slack client; every method may raise ChatFailure."""

    def post(
        self, to: str, text: str, blocks: Sequence[Mapping[str, Any]], metadata: Mapping[str, str]
    ) -> tuple[str, str]:
        """Post to a user id or channel; returns (channel, ts)."""
        ...

    def update(self, channel: str, ts: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Replace one of our messages."""
        ...

    def whisper(self, channel: str, user: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """An ephemeral message that only this person sees; never the only place of a fact."""
        ...

    def open_view(self, trigger: str, view: Mapping[str, Any]) -> None:
        """Open a modal; the trigger lives 3 s."""
        ...

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Publish somebody's Home tab."""
        ...

    def users(self) -> Iterator[ChatUser]:
        """Everybody in the workspace, deactivated people included."""
        ...

    def identity(self) -> Mapping[str, str]:
        """Who we are: team, bot user and app ids (`auth.test`)."""
        ...


class Source(Protocol):
    """A system that identity data is pulled from; read only."""

    def pull(self, directory: Directory, previous: Collection | None, started_by: str) -> Pull:
        """Everything the system has, with its certificate; raw responses and normalised rows are in the vault first.

        ``directory`` links accounts to people (the directory source ignores it); ``previous`` is the last complete
        collection, for the shrink check. What goes wrong at the source makes the certificate partial, with a reason that
        says how to mend it; nothing is raised for it.
        """
        ...

    def probe(self) -> str:
        """One sentence for `attester doctor`: reachable, as whom. Raises SourceFailed with how to mend it."""
        ...


class SourceFailed(Exception):
    """The source cannot be read; the message says why and what to do."""


class SourceBusy(SourceFailed):
    """Somebody else pulls the source right now; the message says to wait."""
