"""The certificate: one verdict, every reason; and anybody can count again from the raw file."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.certificate import reverify, verdict
from bot.sources.normalise import spell
from bot.sources.raw import RawWriter
from tests.sources.world import NOW, World
from workflows.kernel.identity import Certificate, Stream
from workflows.kernel.jcs import canonical
from workflows.kernel.program import SourceConfig

DONE = Stream(name="users", path="/users", pages=1, rows=100, done=True)


def judge(streams: tuple[Stream, ...] = (DONE,), **changed: Any) -> tuple[str, tuple[str, ...]]:
    facts: dict[str, Any] = {
        "figure": 100, "what": "lines", "min_rows": 1, "previous": None, "max_shrink": 0.2, "rejected": (), "reasons": (),
    }  # fmt: skip
    return verdict(streams, **{**facts, **changed})


def test_a_list_read_to_its_end_and_reconciled_is_complete() -> None:
    stream = DONE.model_copy(update={"expected": 100})

    assert judge((stream,), previous=125) == ("complete", ())


def test_no_stream_at_all_is_partial() -> None:
    found, reasons = judge(())

    assert found == "partial"
    assert reasons == ("Nothing was read: the source gave no list at all.",)


@pytest.mark.parametrize(
    ("streams", "changed", "reason"),
    [
        ((DONE.model_copy(update={"done": False}),), {}, "users: the list was not read to its end (100 rows so far)."),
        ((DONE.model_copy(update={"expected": 101}),), {}, "users: 100 rows, but 101 expected (no second figure)."),
        ((DONE.model_copy(update={"expected": 100, "duplicates": 1}),), {}, "users: 99 rows, but 100 expected"),
        ((DONE,), {"figure": 0}, "0 lines, and at least 1 are expected."),
        ((DONE,), {"figure": 79, "previous": 100}, "79 lines, and 100 in the last complete pull: more than 20% fewer."),
        ((DONE,), {"rejected": ("line 7 has no id",)}, "1 rows cannot be used: line 7 has no id."),
        ((DONE,), {"reasons": ("groups: Okta answered 500.",)}, "groups: Okta answered 500."),
    ],
    ids=["unfinished", "second figure", "duplicates", "empty", "shrunk", "rejected", "told"],
)
def test_anything_that_is_not_whole_is_partial_with_its_reason(
    streams: tuple[Stream, ...], changed: dict[str, Any], reason: str
) -> None:
    found, reasons = judge(streams, **changed)

    assert found == "partial"
    assert [r for r in reasons if r.startswith(reason)] == list(reasons)


def test_exactly_a_fifth_fewer_is_still_complete_and_every_reason_is_given() -> None:
    torn = DONE.model_copy(update={"done": False, "expected": 101})

    assert judge(figure=80, previous=100)[0] == "complete"
    assert len(judge((torn,), figure=0, rejected=("x",), reasons=("y",))[1]) == 5


def certificate_for(raw: bytes, **changed: Any) -> Certificate:
    content = gzip.decompress(raw)
    facts = {
        "source": "okta", "system": "okta", "connector": "okta", "code": "0.1", "config_sha256": "c", "host": "h",
        "credential": "k", "started_by": "t", "started_at": NOW, "ended_at": NOW, "as_of": NOW,
        "streams": (Stream(name="users", path="/users", pages=2, rows=3, done=True),),
        "raw_sha256": hashlib.sha256(raw).hexdigest(), "raw_content_sha256": hashlib.sha256(content).hexdigest(),
        "lines_sha256": "l", "accounts_sha256": "a", "counts": {}, "verdict": "complete",
    }  # fmt: skip
    return Certificate.model_validate({**facts, **changed})


@pytest.fixture
def raw(tmp_path: Path) -> bytes:
    """A raw file of two pages with three rows, and a refused call."""
    with RawWriter(tmp_path / "raw") as writer:
        writer.add(
            "users", "", "https://a/1", 200, 2, {"Date": "x", "Authorization": "SSWS s"}, b'[{"id":1},{"id":2}]', NOW
        )
        writer.add("users", "", "https://a/2", 429, 0, {}, b"\xff\xfe", NOW)
        writer.add("users", "", "https://a/2", 200, 1, {"Set-Cookie": "sid=1"}, '[{"id":"Zoë"}]'.encode(), NOW)
    return (tmp_path / "raw").read_bytes()


def test_a_raw_file_agrees_with_its_certificate_and_holds_no_secret(raw: bytes) -> None:
    assert reverify(certificate_for(raw), raw) == []
    assert b"SSWS" not in gzip.decompress(raw)
    assert b"sid=1" not in gzip.decompress(raw)


def rewritten(raw: bytes, change: Callable[[list[dict[str, Any]]], None]) -> bytes:
    entries = [json.loads(row) for row in gzip.decompress(raw).splitlines()]
    change(entries)
    return gzip.compress(b"".join(spell(entry) + b"\n" for entry in entries), mtime=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e[0].update(body=e[0]["body"].replace("1", "3")), "The answer in line 1 of the raw file (users)"),
        (lambda e: e.pop(1), "Line 2 of the raw file is numbered 2: an answer is missing or out of order."),
        (lambda e: e.reverse(), "Line 1 of the raw file is numbered 2"),
        (lambda e: e[2].update(rows=2), "users: the certificate says 3 rows, the raw file has 4."),
        (lambda e: e[0].pop("body"), "Line 1 of the raw file cannot be read: 'body'."),
    ],
    ids=["byte flipped", "line dropped", "lines swapped", "count edited", "body taken out"],
)
def test_whoever_changes_the_raw_file_is_found_even_with_a_new_digest(
    raw: bytes, change: Callable[[list[dict[str, Any]]], None], said: str
) -> None:
    altered = rewritten(raw, change)

    openly = reverify(certificate_for(raw), altered)
    cleverly = reverify(certificate_for(altered), altered)

    assert openly[:2] == [
        "The raw file is not the one that the certificate names.",
        "The content of the raw file is not the one that the certificate names.",
    ]
    assert [sentence for sentence in cleverly if sentence.startswith(said)]


def test_a_raw_file_that_is_cut_off_is_named(raw: bytes) -> None:
    found = reverify(certificate_for(raw), raw[:-20])

    assert found[1].startswith("The raw file is damaged")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": "partial"}, "The certificate says partial and gives no reason."),
        ({"streams": ()}, "The certificate says complete and is not: it has reasons against it, or no stream."),
        (
            {"streams": (Stream(name="users", path="/u", pages=2, rows=3, expected=4, done=True),)},
            "users: the certificate says complete, and this list is not.",
        ),
        (
            {"streams": (Stream(name="users", path="/u", pages=2, rows=3),)},
            "users: the certificate says complete, and this list is not.",
        ),
    ],
)
def test_a_verdict_that_its_own_figures_contradict_is_found(raw: bytes, changed: dict[str, Any], said: str) -> None:
    assert reverify(certificate_for(raw, **changed), raw) == [said]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz_", max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(values)
def test_our_fast_spelling_is_canonical_json(value: Any) -> None:
    assert spell(value) == canonical(value)


def test_each_row_of_lines_jsonl_is_what_its_reviewer_is_shown(world: World) -> None:
    (world.folder / "figma.csv").write_text(
        "login,role,used\nmaya@acme.test,=HYPERLINK(1),2026-09-01\nravi@acme.test,Tom <!channel>,\n", encoding="utf-8"
    )
    columns = {"login": "login", "entitlement": "role", "last_used": "used"}
    config = SourceConfig(id="figma", kind="csv", system="figma", settings={"file": "figma.csv", "columns": columns})

    pull = world.pull(config)

    rows = world.vault.get(pull.certificate.lines_sha256).splitlines()
    assert [hashlib.sha256(row).hexdigest() for row in rows] == [line.shown() for line in pull.lines]
    accounts = world.vault.get(pull.certificate.accounts_sha256).splitlines()
    assert accounts == [canonical(account.model_dump(mode="json")) for account in pull.accounts]
    assert world.vault.get(pull.certificate_sha256) == canonical(pull.certificate.model_dump(mode="json"))
