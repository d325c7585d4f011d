"""Within a case nothing can be left out: each attestation is numbered and names the one before it."""

from __future__ import annotations

import pytest

from bot.packet.verifier.case import Cases, Step
from bot.packet.verifier.report import Report

IDS = {n: f"{n:064x}" for n in range(10)}


def step(seq: int, previous: int | None, case: str = "access_review/maya") -> Step:
    return Step(IDS[seq], case, seq, None if previous is None else IDS[previous], "2026-10-07T07:00:00.000000Z")


def findings(*steps: Step, told: set[str] | None = None) -> list[str]:
    report, cases = Report(), Cases(told or set())
    for one in steps:
        cases.follow(one, report)
    return [finding.verdict for finding in report.findings]


def test_a_whole_case_has_no_gap() -> None:
    assert findings(step(1, None), step(2, 1), step(3, 2)) == []


def test_a_case_may_have_begun_before_the_interval() -> None:
    assert findings(step(4, 3), step(5, 4)) == []


def test_two_cases_do_not_disturb_each_other() -> None:
    assert (
        findings(step(1, None), step(1, None, "access_review/tom"), step(2, 1), step(2, 1, "access_review/tom")) == []
    )


@pytest.mark.parametrize(
    "steps",
    [
        (step(1, None), step(3, 2)),
        (step(1, None), step(2, 1), step(2, 1)),
        (step(2, 1), step(1, None)),
        (step(1, None), step(2, 7)),
        (step(5, 4), step(7, 4)),
    ],
)
def test_a_gap_a_repetition_or_another_order_is_missing_something(steps: tuple[Step, ...]) -> None:
    assert findings(*steps) == ["missing"]


def test_what_was_erased_or_failed_by_itself_leaves_no_second_finding() -> None:
    assert findings(step(1, None), step(3, 2), told={IDS[2]}) == []
    assert findings(step(1, None), step(4, 3), told={IDS[2]}) == ["missing"]
