"""The Merkle tree: known answers of RFC 6962, and the same trees as pymerkle's."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from workflows.kernel import tile
from workflows.kernel.merkle import (
    EMPTY,
    consistency_path,
    consistent,
    extended,
    frontier_bytes,
    frontier_from,
    frontier_root,
    frontier_size,
    includes,
    inclusion_path,
    leaf_hash,
    over,
    root,
    root_from_inclusion,
)

RFC_6962 = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
EIGHT = [leaf_hash(body) for body in RFC_6962]
MANY = [leaf_hash(str(n).encode()) for n in range(1100)]


def starts(hashes: tuple[bytes, ...]) -> list[str]:
    return [value[:8].hex() for value in hashes]


def flipped(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


@pytest.mark.parametrize(
    ("size", "start"),
    [(1, "6e340b9cffb37a98"), (2, "fac54203e7cc696c"), (3, "aeb6bcfe274b70a1"), (8, "5dc9da79a70659a9")],
)
def test_the_roots_of_the_known_trees_are_right(size: int, start: str) -> None:
    assert root(EIGHT[:size])[:8].hex() == start


def test_the_root_of_eight_leaves_and_of_none_are_right_to_the_last_byte() -> None:
    assert root(EIGHT).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert root([]) == EMPTY == hashlib.sha256(b"").digest()


def test_the_known_proofs_are_right() -> None:
    tree = over(EIGHT)

    assert starts(inclusion_path(5, 8, tree)) == ["bc1a0643b12e4d2d", "ca854ea128ed050b", "d37ee418976dd957"]
    assert starts(consistency_path(3, 8, tree)) == [
        "0298d122906dcfc1",
        "07506a85fd9dd2f1",
        "fac54203e7cc696c",
        "6b47aaf29ee3c2af",
    ]


def test_trees_of_1_to_1100_leaves_have_the_roots_and_inclusion_paths_of_pymerkle() -> None:
    other = InmemoryTree(algorithm="sha256")
    tree = cache(over(MANY))
    frontier = ()

    for size in range(1, 1101):
        other.append_entry(str(size - 1).encode())
        frontier = extended(frontier, [MANY[size - 1]])

        assert frontier_root(frontier) == other.get_root(size)
        assert frontier_size(frontier) == size
        for index in {0, size // 3, size // 2, size - 1}:
            proof = other.prove_inclusion(index + 1, size)
            assert list(inclusion_path(index, size, tree)) == proof.path[1:]


def test_every_leaf_of_every_small_tree_is_proven_and_no_other() -> None:
    for size in range(1, 40):
        tree, top = over(MANY), root(MANY[:size])
        for index in range(size):
            path = inclusion_path(index, size, tree)

            assert includes(MANY[index], index, size, path, top)
            assert not includes(MANY[index], (index + 1) % size, size, path, top) or size == 1
            assert not includes(MANY[index + 1], index, size, path, top)
            assert not includes(MANY[index], index, size, (*path, EMPTY), top)
            assert not path or not includes(MANY[index], index, size, path[:-1], top)


def test_every_small_tree_is_proven_a_prefix_of_every_larger_one_and_of_no_other() -> None:
    for new in range(1, 40):
        for old in range(new + 1):
            path = consistency_path(old, new, over(MANY))
            before, after = root(MANY[:old]), root(MANY[:new])

            assert consistent(old, new, before, after, path)
            assert not consistent(old, new, flipped(before, 7), after, path)
            assert not consistent(old, new, before, flipped(after, 7), path) or old == 0
            assert not consistent(old, new, before, after, (*path, EMPTY))
            assert not path or not consistent(old, new, before, after, path[:-1])


def test_a_proof_holds_for_a_tree_of_its_own_height_only() -> None:
    for size in range(1, 40):
        top = root(MANY[:size])
        for claimed in (2 * size, 4 * size, size // 2):
            assert not includes(MANY[0], 0, claimed, inclusion_path(0, size, over(MANY)), top)
            for old in range(1, size):
                path = consistency_path(old, size, over(MANY))
                assert not consistent(old, claimed, root(MANY[:old]), top, path)


@given(st.integers(1, 1100), st.integers(0, 1099), st.data())
def test_one_flipped_bit_in_a_proof_is_refused(size: int, index: int, data: st.DataObject) -> None:
    index %= size
    path = inclusion_path(index, size, over(MANY))
    top = root(MANY[:size])
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        bit = data.draw(st.integers(0, 255))
        changed = (*path[:at], flipped(path[at], bit), *path[at + 1 :])
        assert not includes(MANY[index], index, size, changed, top)
    assert includes(MANY[index], index, size, path, top)


def test_a_leaf_beyond_the_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="a tree of 8 leaves has no leaf 8"):
        inclusion_path(8, 8, over(EIGHT))
    with pytest.raises(ValueError, match="has no leaf -1"):
        root_from_inclusion(EMPTY, -1, 8, ())
    with pytest.raises(ValueError, match="a tree of 9 leaves is no prefix of one of 8"):
        consistency_path(9, 8, over(EIGHT))
    assert not consistent(9, 8, EMPTY, EMPTY, ())


def test_a_frontier_is_read_back_as_it_was_written() -> None:
    for size in (0, 1, 2, 3, 255, 256, 1000):
        frontier = extended((), MANY[:size])

        assert frontier_from(frontier_bytes(frontier)) == frontier
        assert len(frontier_bytes(frontier)) == 33 * size.bit_count()


@pytest.mark.parametrize(
    "data", [b"\x00" * 32, b"\x00" * 34, b"\x00" * 66, b"\x01" + b"a" * 32 + b"\x02" + b"b" * 32, b"\xff" + b"a" * 32]
)
def test_bytes_that_are_no_frontier_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        frontier_from(data)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_tiles_that_grew_in_any_steps_give_the_same_proofs_as_the_tree(steps: list[int]) -> None:
    stored: dict[tuple[int, int], bytes] = {}
    size = 0

    def read(level: int, n: int) -> bytes:
        return stored[level, n]

    for step in steps:
        step = min(step, len(MANY) - size)
        stored.update(tile.appended(size, MANY[size : size + step], read))
        size += step

    tree = tile.tree(read)

    assert {(name.level, name.n): name.width * 32 for name in tile.tiles(size)} == {
        k: len(v) for k, v in stored.items()
    }
    if size:
        assert tree(0, size) == root(MANY[:size])
        for index in {0, size // 2, size - 1}:
            assert inclusion_path(index, size, tree) == inclusion_path(index, size, over(MANY))
            assert consistency_path(index, size, tree) == consistency_path(index, size, over(MANY))
