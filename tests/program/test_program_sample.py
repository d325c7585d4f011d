"""Acme, the sample company, through the real sources: everything that its README promises is really there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.program.acme import BASE, copy_sample, move_on, shifted
from bot.program.load import check, load
from bot.program.people import strangers
from bot.program.starter import FolderTaken
from bot.sources.opening import open_source
from bot.sources.settings import SETTINGS
from bot.vault.file import FileVault
from workflows.access_review.model import Settings
from workflows.kernel.identity import Directory, Line, Pull, directory_of
from workflows.kernel.independence import Access as Held
from workflows.kernel.independence import objection
from workflows.kernel.program import Program

WORKFLOWS = {"access_review": Settings}
TODAY = date(2027, 1, 8)


class At:
    """A clock that stands still."""

    def __init__(self, day: date) -> None:
        self._at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self._at


class Acme:
    """A copy of the sample, its program, and pulls of its sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "program"
        copy_sample(self.folder, WORKFLOWS, SETTINGS, today=TODAY)
        self.program: Program = load(self.folder, WORKFLOWS, SETTINGS, today=TODAY).program
        self._vault = FileVault(folder / "vault")
        self.directory: Directory = directory_of(self.pull("people").people)

    def pull(self, name: str) -> Pull:
        config = self.program.source(name)
        assert config is not None
        source = open_source(
            config,
            credential=None,
            base_url=None,
            base_folder=self.folder,
            vault=self._vault,
            clock=At(TODAY),
            code="test",
        )
        return source.pull(getattr(self, "directory", Directory(people={})), None, "a test")

    def lines(self, name: str) -> dict[tuple[str, str], Line]:
        pull = self.pull(name)
        assert pull.certificate.verdict == "complete", pull.certificate.reasons
        return {(line.account.login, line.entitlement.native_id): line for line in pull.lines}


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    return Acme(tmp_path)


def test_the_sample_passes_its_check_on_the_day_it_was_written_and_years_later(tmp_path: Path) -> None:
    for day in (BASE, date(2027, 6, 30), date(2035, 2, 28)):
        folder = tmp_path / day.isoformat()
        copy_sample(folder, WORKFLOWS, SETTINGS, today=day)

        assert check(folder, WORKFLOWS, SETTINGS, today=day) == []


def test_the_sample_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text("mine")

    with pytest.raises(FolderTaken):
        copy_sample(tmp_path, WORKFLOWS, SETTINGS, today=TODAY)

    assert [path.name for path in tmp_path.iterdir()] == ["company.yaml"]


def test_dates_move_along_with_the_day(acme: Acme) -> None:
    jun, kofi = (acme.directory.by_login(f"{name}@acme.test") for name in ("jun", "kofi"))

    assert jun is not None
    assert kofi is not None
    assert jun.ended_on == TODAY - timedelta(days=9)
    assert kofi.absent_until == TODAY + timedelta(days=16)
    assert shifted("2026-10-07T06:10:00Z and 10.0.2026-1", date(2026, 10, 9)) == "2026-10-09T06:10:00Z and 10.0.2026-1"


def test_every_system_is_complete_and_everybody_named_is_known(acme: Acme) -> None:
    counts = {name: len(acme.lines(name)) for name in ("github", "aws", "payroll")}

    assert counts == {"github": 15, "aws": 10, "payroll": 5}
    assert strangers(acme.program, acme.directory) == []


def test_somebody_has_left_and_still_has_two_accounts(acme: Acme) -> None:
    github, aws = acme.lines("github"), acme.lines("aws")
    left = [p.login for p in acme.directory.people.values() if p.employed is False]

    assert left == ["jun@acme.test"]
    assert github["juntanaka", "repo:web:write"].account.active is True
    assert aws["jun", "AWS production/PowerUserAccess"].via == ("direct", "group:engineers")


def test_orphan_guest_and_service_accounts_are_told_apart(acme: Acme) -> None:
    github, aws = acme.lines("github"), acme.lines("aws")
    tom, lena = acme.directory.by_login("tom@acme.test"), acme.directory.by_login("lena@acme.test")

    orphan = github["deploy-old", "repo:platform:write"].account
    guest = github["mika-design", "repo:web:read"].account
    robot = github["acme-ci-bot", "repo:web:write"].account
    backup = aws["backup-runner", "AWS production/BackupWriter"].account

    assert (orphan.link, orphan.person) == ("orphan", None)
    assert (guest.link, guest.kind, guest.mfa) == ("external", "external", None)
    assert tom is not None
    assert lena is not None
    assert (robot.kind, robot.owner) == ("service", tom.id)
    assert (backup.kind, backup.owner) == ("service", lena.id)


def test_privileged_access_is_known_and_unknown_stays_unknown(acme: Acme) -> None:
    lines = {**acme.lines("github"), **acme.lines("aws"), **acme.lines("payroll")}

    privileged = {(login, line.entitlement.name): line.entitlement.privileged for (login, _), line in lines.items()}

    assert privileged["ravi-p", "Owner"] is True
    assert privileged["tfischer", "Write"] is False
    assert privileged["backup-runner", "BackupWriter"] is None
    assert lines["peter", "Payroll/Editor"].account.mfa is None
    assert lines["elif", "AWS production/ReadOnlyAccess"].last_used.at is None


def test_every_entitlement_but_one_has_a_sentence_that_people_read(acme: Acme) -> None:
    lines = [*acme.lines("github").values(), *acme.lines("aws").values(), *acme.lines("payroll").values()]

    raw = {line.entitlement.native_id for line in lines if not line.entitlement.plain}

    assert raw == {"repo:billing:write"}


def test_the_administrator_of_aws_would_judge_himself_and_may_not(acme: Acme) -> None:
    line = acme.lines("aws")["ravi", "AWS production/AdministratorAccess"]
    ravi = acme.directory.by_login("ravi@acme.test")

    assert ravi is not None
    assert line.entitlement.owner == line.account.person == ravi.id
    refused = objection(ravi.id, Held(subject=line.account.person), acme.directory)
    assert refused is not None
    assert refused.code == "own_access"


def test_for_every_line_somebody_independent_can_be_asked(acme: Acme) -> None:
    """So that the demo closes its campaign without an exception."""
    alone = []
    for name in ("github", "aws", "payroll"):
        config = acme.program.source(name)
        assert config is not None
        owner = acme.directory.by_login(config.owner or "")
        for line in acme.lines(name).values():
            holder = acme.directory.get(line.account.person)
            candidates = [line.entitlement.owner, holder.manager if holder else None, owner.id if owner else None]
            access = Held(subject=line.account.person, owner=line.account.owner)
            if not any(c and objection(c, access, acme.directory) is None for c in candidates):
                alone.append(line.key)

    assert alone == []


def test_after_the_removal_the_second_lists_show_it_gone(acme: Acme) -> None:
    before = {name: set(acme.lines(name)) for name in ("github", "aws", "payroll")}

    move_on(acme.folder, "removed", today=TODAY)

    assert {name: before[name] - set(acme.lines(name)) for name in before} == {
        "github": {
            ("juntanaka", "repo:web:write"),
            ("deploy-old", "repo:platform:write"),
            ("elif-d", "repo:billing:write"),
        },
        "aws": {("jun", "AWS production/PowerUserAccess")},
        "payroll": {("tom", "Payroll/Viewer")},
    }


def test_what_is_removed_is_what_left_belongs_to_nobody_or_was_not_used(acme: Acme) -> None:
    before = {line.key: line for name in ("github", "aws", "payroll") for line in acme.lines(name).values()}
    day = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(days=89)
    suspect = set()
    for key, line in before.items():
        holder = acme.directory.get(line.account.person)
        used = line.last_used
        unused = used.none_since is not None or (used.at is not None and used.at < day)
        if (holder and holder.employed is False) or line.account.link == "orphan" or unused:
            suspect.add(key)
    suspect -= {key for key, line in before.items() if line.account.kind == "service"}

    move_on(acme.folder, "removed", today=TODAY)

    after = {line.key for name in ("github", "aws", "payroll") for line in acme.lines(name).values()}
    assert set(before) - after == suspect


def test_in_the_other_ending_one_access_is_still_there_by_another_path(acme: Acme) -> None:
    move_on(acme.folder, "still", today=TODAY)

    aws = acme.lines("aws")

    assert aws["jun", "AWS production/PowerUserAccess"].via == ("direct",)
    assert ("juntanaka", "repo:web:write") not in acme.lines("github")


def test_what_did_not_change_between_the_lists_is_the_same_line(acme: Acme) -> None:
    before = acme.lines("github")["tfischer", "repo:platform:write"]

    move_on(acme.folder, "removed", today=TODAY)

    assert acme.lines("github")["tfischer", "repo:platform:write"].substance() == before.substance()
    move_on(acme.folder, "acme", today=TODAY)
    assert ("juntanaka", "repo:web:write") in acme.lines("github")
