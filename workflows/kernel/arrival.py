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
from workflows.kernel.publisher import Signed
from workflows.kernel.workflow import Do, Example, Interaction, State, Workflow

NAME = "evidence"
Way = Literal["cli", "ci"]
TOKEN, KEYS = "ci.token", "ci.keys"
"""Kinds of the evidence that a run was who it said: its token, and its issuer's keys."""


class NoSettings(Value):
    """Nothing about these cases is set by the program."""


class Arrived(Value):
    """A file as it came. ``kind`` was ``recognised`` by its keys, or ``declared`` by whoever brought it.

    ``commit`` and ``repository`` are what they say it is about: a claim, unless something signed says so too. ``artifact``,
    ``window`` and ``transformed`` (how it was changed before it was sent) are always claims.
    """

    name: str
    sha256: str
    size: int
    media_type: str
    kind: str
    kind_source: Literal["declared", "recognised"]
    artifact: str = ""
    window: tuple[AwareDatetime, AwareDatetime] | None = None
    transformed: str = ""
    commit: str = ""
    repository: str = ""


class ReceiveEvidence(Command):
    """These files are in the vault, read back."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False

    control: str
    how: Way
    files: tuple[Arrived, ...]
    about: str = ""
    signed: Signed | None = None


class RefuseEvidence(Command):
    """Something was not taken, and nothing of it was stored."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False

    control: str
    how: Way
    name: str
    size: int
    rule: str
    where: str
    signed: Signed | None = None


class EvidenceReceived(Event):
    """Files came for a control; each is a subject of this attestation.

    ``signed`` says who signed what they are about: then the run's token and its issuer's keys are subjects too. ``about`` is
    the case that they were brought for, where one was named.
    """

    NAME: ClassVar[str] = "evidence_received"
    control: str
    how: Way
    files: tuple[Arrived, ...]
    at: AwareDatetime
    about: str = ""
    signed: Signed | None = None

    def evidence(self) -> tuple[EvidenceRef, ...]:
        return (*self.brought(), *self._proof())

    def brought(self) -> tuple[EvidenceRef, ...]:
        """The files themselves, in the order in which they came."""
        source = f"github:{self.signed.repository}" if self.signed else self.how
        binding = "signed" if self.signed else "claimed"
        return tuple(
            EvidenceRef(
                name=file.name, sha256=file.sha256, media_type=file.media_type, kind=file.kind, source=source,
                collected_at=self.at, binding=binding,
            )
            for file in self.files
        )  # fmt: skip

    def _proof(self) -> tuple[EvidenceRef, ...]:
        said = self.signed
        if said is None:
            return ()
        kept = (
            ("token.jwt", said.token, "application/jwt", TOKEN),
            ("jwks.json", said.keys, "application/jwk-set+json", KEYS),
        )
        return tuple(
            EvidenceRef(name=n, sha256=d, media_type=m, kind=k, source=said.issuer, collected_at=self.at)
            for n, d, m, k in kept
            if d
        )


class EvidenceRefused(Event):
    """A file was not taken, or a run of a pipeline was turned away with all of its files: by which rule, and where in it.

    Nothing of it is kept. ``name`` is empty where no single file was at fault; ``signed`` says whose run it was.
    """

    NAME: ClassVar[str] = "evidence_refused"
    control: str
    how: Way
    name: str
    size: int
    rule: str
    where: str
    signed: Signed | None = None


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
        received = EvidenceReceived(**dict(command), at=at)
        return Outcome(events=(received,))
    if isinstance(command, RefuseEvidence):
        return Outcome(events=(EvidenceRefused(**dict(command)),))
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
    """A report that came, and one with a secret in it that did not; a run that brought one, and runs that might not."""
    control = Control(id="CHG-1", title="Changes are scanned", text="", workflow=NAME, criteria=("CC7.1",), owner="")
    facts = Facts(directory=Directory(people={}), program="", control=control)
    report = Arrived(
        name="semgrep.json", sha256="9c1f" * 16, size=48_211, media_type="application/json", kind="semgrep",
        kind_source="recognised", commit="41ab" * 10, repository="acme/payments",
    )  # fmt: skip
    run = Signed(
        issuer="https://token.actions.githubusercontent.com", repository="acme/payments", repository_owner_id="4104",
        sha="41ab" * 10, ref="refs/heads/main", run_id="812", run_attempt="1", workflow="Scan",
        job_workflow_ref="acme/payments/.github/workflows/scan.yml@refs/heads/main", event_name="push", jti="5b1e",
        token="7c0d" * 16, keys="2f61" * 16,
    )  # fmt: skip
    told: list[Command] = [
        ReceiveEvidence(control="CHG-1", how="cli", files=(report,)),
        RefuseEvidence(
            control="CHG-1", how="cli", name="gitleaks.json", size=812, rule="gitleaks", where="/0/Secret"
        ),
        ReceiveEvidence(control="CHG-1", how="ci", files=(report,), signed=run),
        RefuseEvidence(
            control="CHG-1", how="ci", name="", size=0, rule="other_workflow", where="", signed=run
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
