"""The log as tiles of 256 hashes (C2SP tlog-tiles): paths, which tiles a tree has, and trees read back out of tiles.

Hash i of tile n at level l is the root of the leaves [(256n+i)·256^l, (256n+i+1)·256^l); only full tiles are hashed upward.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from workflows.kernel.merkle import RangeRoot, fold, node_hash, split

WIDTH = 256
HASH = 32
MAX_BODY = 0xFFFF
"""An entry bundle gives each leaf body two bytes of length."""
MAX_LEVEL = 7
"""Tiles of level 7 cover 2^64 leaves."""

ReadTile = Callable[[int, int], bytes]
"""(level, n) → the tile's bytes, at least as many as the tree needs."""

_NAME = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<n>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class TileName(NamedTuple):
    """Which tile: ``level`` (None for the bundle of leaf bodies), number, and 1 to 256 hashes."""

    level: int | None
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/<level>/<number in groups of three>[.p/<width>]`."""
        groups = [f"{self.n % 1000:03}"]
        rest = self.n // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{'/'.join(groups)}" + ("" if self.width == WIDTH else f".p/{self.width}")


def parse(path: str) -> TileName:
    """The tile that a path names. Raises ValueError for every spelling that `TileName.path` would not write."""
    found = _NAME.fullmatch(path)
    if found is None:
        raise ValueError(f"{path!r} is no path of a tile")
    level = None if found["level"] == "entries" else int(found["level"])
    name = TileName(level, int(found["n"].replace("x", "").replace("/", "")), int(found["width"] or WIDTH))
    if name.path != path or (level or 0) > MAX_LEVEL or name.width > WIDTH:
        raise ValueError(f"{path!r} is no path of a tile")
    return name


def counts(size: int, level: int) -> tuple[int, int]:
    """How many full tiles a tree of ``size`` leaves has at a level, and how many hashes stand in the partial one after them."""
    return divmod(size >> (8 * level), WIDTH)


def width_at(size: int, level: int, n: int) -> int:
    """How many hashes tile ``n`` of a level has in a tree of ``size`` leaves: 0 to 256."""
    full, partial = counts(size, level)
    return WIDTH if n < full else partial if n == full else 0


def tiles(size: int) -> Iterator[TileName]:
    """Every tile of hashes that a tree of ``size`` leaves has, level by level; empty ones are not there."""
    level = 0
    while size >> (8 * level):
        full, partial = counts(size, level)
        yield from (TileName(level, n) for n in range(full))
        if partial:
            yield TileName(level, full, partial)
        level += 1


def entry_bundles(size: int) -> Iterator[TileName]:
    """Every bundle of leaf bodies that a tree of ``size`` leaves has."""
    return (TileName(None, name.n, name.width) for name in tiles(size) if name.level == 0)


def appended(size: int, hashes: Sequence[bytes], read: ReadTile) -> dict[tuple[int, int], bytes]:
    """The tiles that change when ``hashes`` follow the first ``size`` leaves: (level, n) → all bytes of that tile."""
    changed: dict[tuple[int, int], bytes] = {}
    level, before, row = 0, size, list(hashes)
    while row:
        n, there = divmod(before, WIDTH)
        data = read(level, n)[: there * HASH] if there else b""
        if len(data) != there * HASH:
            raise ValueError(f"tile {level}/{n} holds {len(data)} bytes where the tree needs {there * HASH}")
        above = []
        data += b"".join(row)
        for at in range(0, len(data), WIDTH * HASH):
            piece = data[at : at + WIDTH * HASH]
            changed[level, n] = piece
            if len(piece) == WIDTH * HASH:
                above.append(fold(hashes_of(piece)))
                n += 1
        level, before, row = level + 1, before // WIDTH, above
    return changed


def hashes_of(data: bytes) -> list[bytes]:
    """The hashes of a tile. Raises ValueError for half a hash."""
    if len(data) % HASH:
        raise ValueError(f"a tile is made of {HASH}-byte hashes; {len(data)} bytes are no multiple")
    return [data[at : at + HASH] for at in range(0, len(data), HASH)]


def tree(read: ReadTile) -> RangeRoot:
    """The tree that the tiles hold. A proof reads a handful of tiles, whatever the size."""

    def range_root(first: int, end: int) -> bytes:
        count = end - first
        if count & (count - 1):
            middle = first + split(count)
            return node_hash(range_root(first, middle), range_root(middle, end))
        level, height = divmod(count.bit_length() - 1, 8)
        n, at = divmod(first >> (8 * level), WIDTH)
        width = 1 << height
        piece = read(level, n)[at * HASH : (at + width) * HASH]
        if len(piece) != width * HASH:
            raise ValueError(f"tile {level}/{n} is too short for the leaves {first:,} to {end - 1:,}")
        return fold(hashes_of(piece))

    return range_root


def entry_bundle(bodies: Iterable[bytes]) -> bytes:
    """Leaf bodies one after the other, each with its length in two bytes. Raises ValueError for a body over 65,535 bytes."""
    parts = []
    for body in bodies:
        if len(body) > MAX_BODY:
            raise ValueError(f"a leaf body has at most {MAX_BODY:,} bytes, not {len(body):,}")
        parts.append(len(body).to_bytes(2, "big") + body)
    return b"".join(parts)


def bodies(data: bytes) -> list[bytes]:
    """The leaf bodies of an entry bundle. Raises ValueError where it ends in the middle of one."""
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise ValueError("the entry bundle ends in the middle of a leaf body")
        found.append(data[at + 2 : end])
        at = end
    return found
