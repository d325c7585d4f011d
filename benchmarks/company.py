"""A made-up company of any size: who works there, who manages whom, what access they hold. Same seed, same company."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

STARTS = date(2026, 10, 1)
"""The first day of the quarter that is reviewed."""
SEED = 20_261_001
REPORTS = 10
"""How many people each manager has."""

COMPANY = """\
name: Borealis
time_zone: Europe/Berlin
control_owner: dana@borealis.test
deputy: ravi@borealis.test
"""
CONTROL = f"""\
id: AC-04
title: Quarterly access review
text: Every quarter, somebody independent of the holder decides for each access whether it is still needed.
workflow: access_review
criteria: [CC6.1, CC6.2, CC6.3]
cadence: {{every: quarter, opens: 5th working day, due: 14d}}
starts: {STARTS}
sources:
  - {{id: code, max_age: 48h}}
  - {{id: cloud, max_age: 48h}}
reviewers:
  order: [manager, app_owner]
  fallback: [dana@borealis.test, ravi@borealis.test]
"""
SOURCES = """\
sources:
  - id: people
    kind: csv
    system: Directory
    directory: true
    settings:
      file: data/people.csv
      role: directory
      as_of: pulled
      came_from: the people team's export
      uploaded_by: dana@borealis.test
      manager_by: login
      columns: {id: id, login: login, name: name, email: email, manager: manager, employed: employed, slack_user: slack}
"""
SOURCE = """\
  - id: {id}
    kind: csv
    system: {system}
    owner: ravi@borealis.test
    remover: lena@borealis.test
    privileged: ["admin:*"]
    ordinary: ["write:*"]
    max_shrink: 0.9
    settings:
      file: data/{id}.csv
      as_of: pulled
      came_from: the vendor's export
      uploaded_by: lena@borealis.test
      email_verified: true
      kinds: {{member: human}}
      columns:
        id: id
        login: login
        name: name
        email: email
        kind: kind
        active: active
        mfa: mfa
        created_at: created
        entitlement: role
        entitlement_id: role_id
        resource: place
        granted_at: granted
        last_used: used
        via: via
"""
PERSON = ("id", "login", "name", "email", "manager", "employed", "slack")
ACCESS = (
    "id", "login", "name", "email", "kind", "active", "mfa", "created", "role", "role_id", "place", "granted", "used", "via",
)  # fmt: skip
SYSTEMS = {"code": "Code hosting", "cloud": "Cloud console"}
PLACES = 12


@dataclass(frozen=True)
class Somebody:
    """One person of the company."""

    id: str
    login: str
    name: str
    manager: str
    employed: bool = True

    def row(self) -> tuple[str, ...]:
        """Their row of the directory's export."""
        slack = "U" + self.id.replace("-", "")
        return (self.id, self.login, self.name, self.login, self.manager, "yes" if self.employed else "no", slack)


def people(reviewers: int) -> tuple[list[Somebody], list[Somebody]]:
    """The managers and everybody else: each manager has ten reports, and every fiftieth of these has left."""
    domain = "borealis.test"
    top = [Somebody(f"T-{n}", f"{name}@{domain}", name.title(), "") for n, name in enumerate(("dana", "ravi", "lena"))]
    managers = [Somebody(f"M-{n:04}", f"manager{n}@{domain}", f"Maya {n}", f"dana@{domain}") for n in range(reviewers)]
    staff = [
        Somebody(f"S-{n:05}", f"staff{n}@{domain}", f"Tom {n}", managers[n // REPORTS].login, employed=n % 50 != 7)
        for n in range(reviewers * REPORTS)
    ]
    return managers, [*top, *staff]


def access(source: str, holders: Sequence[Somebody], each: int, dice: random.Random) -> list[tuple[str, ...]]:
    """The rows of a system's export: so many accesses of each holder, one in forty of them privileged."""
    rows = []
    for who in holders:
        for place in dice.sample(range(PLACES), each):
            level = "admin" if dice.random() < 0.025 else "write"
            used = STARTS - timedelta(days=dice.randrange(1, 80))
            rows.append(
                (
                    who.id, who.login, who.name, who.login, "member", "yes", "yes", "2024-01-15",
                    level.title(), f"{level}:{place}", f"{source}-{place}", "2025-02-01", used.isoformat(), "direct",
                )
            )  # fmt: skip
    return rows


def write_company(folder: Path, lines: int, reviewers: int) -> None:
    """Write the program and the exports of a company with so many lines of access under so many managers."""
    managers, others = people(reviewers)
    staff = [p for p in others if p.manager in {m.login for m in managers}]
    each = lines // len(staff)
    if each * len(staff) != lines:
        raise ValueError(f"{lines} lines cannot be spread evenly over {len(staff)} people")
    dice = random.Random(SEED)
    (folder / "controls").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "company.yaml").write_text(COMPANY, encoding="utf-8")
    (folder / "controls" / "access-review.yaml").write_text(CONTROL, encoding="utf-8")
    listed = [SOURCE.format(id=name, system=system) for name, system in SYSTEMS.items()]
    (folder / "sources.yaml").write_text(SOURCES + "".join(listed), encoding="utf-8")
    export(folder / "data" / "people.csv", PERSON, (p.row() for p in [*others[:3], *managers, *others[3:]]))
    some = each - each // 2
    export(folder / "data" / "code.csv", ACCESS, access("code", staff, some, dice))
    export(folder / "data" / "cloud.csv", ACCESS, access("cloud", staff, each - some, dice))


def without(path: Path, gone: set[tuple[str, str]]) -> None:
    """Write a system's export again, without these (account, role id)."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    export(path, head, (r for r in rows if (r[0], r[ACCESS.index("role_id")]) not in gone))


def export(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
