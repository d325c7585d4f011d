"""Evidence that somebody brought to a control, in a case of its own: what came, and what was not taken (CC4.1, CC7.1).

It decides nothing and asks nobody. That a file came is attested, because a later decision rests on its bytes; that one was
refused is attested too, without a byte of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from workflows.kernel.attestation import heard, spoken
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Directory, Value
from workflows.kernel.model import (
    Actor,
    CaseSummary,
    Command,
    Control,
    Event,
    EvidenceRef,
    FactNeeds,
    Facts,
    Need,
    Outcome,
    Recorded,
    by_system,
    case_id,
)
from workflows.kernel.workflow import Do, Example, Interaction, State, Workflow

NAME = "evidence"
Way = Literal["cli"]


class NoSettings(Value):
    """Nothing about these cases is set by the program."""


class Arrived(Value):
    """A file as it came. ``kind`` was ``recognised`` by its keys, or ``declared`` by whoever brought it.

    ``commit`` and ``repository`` are what they say it is about: a claim, unless something signed says so too.
    """

    name: str
    sha256: str
    size: int
    media_type: str
    kind: str
    kind_source: Literal["declared", "recognised"]
    commit: str = ""
    repository: str = ""


class ReceiveEvidence(Command):
    """These files are in the vault, read back."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False

    control: str
    how: Way
    files: tuple[Arrived, ...]


class RefuseEvidence(Command):
    """A file was not taken, and nothing of it was stored."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False

    control: str
    how: Way
    name: str
    size: int
    rule: str
    where: str


class EvidenceReceived(Event):
    """Files came for a control; each is a subject of this attestation."""

    NAME: ClassVar[str] = "evidence_received"
    control: str
    how: Way
    files: tuple[Arrived, ...]
    at: AwareDatetime

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return tuple(
            EvidenceRef(
                name=file.name, sha256=file.sha256, media_type=file.media_type, kind=file.kind, source=self.how,
                collected_at=self.at,
            )
            for file in self.files
        )  # fmt: skip


class EvidenceRefused(Event):
    """A file was not taken: by which rule, and where in it. Nothing of it is kept."""

    NAME: ClassVar[str] = "evidence_refused"
    control: str
    how: Way
    name: str
    size: int
    rule: str
    where: str


class Shelf(Value):
    """The case's state: how much came."""

    control: str
    opened_at: AwareDatetime
    files: int = 0
    refused: int = 0


def case_of(control: str) -> str:
    """The case of a control's evidence."""
    return case_id(NAME, control)


def needs(_state: State, _command: Command) -> FactNeeds:
    """Nothing beyond the state."""
    return FactNeeds()


def decide(_state: Shelf | None, command: Command, by: Actor, at: datetime, _facts: Facts) -> Outcome:
    """What came is noted, and what did not come in."""
    if by.kind != "system":
        raise Refused("not_for_people", "Evidence comes in by its own ways.", "Run: attester evidence push FILE")
    if isinstance(command, ReceiveEvidence):
        if not command.files:
            raise Refused("no_file", "No file came.", "Nothing was recorded.")
        received = EvidenceReceived(control=command.control, how=command.how, files=command.files, at=at)
        return Outcome(events=(received,))
    if isinstance(command, RefuseEvidence):
        return Outcome(events=(EvidenceRefused(**command.model_dump()),))
    raise Refused("unknown_command", "This is not done with evidence.", "Nothing was recorded.")


def evolve(state: Shelf | None, recorded: Recorded) -> Shelf | None:
    """What is known after this."""
    match recorded.event:
        case EvidenceReceived(control=control, files=files):
            state = state or Shelf(control=control, opened_at=recorded.at)
            return state.model_copy(update={"files": state.files + len(files)})
        case EvidenceRefused(control=control):
            state = state or Shelf(control=control, opened_at=recorded.at)
            return state.model_copy(update={"refused": state.refused + 1})
    return state


def summary(state: Shelf) -> CaseSummary:
    """The case's row: never open, because nothing is wanted of anybody."""
    return CaseSummary(
        case=case_of(state.control), workflow=NAME, control=state.control, title=f"Evidence for {state.control}",
        status=f"{state.files} received, {state.refused} refused", open=False, opened_at=state.opened_at,
    )  # fmt: skip


def forms(_said: Interaction, _state: State, _facts: Facts, _at: datetime) -> Do:
    """Nothing of this case can be pressed."""
    raise Refused("nothing_to_press", "Evidence is not brought by a press.", "Nothing was recorded.")


def examples() -> Sequence[Example]:
    """A report that came, and one with a secret in it that did not."""
    control = Control(id="CHG-1", title="Changes are scanned", text="", workflow=NAME, criteria=("CC7.1",), owner="")
    facts = Facts(directory=Directory(people={}), program="", control=control)
    report = Arrived(
        name="semgrep.json", sha256="9c1f" * 16, size=48_211, media_type="application/json", kind="semgrep",
        kind_source="recognised", commit="41ab" * 10, repository="acme/payments",
    )  # fmt: skip
    told: list[Command] = [
        ReceiveEvidence(control="CHG-1", how="cli", files=(report,)),
        RefuseEvidence(
            control="CHG-1", how="cli", name="gitleaks.json", size=812, rule="gitleaks", where="/0/Secret"
        ),
    ]  # fmt: skip
    at, by, state = datetime(2026, 11, 2, 9, 0, tzinfo=UTC), by_system("attester evidence push"), None
    history: list[Recorded] = []
    for number, command in enumerate(told, 1):
        (event,) = decide(state, command, by, at, facts).events
        recorded = Recorded(
            case=case_of("CHG-1"),
            n=number,
            seq=number,
            event=event,
            at=at,
            by=heard(spoken(by)),
            attestation=f"{number:064x}",
        )
        history.append(recorded)
        state = evolve(state, recorded)
    return (Example(name="a_report_and_a_secret", case=case_of("CHG-1"), history=tuple(history), facts=facts, at=at),)


EVIDENCE = Workflow(
    name=NAME,
    criteria=("CC4.1", "CC7.1"),
    settings=NoSettings,
    commands=(ReceiveEvidence, RefuseEvidence),
    events=(EvidenceReceived, EvidenceRefused),
    needs=needs,
    decide=decide,
    evolve=evolve,
    summary=summary,
    asks=lambda _state: (),
    cards=lambda _state: (),
    assigned=lambda _state, _person: False,
    forms=forms,
    openings=lambda _control, _company, _now: (),
    due=lambda _state, _now, _facts: (),
    pulled=lambda _state, _collection: None,
    examples=examples,
)
"""A workflow that the runtime has beside those of the registry: it performs no control."""
