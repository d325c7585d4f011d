"""Acme and its people, as values that a test may change: who is employed, who is linked, who is a guest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.facts import NoProgram
from bot.slack.ports import Installation
from workflows.kernel.identity import Directory, Person, directory_of
from workflows.kernel.model import CaseId, Control, FactNeeds, Facts
from workflows.kernel.ports import ChatUser
from workflows.kernel.program import Company, Program, SourceConfig

TEAM = "T0ACME"

CONTROL = Control(
    id="CTL-1",
    title="Errands",
    text="Errands are approved.",
    workflow="errand",
    criteria=("CC6.2",),
    owner="dana@acme.test",
)
PROGRAM = Program(
    digest="0" * 64,
    company=Company(name="Acme", control_owner="dana@acme.test"),
    controls=(CONTROL,),
    sources=(SourceConfig(id="okta", kind="okta", system="okta"),),
)


def person(name: str, slack: str | None, employed: bool | None = True) -> Person:
    first = name.split()[0].lower()
    login = f"{first}@acme.test"
    return Person(id=f"00u-{first}", issuer="okta", login=login, name=name, employed=employed, slack_user=slack)


def member(user: str, name: str, **flags: bool | None) -> ChatUser:
    plain: dict[str, Any] = dict.fromkeys(
        ("deleted", "bot", "restricted", "ultra_restricted", "stranger", "invited"), False
    )
    return ChatUser(user=user, team=TEAM, name=name, **(plain | flags))


PEOPLE = (
    person("Maya Chen", "U0MAYA"),
    person("Dana Okafor", "U0DANA"),
    person("Ravi Patel", "U0RAVI"),
    person("Lena Fischer", "U0LENA"),
    person("Tom Left", "U0TOM", employed=False),
    person("Ines Vega", "U0INES", employed=None),
)
MEMBERS = (
    member("U0MAYA", "Maya Chen"),
    member("U0DANA", "Dana Okafor"),
    member("U0RAVI", "Ravi Patel"),
    member("U0LENA", "Lena Fischer", restricted=True),
    member("U0TOM", "Tom Left"),
    member("U0INES", "Ines Vega"),
    member("U0NOBODY", "Not Linked"),
)


INSTALLED = Installation(team=TEAM, workspace="Acme", app="A0ATT", bot="B0ATT", bot_user="U0ATT")


@dataclass
class Book:
    """The directory, the program in force and the installation, as values that a test may change."""

    people: Directory = field(default_factory=lambda: directory_of(PEOPLE, digest="d" * 64))
    installed: Installation | None = INSTALLED
    programmed: bool = True

    def directory(self) -> Directory:
        return self.people

    def program(self) -> Program:
        if not self.programmed:
            raise NoProgram
        return PROGRAM

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        return Facts(directory=self.people, program=PROGRAM.digest, control=CONTROL)
