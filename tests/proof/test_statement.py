"""What may be signed: in-toto Statement v1 in canonical bytes, and nothing that a verifier would refuse or misread."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.kernel.statement import MAX_BYTES, MAX_SUBJECTS, TYPE, statement

KIND = "urn:attester:access_review/verdicts_signed/v1"
PREDICATE = {"case": "access_review/2026-Q4/github/maya", "seq": 1, "body": {"reason": "Ravi still deploys."}}


def subject(n: int = 0) -> dict[str, Any]:
    return {"name": f"lines-{n}.csv", "digest": {"sha256": f"{n:064x}"}, "mediaType": "text/csv"}


def test_a_statement_names_its_evidence_and_is_canonical() -> None:
    data = statement([subject()], KIND, PREDICATE)

    value = json.loads(data)
    assert set(value) == {"_type", "subject", "predicateType", "predicate"}
    assert value["_type"] == TYPE == "https://in-toto.io/Statement/v1"
    assert value["subject"] == [subject()]
    assert value["predicate"] == PREDICATE
    assert data == statement([dict(reversed(subject().items()))], KIND, dict(reversed(PREDICATE.items())))
    assert data.startswith(b'{"_type":"https://in-toto.io/Statement/v1","predicate":{"body":')


def test_a_reason_is_signed_as_it_was_typed() -> None:
    reason = 'Tom <!channel> 👩‍🚀 \u202eevil\u202c e\u0301 \u2028 \x00 "quoted" ключ'

    value = json.loads(statement([subject()], KIND, {"reason": reason}))

    assert value["predicate"]["reason"] == reason


def test_an_event_without_evidence_is_not_signed() -> None:
    with pytest.raises(ValueError, match="at least one evidence file"):
        statement([], KIND, PREDICATE)


def test_a_thousand_subjects_are_signed_and_one_more_is_not() -> None:
    assert len(json.loads(statement([subject(n) for n in range(MAX_SUBJECTS)], KIND, PREDICATE))["subject"]) == 1000
    for count in (1001, 1025):
        with pytest.raises(ValueError, match="at most 1,000 evidence files"):
            statement([subject(n) for n in range(count)], KIND, PREDICATE)


def test_a_statement_over_256_kib_is_not_signed() -> None:
    room = MAX_BYTES - len(statement([subject()], KIND, {"text": ""}))

    assert len(statement([subject()], KIND, {"text": "x" * room})) == MAX_BYTES
    with pytest.raises(ValueError, match="the limit is 262,144"):
        statement([subject()], KIND, {"text": "x" * (room + 1)})


@pytest.mark.parametrize(
    ("predicate", "why"),
    [
        ({"n": 2**53}, "canonical JSON"),
        ({"n": -(2**53)}, "canonical JSON"),
        ({"n": 0.1}, "no floating-point numbers"),
        ({"n": 1.0}, "no floating-point numbers"),
        ({"n": float("nan")}, "no floating-point numbers"),
        ({"deep": [{"er": (1, [2.5])}]}, "no floating-point numbers"),
        ({"text": "\ud800"}, "canonical JSON"),
        ({"\ud800": "text"}, "canonical JSON"),
        ({1: "text"}, "canonical JSON"),
        ({"bytes": b"x"}, "canonical JSON"),
        ({"set": {1}}, "canonical JSON"),
        ({}, "a predicate that is not empty"),
    ],
)
def test_what_json_cannot_carry_faithfully_is_not_signed(predicate: dict[Any, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        statement([subject()], KIND, predicate)


def test_the_largest_safe_integers_are_signed() -> None:
    limit = 2**53 - 1

    assert json.loads(statement([subject()], KIND, {"n": [limit, -limit]}))["predicate"] == {"n": [limit, -limit]}


def test_nesting_without_end_is_a_sentence_not_a_crash() -> None:
    value: Any = "x"
    for _ in range(5000):
        value = [value]

    with pytest.raises(ValueError, match="nested deeper than 64 levels"):
        statement([subject()], KIND, {"deep": value})


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "", "digest": {"sha256": "a" * 64}},
        {"digest": {"sha256": "a" * 64}},
        {"name": 7, "digest": {"sha256": "a" * 64}},
        {"name": "a"},
        {"name": "a", "digest": "a" * 64},
        {"name": "a", "digest": {}},
        {"name": "a", "digest": {"sha256": "A" * 64}},
        {"name": "a", "digest": {"sha256": "a" * 63}},
        {"name": "a", "digest": {"sha256": "a" * 64 + "\n"}},
    ],
)
def test_a_subject_without_name_or_sha256_is_not_signed(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="subject"):
        statement([wrong], KIND, PREDICATE)


def test_a_name_stands_once_in_a_statement() -> None:
    with pytest.raises(ValueError, match=r"two subjects are called 'lines-0\.csv'"):
        statement([subject(0), subject(1) | {"name": "lines-0.csv"}], KIND, PREDICATE)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=4))
def test_every_value_is_read_back_from_the_signed_bytes(predicate: dict[str, Any]) -> None:
    assert json.loads(statement([subject()], KIND, predicate))["predicate"] == predicate
