"""The log: RFC 6962 hashes and proofs, C2SP checkpoints and tiles."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from bot.packet.verifier.strict import DECIMAL, altered, unbase64

WIDTH = 256


class Note(NamedTuple):
    """A checkpoint taken apart; the signature of the log itself is not judged yet."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signature: bytes
    stamped: bytes
    """What a time stamp is over: the text, the empty line and the lines under the log's own name; witnesses come and go."""


def leaf_hash(body: bytes) -> bytes:
    """SHA-256(0x00 + body)."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 + left + right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def proven_root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion path leads to (RFC 9162, 2.1.3.2)."""
    if index >= size:
        raise altered("its place lies beyond the log.")
    here, last, value = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise altered("its log proof is too long.")
        if here & 1 or here == last:
            value = node_hash(step, value)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            value = node_hash(value, step)
        here, last = here >> 1, last >> 1
    if last:
        raise altered("its log proof is too short.")
    return value


class Roots:
    """The root of leaves that come one after the other, in the memory of one branch."""

    def __init__(self) -> None:
        self._stack: list[tuple[int, bytes]] = []

    def add(self, value: bytes) -> None:
        """One more leaf hash."""
        height = 0
        while self._stack and self._stack[-1][0] == height:
            value = node_hash(self._stack.pop()[1], value)
            height += 1
        self._stack.append((height, value))

    def root(self) -> bytes:
        """The root so far."""
        if not self._stack:
            return hashlib.sha256().digest()
        value = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            value = node_hash(left, value)
        return value


def log_id(origin: str, key: bytes) -> bytes:
    """The 32 bytes that name a log; the first four stand in its note line."""
    return hashlib.sha256(origin.encode("ascii") + b"\n\x01" + key).digest()


def read_note(whole: bytes, origin: str, key: bytes) -> Note:
    """The checkpoint in a signed note, with the one line of this log. Lines of others are passed over, never shown."""
    try:
        text = whole.decode("utf-8")
    except UnicodeDecodeError:
        raise altered("The checkpoint is no text.") from None
    head, gap, rest = text.rpartition("\n\n")
    lines = head.split("\n")
    if not gap or not rest.endswith("\n") or len(lines) != 3:
        raise altered("The checkpoint is no signed note of three lines.")
    if lines[0] != origin:
        raise altered("The checkpoint is of another log.")
    root = unbase64(lines[2], "The checkpoint's root")
    if not DECIMAL.fullmatch(lines[1]) or len(root) != 32:
        raise altered("The checkpoint's size or root is malformed.")
    own, kept = [], []
    for line in rest[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            raise altered("The checkpoint has a malformed signature line.")
        data = unbase64(parts[2], "A signature line of the checkpoint")
        kept += [line] if parts[1] == origin else []
        if parts[1] == origin and data[:4] == log_id(origin, key)[:4]:
            own.append(data[4:])
    if len(own) != 1:
        raise altered("The checkpoint does not carry exactly one signature of this log's key.")
    stamped = "\n".join([head, "", *kept, ""]).encode("utf-8")
    return Note(lines[0], int(lines[1]), root, (head + "\n").encode("utf-8"), own[0], stamped)


def tile_path(level: int, n: int, width: int) -> str:
    """Where a tile lies (C2SP tlog-tiles)."""
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + ("" if width == WIDTH else f".p/{width}")


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, number, width) of every tile of hashes that a log of this size has."""
    level = 0
    while size >> (8 * level):
        full, rest = divmod(size >> (8 * level), WIDTH)
        for n in range(full):
            yield level, n, WIDTH
        if rest:
            yield level, full, rest
        level += 1
