"""The log's signed statement of its size and root: C2SP checkpoint in a signed note, and the proof file that carries one.

No cryptography here: signatures come in as bytes, or are judged by a function that is handed in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from workflows.kernel.encoding import b64, unb64

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
MAX_ORIGIN = 253

_DASH = "\u2014"
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class LedgerCorrupt(Exception):
    """What is stored is not what was signed or logged. No checkpoint is signed until somebody has looked.

    The message names the entry, tile or checkpoint and says what to do.
    """


class LogKey(Protocol):
    """The Ed25519 key that signs checkpoints; ``public`` is its 32 bytes."""

    @property
    def public(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes:
        """64 bytes. Raises SigningFailed; then no checkpoint may be published."""
        ...

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this key made the signature."""
        ...


class Checkpoint(NamedTuple):
    """The log's origin, how many leaves it has, and their root; ``note`` is the signed text, empty before it is signed."""

    origin: str
    size: int
    root: bytes
    note: str = ""

    @property
    def text(self) -> str:
        """What is signed: three lines, each with its newline, without extension lines."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"


class SignatureLine(NamedTuple):
    """One line of a note: who claims to have signed, four bytes that name the key, and the rest."""

    name: str
    key_hash: bytes
    signature: bytes

    @property
    def text(self) -> str:
        return f"{_DASH} {self.name} {b64(self.key_hash + self.signature)}\n"


class Note(NamedTuple):
    """A signed note taken apart. Lines of unknown keys are kept: a witness may have added them."""

    text: str
    lines: tuple[SignatureLine, ...]

    @property
    def whole(self) -> str:
        return self.text + "\n" + "".join(line.text for line in self.lines)


class ProofFile(NamedTuple):
    """A `.tlog-proof` file: one leaf's index and path, and the checkpoint that it leads to."""

    idx: int
    path: tuple[bytes, ...]
    note: str


def check_origin(origin: str) -> str:
    """The origin, if it is a bare lower-case host name: no scheme, port, path, space or `+`. Raises ValueError otherwise.

    Stock verifiers compare it with the host of a URL, and nothing more (sigstore-go, sigstore-js).
    """
    if not _HOST.fullmatch(origin) or len(origin) > MAX_ORIGIN:
        raise ValueError(
            f"the log's origin must be a bare lower-case host name such as ledger.example.com, not {origin!r}"
        )
    return origin


def default_origin(public: bytes) -> str:
    """The origin of a log without a public address: named after its key, in a domain that can never exist."""
    return hashlib.sha256(public).hexdigest()[:12] + ".attester.invalid"


def log_id(origin: str, public: bytes) -> bytes:
    """32 bytes that name the log: SHA-256(origin ‖ 0x0A ‖ 0x01 ‖ key). The first four are the key id of its note line."""
    return hashlib.sha256(origin.encode() + b"\n" + ED25519 + public).digest()


def vkey(origin: str, public: bytes) -> str:
    """The log's public key as signed notes write it: `origin+8 hex digits+base64(0x01 ‖ key)`."""
    return f"{origin}+{log_id(origin, public)[:4].hex()}+{b64(ED25519 + public)}"


def signed(checkpoint: Checkpoint, key: LogKey) -> Checkpoint:
    """The checkpoint with its note, signed by the log's key."""
    hint = log_id(checkpoint.origin, key.public)[:4]
    line = SignatureLine(checkpoint.origin, hint, key.sign(checkpoint.text.encode()))
    return checkpoint._replace(note=Note(checkpoint.text, (line,)).whole)


def parse_note(whole: str) -> Note:
    """A signed note taken apart, with nothing verified. Raises ValueError for any other text."""
    text, gap, rest = whole.rpartition("\n\n")
    if not gap or not text or not rest.endswith("\n"):
        raise ValueError("a signed note is a text, an empty line and signature lines, and ends with a newline")
    lines = []
    for line in rest[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != _DASH or not parts[1] or "+" in parts[1]:
            raise ValueError(f"{line[:80]!r} is no signature line of a note")
        data = unb64(parts[2])
        if len(data) < 5:
            raise ValueError(f"the signature of {parts[1]!r} is too short")
        lines.append(SignatureLine(parts[1], data[:4], data[4:]))
    return Note(text + "\n", tuple(lines))


def parse(whole: str) -> Checkpoint:
    """The checkpoint in a note, with no signature verified. Raises ValueError for any other text."""
    note = parse_note(whole)
    lines = note.text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise ValueError("a checkpoint has three lines: origin, size and root")
    origin, size, root = lines[:3]
    if not _DECIMAL.fullmatch(size):
        raise ValueError(f"the size of a checkpoint is a decimal number without leading zeros, not {size[:40]!r}")
    hashed = unb64(root)
    if len(hashed) != 32:
        raise ValueError(f"the root of a checkpoint has 32 bytes, not {len(hashed)}")
    return Checkpoint(check_origin(origin), int(size), hashed, whole)


def verified(whole: str, origin: str, public: bytes, verify: Callable[[bytes, bytes], bool]) -> Checkpoint:
    """The checkpoint in a note that this log signed. ``verify(data, signature)`` judges with the key ``public``.

    Raises ValueError where the note is not one of this log, or its signature does not hold.
    """
    found = parse(whole)
    if found.origin != origin:
        raise ValueError(f"the checkpoint is of the log {found.origin}, not of {origin}")
    hint = log_id(origin, public)[:4]
    own = [line for line in parse_note(whole).lines if line.name == origin and line.key_hash == hint]
    if not own:
        raise ValueError(f"the checkpoint of size {found.size:,} was signed with another key than this log key")
    if len(own) > 1:
        raise ValueError(f"the checkpoint of size {found.size:,} has {len(own)} lines of this log's key; it needs one")
    if not verify(found.text.encode(), own[0].signature):
        raise ValueError(f"the signature of the checkpoint of size {found.size:,} does not hold")
    return found


def cosignature_id(name: str, public: bytes) -> bytes:
    """The four bytes that name a witness's key."""
    return hashlib.sha256(name.encode() + b"\n" + COSIGNATURE + public).digest()[:4]


def cosigned_message(text: str, at: int) -> bytes:
    """What a witness signs: the checkpoint's text and a time in Unix seconds (C2SP tlog-cosignature)."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosignature(line: SignatureLine) -> tuple[int, bytes]:
    """The time and the signature of a witness's line. Raises ValueError where it has another length."""
    if len(line.signature) != 72:
        raise ValueError(f"the line of {line.name!r} is no Ed25519 cosignature")
    return int.from_bytes(line.signature[:8], "big"), line.signature[8:]


def proof_file(idx: int, path: Sequence[bytes], note: str) -> str:
    """The text of a `.tlog-proof` file."""
    return f"{PROOF_HEADER}\nindex {idx}\n" + "".join(b64(value) + "\n" for value in path) + "\n" + note


def parse_proof_file(text: str) -> ProofFile:
    """A `.tlog-proof` file taken apart, with nothing verified. Raises ValueError for any other text."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or len(lines) < 2 or lines[0] != PROOF_HEADER or not lines[1].startswith("index "):
        raise ValueError(f"a proof file starts with {PROOF_HEADER} and its index")
    number = lines[1].removeprefix("index ")
    path = tuple(unb64(line) for line in lines[2:])
    if not _DECIMAL.fullmatch(number) or any(len(value) != 32 for value in path) or len(path) > 63:
        raise ValueError("the index or a hash of the proof file is malformed")
    parse(note)
    return ProofFile(int(number), path, note)
