"""Pulling: the directory first, one at a time, every attempt on record, every watching case told, nothing half-loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.pull import LEASE_SECONDS, Puller, PullRunning
from bot.sources.certified import CertifiedSource
from bot.sources.csv import CsvConnector
from bot.store.database import Database
from bot.store.snapshot import Snapshots
from tests.sources.census import Attester, sources
from tests.sources.world import NOW
from workflows.kernel.identity import Pull
from workflows.kernel.ports import SourceFailed


@pytest.fixture
def attester(database_url: str, tmp_path: Path) -> Iterator[Attester]:
    database = Database(database_url)
    found = Attester(database, tmp_path)
    found.apply()
    yield found
    database.close()


class Killed(BaseException):
    """The process dies here."""


def test_a_pull_is_loaded_linked_to_the_directory_and_told_to_every_case_that_watches(attester: Attester) -> None:
    first, second = attester.begin("census/1"), attester.begin("census/2")

    collection = attester.puller.pull("github", "cli: dana")

    lines = list(attester.snapshots.lines(collection.id))
    assert (collection.verdict, collection.number) == ("complete", 1)
    assert [(x.account.person, x.entitlement.name) for x in lines] == [("00umaya", "admin"), ("00uravi", "write")]
    # Once for the directory, which had to come first, and once for GitHub.
    assert attester.notes(first) == attester.notes(second) == [("complete", "identity pull")] * 2
    certificate = json.loads(attester.vault.get(collection.id))
    assert certificate["started_by"] == "cli: dana"
    assert certificate["directory"] == attester.facts.directory().digest != ""


def test_the_directory_is_not_pulled_again_while_it_is_fresh(attester: Attester) -> None:
    attester.puller.pull("github", "cli")
    attester.puller.pull("github", "cli")

    assert len(attester.snapshots.collections("people")) == 1
    attester.clock.wait(49 * 3600)
    attester.puller.pull("github", "cli")
    assert len(attester.snapshots.collections("people")) == 2


def test_a_partial_pull_is_on_record_with_its_reasons_told_and_loads_nothing(attester: Attester) -> None:
    case = attester.begin()
    attester.puller.pull("github", "cli")
    (attester.folder / "github.csv").write_text("login,roles\nmaya@acme.test,admin\n", encoding="utf-8")

    partial = attester.puller.pull("github", "cli")

    latest = attester.snapshots.latest("github")
    assert (partial.verdict, partial.number, partial.lines) == ("partial", 2, 0)
    assert "it lacks: 'role'" in partial.reasons[0]
    assert latest is not None
    assert latest.number == 1
    assert attester.notes(case)[-1] == ("partial", "identity pull")


def test_a_source_that_cannot_even_be_opened_is_a_partial_pull_with_the_reason(attester: Attester) -> None:
    attester.puller.pull("people", "cli")

    found = attester.puller.pull("okta", "cli")

    assert found.verdict == "partial"
    assert found.reasons == ("NO_SUCH_TOKEN is not set, and the program names it as a credential. Set it.",)
    assert attester.vault.has(found.id)
    assert attester.vault.get(found.raw_sha256) == b""


def test_a_source_that_the_program_does_not_name_is_refused_with_those_it_names(attester: Attester) -> None:
    with pytest.raises(SourceFailed, match=r"names no source figma\. It names: github, people, okta\."):
        attester.puller.pull("figma", "cli")


def test_one_source_is_pulled_by_one_process_at_a_time(attester: Attester) -> None:
    attester.puller.pull("people", "cli")
    assert attester.snapshots.lease("github", NOW, 60, "another worker")

    with pytest.raises(PullRunning, match="github is being pulled by another process"):
        attester.puller.pull("github", "cli")

    attester.snapshots.release("github", "another worker")
    assert attester.puller.pull("github", "cli").verdict == "complete"
    assert attester.snapshots.lease("github", NOW, 60, "a third")


def test_a_case_that_refuses_does_not_keep_the_others_from_hearing(attester: Attester) -> None:
    attester.begin("census/deaf")
    hearing = attester.begin("census/hearing")

    attester.puller.pull("people", "cli")

    assert attester.notes("census/deaf") == []
    assert attester.notes(hearing) == [("complete", "identity pull")]


@pytest.mark.parametrize("where", ["while collecting", "while reading", "before loading"])
def test_a_killed_pull_leaves_no_lines_and_is_on_record_once_as_broken_off(
    attester: Attester, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    case = attester.begin()
    before = attester.puller.pull("github", "cli")
    attester.clock.wait(3600)
    with monkeypatch.context() as patch:
        _die(patch, where)
        with pytest.raises(Killed):
            attester.puller.pull("github", "cli: dana")
    loaded = attester.snapshots.latest("github", complete_only=False)

    attester.clock.wait(LEASE_SECONDS + 1)
    after = attester.puller.pull("github", "cli: ravi")

    newest, broken, first = attester.snapshots.collections("github")
    assert loaded == first == before
    assert newest == after
    assert (broken.verdict, after.verdict) == ("partial", "complete")
    assert broken.reasons[0].startswith("The pull that began at 2026-10-03 07:10 UTC was broken off before its end.")
    assert json.loads(attester.vault.get(broken.id))["started_by"] == "cli: dana"
    assert attester.vault.get(broken.raw_sha256) == (
        b"" if where == "while collecting" else (attester.folder / "github.csv").read_bytes()
    )
    assert [verdict for verdict, _ in attester.notes(case)] == ["complete", "complete", "partial", "complete"]
    assert list((attester.settings.data / "pulls").iterdir()) == []


@pytest.mark.parametrize(("where", "told"), [("before telling", 1), ("after telling", 2)])
def test_a_pull_that_was_loaded_before_the_kill_stands_and_is_told_again(
    attester: Attester, monkeypatch: pytest.MonkeyPatch, where: str, told: int
) -> None:
    attester.puller.pull("people", "cli")
    case = attester.begin()
    with monkeypatch.context() as patch:
        _die(patch, where)
        with pytest.raises(Killed):
            attester.puller.pull("github", "cli")

    attester.clock.wait(LEASE_SECONDS + 1)
    attester.puller.pull("github", "cli")

    assert [c.verdict for c in attester.snapshots.collections("github")] == ["complete", "complete"]
    assert [verdict for verdict, _ in attester.notes(case)] == ["complete"] * (told + 1)


def _die(patch: pytest.MonkeyPatch, where: str) -> None:
    """Let the process die at this place."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    if where == "while collecting":
        patch.setattr(CsvConnector, "_as_of", killed)
        patch.setattr(CsvConnector, "_path", killed)
    elif where == "while reading":
        patch.setattr(CsvConnector, "read", killed)
    elif where == "before loading":
        patch.setattr(Snapshots, "save", killed)
    elif where == "before telling":
        patch.setattr(Puller, "tell", killed)
    else:
        patch.setattr(CertifiedSource, "clear", killed)


def test_every_source_is_pulled_the_directory_first(attester: Attester) -> None:
    found = attester.puller.pull_all("nightly")

    assert [c.source for c in found] == ["people", "github", "okta"]
    assert [c.verdict for c in found] == ["complete", "complete", "partial"]


def test_sources_are_due_at_first_nightly_and_hourly_after_a_failure(attester: Attester) -> None:
    never = attester.puller.due(NOW)
    attester.puller.pull_all("nightly")

    after = {hours: attester.puller.due(NOW + timedelta(hours=hours)) for hours in (0.5, 1, 6, 24)}

    assert never == ["people", "github", "okta"]
    assert after == {0.5: [], 1: ["okta"], 6: ["people", "okta"], 24: ["people", "github", "okta"]}


def test_a_long_pull_keeps_its_source_taken(attester: Attester, monkeypatch: pytest.MonkeyPatch) -> None:
    attester.puller.pull("people", "cli")
    taken: list[bool] = []
    opened = attester.puller._opener.open

    def slow(config: object, progress: object) -> object:
        for _ in range(3):
            attester.clock.wait(LEASE_SECONDS - 60)
            progress("rows: 1,000")  # type: ignore[operator]
            taken.append(not attester.snapshots.lease("github", attester.clock.now(), 60, "another"))
        return opened(config, progress)  # type: ignore[arg-type]

    monkeypatch.setattr(attester.puller._opener, "open", slow)
    attester.puller.pull("github", "cli")

    assert taken == [True, True, True]
    assert attester.heard == ["rows: 1,000"] * 3


def test_a_pull_that_cannot_be_stored_is_partial_with_its_answers_kept(attester: Attester) -> None:
    attester.puller.pull("people", "cli")
    text = f"login,role\n{'x' * 5000},admin\n"
    (attester.folder / "github.csv").write_text(text, encoding="utf-8")

    found = attester.puller.pull("github", "cli")

    assert (found.verdict, found.lines) == ("partial", 0)
    assert "is longer than" in found.reasons[0]
    assert attester.vault.get(found.raw_sha256) == text.encode()


def test_the_same_certificate_is_one_collection(attester: Attester) -> None:
    attester.puller.pull_all("cli")
    config = sources()[0]
    source = attester.puller._opener.open(config, attester.heard.append)
    found: Pull = source.pull(attester.facts.directory(), attester.snapshots.latest("github"), "cli")

    once, twice = attester.snapshots.save(found), attester.snapshots.save(found)

    assert once == twice
    assert [c.number for c in attester.snapshots.collections("github")] == [2, 1]
