"""The Merkle tree of RFC 6962 and its proofs (RFC 9162, 2.1.1-2.1.4). Pure: hashes in, hashes out.

A tree is given as a function from a range of leaves to the root of that range, so that the same proofs come from a list
in memory and from stored tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

EMPTY = hashlib.sha256().digest()
"""The root of the tree without leaves."""

RangeRoot = Callable[[int, int], bytes]
"""(first, past the last) → root of these leaves; only ever asked for ranges that a proof needs."""

Frontier = tuple[tuple[int, bytes], ...]
"""Complete subtrees from left to right as (height, root); heights fall strictly. Enough to append and to give the root."""


def leaf_hash(body: bytes) -> bytes:
    """SHA-256(0x00 ‖ body)."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    """The largest power of two smaller than ``count``: how many leaves stand in the left half."""
    return 1 << ((count - 1).bit_length() - 1)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes, level by level."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def over(hashes: Sequence[bytes]) -> RangeRoot:
    """The tree of these leaf hashes, in memory."""

    def range_root(first: int, end: int) -> bytes:
        return root(hashes[first:end])

    return range_root


def root(hashes: Iterable[bytes]) -> bytes:
    """The root of the tree of these leaf hashes; `EMPTY` for none."""
    return frontier_root(extended((), hashes))


def extended(frontier: Frontier, hashes: Iterable[bytes]) -> Frontier:
    """The frontier after these leaf hashes are appended."""
    stack = list(frontier)
    for value in hashes:
        height, here = 0, value
        while stack and stack[-1][0] == height:
            here = node_hash(stack.pop()[1], here)
            height += 1
        stack.append((height, here))
    return tuple(stack)


def frontier_root(frontier: Frontier) -> bytes:
    """The root: the subtrees folded from the right."""
    if not frontier:
        return EMPTY
    value = frontier[-1][1]
    for _, left in reversed(frontier[:-1]):
        value = node_hash(left, value)
    return value


def frontier_size(frontier: Frontier) -> int:
    """How many leaves stand under the frontier."""
    return sum(1 << height for height, _ in frontier)


def frontier_bytes(frontier: Frontier) -> bytes:
    """One byte of height and 32 bytes of hash for each subtree."""
    return b"".join(bytes([height]) + value for height, value in frontier)


def frontier_from(data: bytes) -> Frontier:
    """What `frontier_bytes` wrote. Raises ValueError for bytes that describe no frontier."""
    if len(data) % 33:
        raise ValueError(f"a frontier has 33 bytes for each subtree; {len(data)} is no multiple")
    stack = tuple((data[at], data[at + 1 : at + 33]) for at in range(0, len(data), 33))
    heights = [height for height, _ in stack]
    if any(high <= low for high, low in pairwise(heights)) or any(h > 62 for h in heights):
        raise ValueError("the heights of a frontier fall strictly from left to right")
    return stack


def inclusion_path(index: int, size: int, range_root: RangeRoot) -> tuple[bytes, ...]:
    """The hashes from leaf to root that prove leaf ``index`` in the tree of ``size`` leaves (RFC 9162, 2.1.3.1).

    Raises ValueError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size:,} leaves has no leaf {index:,}")
    path = []
    first, end = 0, size
    while end - first > 1:
        middle = first + split(end - first)
        if index < middle:
            path.append(range_root(middle, end))
            end = middle
        else:
            path.append(range_root(first, middle))
            first = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int, range_root: RangeRoot) -> tuple[bytes, ...]:
    """The hashes that prove the tree of ``old`` leaves a prefix of the one of ``new`` leaves (RFC 9162, 2.1.4.1).

    Empty for equal sizes and for the empty tree. Raises ValueError where ``old`` is the larger one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old:,} leaves is no prefix of one of {new:,}")
    if old in (0, new):
        return ()
    path = []
    first, end, whole = 0, new, True
    while old != end:
        middle = first + split(end - first)
        if old <= middle:
            path.append(range_root(middle, end))
            end = middle
        else:
            path.append(range_root(first, middle))
            first = middle
            whole = False
    if not whole:
        path.append(range_root(first, end))
    return tuple(reversed(path))


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf hash and its path lead to (RFC 9162, 2.1.3.2); compare it with a signed one.

    Raises ValueError where the path cannot belong to this index and size.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size:,} leaves has no leaf {index:,}")
    here, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the inclusion path is longer than the tree is high")
        if here & 1 or here == last:
            value = node_hash(sibling, value)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        here, last = here >> 1, last >> 1
    if last:
        raise ValueError("the inclusion path is shorter than the tree is high")
    return value


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether the path proves the leaf hash at ``index`` under ``tree_root``."""
    try:
        return root_from_inclusion(leaf, index, size, path) == tree_root
    except ValueError:
        return False


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves the old tree a prefix of the new one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    before = after = hashes[0]
    for value in hashes[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            before, after = node_hash(value, before), node_hash(value, after)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            after = node_hash(after, value)
        here, last = here >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
