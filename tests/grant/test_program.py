"""What the program may say about granting through a source; everything else is a problem with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo.stage import MODELS
from bot.program.acme import BASE, copy_sample
from bot.program.load import check
from bot.sources.settings import SETTINGS
from tests.grant.house import HEAD

GITHUB = "through: github\n    team: acme/writers"


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        (GITHUB, "through: okta", "`github` is a source of kind csv, and through: okta grants in Okta."),
        (GITHUB, "through: github", "`through: github` and `team` go together"),
        (GITHUB, "team: acme/writers", "`through: github` and `team` go together"),
        ("acme/writers", "writers", "not written as ORG/TEAM"),
        ("acme/writers", "acme/../writers", "not written as ORG/TEAM"),
        ("acme/writers", "acme/..", "not written as ORG/TEAM"),
        ("acme/writers", "acme/Writers and more", "not written as ORG/TEAM"),
        ("through: github", "through: aws", "`aws`"),
    ],
)
def test_a_way_that_leads_nowhere_is_a_problem(tmp_path: Path, there: str, instead: str, said: str) -> None:
    copy_sample(tmp_path, MODELS, SETTINGS, today=BASE)
    assert there in HEAD
    (tmp_path / "controls/approval.yaml").write_text(HEAD.replace(there, instead), encoding="utf-8")

    found = check(tmp_path, MODELS, SETTINGS, today=BASE)

    assert any(said in str(problem) for problem in found), [str(p) for p in found]


def test_a_way_that_leads_somewhere_is_none(tmp_path: Path) -> None:
    copy_sample(tmp_path, MODELS, SETTINGS, today=BASE)
    (tmp_path / "controls/approval.yaml").write_text(HEAD, encoding="utf-8")

    assert check(tmp_path, MODELS, SETTINGS, today=BASE) == []


def test_only_groups_are_granted_through_okta(tmp_path: Path) -> None:
    copy_sample(tmp_path, MODELS, SETTINGS, today=BASE)
    sources = tmp_path / "sources.yaml"
    added = "\n  - id: okta\n    kind: okta\n    system: Okta\n    settings: {reviews: [groups]}\n\nout_of_scope:\n"
    sources.write_text(sources.read_text(encoding="utf-8").replace("\nout_of_scope:\n", added, 1), encoding="utf-8")
    control = HEAD.replace("source: github", "source: okta").replace(GITHUB, "through: okta")
    (tmp_path / "controls/approval.yaml").write_text(control, encoding="utf-8")

    found = [str(p) for p in check(tmp_path, MODELS, SETTINGS, today=BASE)]

    assert any("is no Okta group" in p for p in found), found
