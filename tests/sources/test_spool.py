"""A pull that was cut off: what it had read is found again, whole up to its last answer."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bot.sources.raw import RawWriter, read_raw
from bot.sources.spool import Spool, whole_part
from tests.sources.okta import Okta, organisation, user
from tests.sources.world import NOW, World
from workflows.kernel.identity import Directory
from workflows.kernel.program import SourceConfig


@pytest.mark.parametrize("cut", [1, 8, 20, 60])
def test_a_raw_file_that_was_cut_off_gives_back_its_whole_answers(tmp_path: Path, cut: int) -> None:
    with RawWriter(tmp_path / "raw") as raw:
        for number in range(3):
            raw.add("users", "", f"https://a.test/{number}", 200, 1, {}, b'[{"id": "1"}]' * 50, NOW)
    whole = (tmp_path / "raw").read_bytes()

    packed, content = whole_part(whole[:-cut])

    assert gzip.decompress(packed) == content
    assert gzip.decompress(whole).startswith(content)
    assert content.endswith(b"\n")
    assert content.count(b"\n") >= 1


def test_a_raw_file_that_is_whole_stays_byte_for_byte(tmp_path: Path) -> None:
    with RawWriter(tmp_path / "raw") as raw:
        raw.add("users", "", "https://a.test/", 200, 0, {}, b"[]", NOW)
    whole = (tmp_path / "raw").read_bytes()

    assert whole_part(whole) == (whole, gzip.decompress(whole))
    assert [entry.body for entry in read_raw(tmp_path / "raw")] == [b"[]"]


@pytest.mark.parametrize("data", [b"", b"login,role\nmaya", b"\x1f\x8bgarbage", b"\x1f\x8b"])
def test_anything_else_is_kept_as_it_is(data: bytes) -> None:
    assert whole_part(data)[0] == data or whole_part(data)[1] == b""


def test_the_same_answers_make_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with RawWriter(tmp_path / name) as raw:
            raw.add("users", "", "https://a.test/", 200, 0, {"Date": "x"}, b"\xff", NOW)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_process_that_was_thought_dead_does_not_touch_the_next_ones_file(tmp_path: Path) -> None:
    old, new = Spool(tmp_path, "okta/eu"), Spool(tmp_path, "okta/eu")
    old.begin(NOW, "ravi").write_bytes(b"old")
    current = new.begin(NOW.replace(hour=8), "maya")
    current.write_bytes(b"new")

    old.clear()

    left = Spool(tmp_path, "okta/eu").left()
    assert left is not None
    assert (left.raw.read_bytes(), left.started_by, left.started_at) == (b"new", "maya", NOW.replace(hour=8))
    assert left.raw.stat().st_mode & 0o077 == 0


def test_a_note_that_was_torn_or_whose_file_is_gone_is_no_leftover(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "okta")
    spool.begin(NOW, "ravi").unlink()
    gone = spool.left()
    (tmp_path / "okta.json").write_text('{"raw"', encoding="utf-8")

    assert (gone, spool.left()) == (None, None)


def test_what_okta_had_answered_before_a_kill_is_kept_and_never_used(world: World) -> None:
    okta = Okta()
    okta.page, okta.users = 1, [user(f"00u{n}", f"p{n}@acme.test") for n in range(5)]
    config = SourceConfig(id="okta", kind="okta", system="Okta", directory=True, settings={"reviews": []})
    world.spool = world.folder / "pulls"

    class Killed(BaseException):
        """The process dies here."""

    def die(sentence: str) -> None:
        if "3 rows" in sentence:
            raise Killed

    with organisation(okta) as base:
        with pytest.raises(Killed):
            world.open(config, base, progress=die).pull(Directory(people={}), None, "ravi")
        left = world.open(config, base).leftover()

    assert left is not None
    assert (left.certificate.verdict, left.people, left.lines) == ("partial", (), ())
    assert [entry["rows"] for entry in world.entries(left)] == [1, 1, 1]
    assert left.certificate.reasons[0].startswith("The pull that began at 2026-10-03 06:10 UTC was broken off")
