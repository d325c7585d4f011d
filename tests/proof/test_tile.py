"""Tiles: their paths, their sizes, their bytes (C2SP tlog-tiles)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.kernel.merkle import leaf_hash
from workflows.kernel.tile import (
    MAX_BODY,
    TileName,
    appended,
    bodies,
    counts,
    entry_bundle,
    entry_bundles,
    parse,
    tiles,
    tree,
    width_at,
)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (TileName(0, 1234067), "tile/0/x001/x234/067"),
        (TileName(0, 0), "tile/0/000"),
        (TileName(1, 999, 17), "tile/1/999.p/17"),
        (TileName(2, 1000, 255), "tile/2/x001/000.p/255"),
        (TileName(None, 67, 112), "tile/entries/067.p/112"),
    ],
)
def test_a_tile_has_one_path(name: TileName, path: str) -> None:
    assert name.path == path
    assert parse(path) == name


@given(st.none() | st.integers(0, 7), st.integers(0, 10**12), st.integers(1, 256))
def test_every_path_leads_back_to_its_tile(level: int | None, n: int, width: int) -> None:
    assert parse(TileName(level, n, width).path) == TileName(level, n, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/0/0000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/300",
        "tile/00/000",
        "tile/8/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/../000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/Entries/000",
        "/tile/0/000",
        "",
    ],
)
def test_any_other_spelling_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path of a tile"):
        parse(path)


def test_a_tree_of_70000_leaves_has_the_known_tiles() -> None:
    assert [counts(70_000, level) for level in (0, 1, 2, 3)] == [(273, 112), (1, 17), (0, 1), (0, 0)]
    names = list(tiles(70_000))
    assert len(names) == 274 + 2 + 1
    assert names[273] == TileName(0, 273, 112)
    assert names[-1] == TileName(2, 0, 1)
    assert [n.width for n in entry_bundles(300)] == [256, 44]
    assert list(tiles(0)) == []


def test_a_tile_beyond_the_tree_has_no_width() -> None:
    assert [width_at(70_000, 0, n) for n in (0, 272, 273, 274)] == [256, 256, 112, 0]


def test_tiles_that_are_too_short_are_refused_not_guessed() -> None:
    hashes = [leaf_hash(bytes([n])) for n in range(5)]
    stored = appended(0, hashes, lambda level, n: b"")

    with pytest.raises(ValueError, match="holds 128 bytes where the tree needs 160"):
        appended(5, hashes, lambda level, n: stored[level, n][:128])
    with pytest.raises(ValueError, match="tile 0/0 is too short"):
        tree(lambda level, n: stored[level, n][:-1])(4, 5)


def test_an_entry_bundle_is_read_back_as_it_was_written() -> None:
    leaves = [b"", b"one", b"x" * 489]

    data = entry_bundle(leaves)

    assert data[:2] == b"\x00\x00"
    assert bodies(data) == leaves
    assert bodies(b"") == []


def test_a_broken_entry_bundle_is_refused() -> None:
    for data in (b"\x00", b"\x00\x05four"):
        with pytest.raises(ValueError, match="ends in the middle"):
            bodies(data)
    with pytest.raises(ValueError, match="at most 65,535 bytes"):
        entry_bundle([b"x" * (MAX_BODY + 1)])
