"""The erasure as people see it, and as the runtime knows it: cards, asks, forms, time, one named history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from workflows.kernel.attestation import heard, spoken
from workflows.kernel.blocks import Block, actions, button, confirm, context, field, header, modal, section, text_input
from workflows.kernel.confirm import Wording, plainly
from workflows.kernel.erasure import (
    NAME,
    AgreeErasure,
    Erasure,
    ErasureAgreed,
    ErasureDone,
    ErasureLapsed,
    ErasureProposed,
    ErasureRefused,
    LapseErasure,
    NoSettings,
    NoteErased,
    PayloadsErased,
    ProposeErasure,
    RefuseErasure,
    case_of,
    decide,
    evolve,
    needs,
)
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import (
    Actor,
    Ask,
    Card,
    CaseSummary,
    Command,
    Control,
    Facts,
    Recorded,
    by_person,
    by_system,
)
from workflows.kernel.text import Mrkdwn, count, day, fill, joined, mrkdwn, when
from workflows.kernel.workflow import Do, Example, Interaction, OpenForm, Workflow

REASON = "reason"
HEADINGS = {
    "asked": "Please decide: erase old records?", "agreed": "To be erased: both agreed", "erased": "Erased",
    "refused": "Not erased: refused", "lapsed": "Not erased: nobody answered in time",
}  # fmt: skip


def title(state: Erasure) -> str:
    """What the case is about, in a line."""
    return f"Erase {count(len(state.cases), 'case')} of {state.control} from before {state.before.date().isoformat()}"


def summary(state: Erasure) -> CaseSummary:
    """The row by which the case is found."""
    open_ = state.status in ("asked", "agreed")
    return CaseSummary(
        case=state.case, workflow=NAME, control=state.control, title=title(state), status=state.status, open=open_,
        owner=state.asked[0].id, opened_at=state.proposed_at, due_at=state.lapse_at if state.status == "asked" else None,
        wake_at=state.lapse_at if state.status == "asked" else None,
        counts={"cases": len(state.cases), "attestations": state.attestations},
    )  # fmt: skip


def asked_now(state: Erasure) -> list[Person]:
    """Who has not answered yet."""
    return [p for p in state.asked if state.status == "asked" and p.id not in state.agreed]


def asks(state: Erasure) -> Sequence[Ask]:
    """One for each of the two."""
    waiting = {p.id for p in asked_now(state)}
    said = {"title": title(state), "detail": "It takes both of you.", "due_at": state.lapse_at}
    return [Ask(key=p.id, person=p.id, open=p.id in waiting, **said) for p in state.asked]


def cards(state: Erasure) -> Sequence[Card]:
    """One for each of the two; buttons for who has not answered."""
    return [_card(state, person) for person in state.asked]


def _card(state: Erasure, person: Person) -> Card:
    live = person in asked_now(state)
    heading = HEADINGS[state.status] if live or state.status != "asked" else "You agreed; the other one is asked"
    blocks: list[Block] = [header(heading), section(_facts(state)), section(_said(state))]
    if live:
        ref = case_ref(state.case)
        sure = confirm("Erase for good?", "What is erased cannot be brought back, by nobody.", "Agree")
        row = [
            button("Agree", Link(act="agree", ref=ref), style="danger", ask=sure),
            button("Refuse …", Link(act="refuse", ref=ref)),
        ]
        blocks.append(actions(*row))
    blocks.append(context(fill("Control {} · case {}", mrkdwn(state.control, 40), mrkdwn(state.case, 255))))
    return Card(key=f"ask:{person.id}", to=person.id, text=f"{heading} {title(state)}", blocks=tuple(blocks), open=live)


def _facts(state: Erasure) -> Mrkdwn:
    lines = [
        fill(
            "*{}* with {} of {}, all closed before {}.", count(len(state.cases), "case"),
            count(state.attestations, "attestation"), mrkdwn(state.control, 40), day(state.before),
        ),
        fill("Ground: {}", mrkdwn(state.ground, 300)),
        fill("The program keeps records for {}; that time is over for all of them.", count(state.retention_years, "year")),
        Mrkdwn(
            "Erased are the texts: who decided what and why, and the files that were made for it. The log keeps digests, "
            "signatures and times, so every proof stays, and the names of the cases stay too."
        ),
    ]  # fmt: skip
    return joined(lines)


def _said(state: Erasure) -> Mrkdwn:
    names = {p.id: p.name for p in state.asked}
    if state.status == "refused":
        return fill("Refused: {}", mrkdwn(state.because, 300))
    if state.status != "asked":
        return fill("Agreed: {}.", mrkdwn(" and ".join(names[p] for p in state.agreed) or "nobody", 200))
    agreed = (
        fill("{} agreed.", mrkdwn(names[state.agreed[0]], 100)) if state.agreed else Mrkdwn("Nobody has answered yet.")
    )
    return fill("It takes two people. {} Answer by {}.", agreed, when(state.lapse_at))


def assigned(state: Erasure | None, person: PersonId) -> bool:
    """Whether somebody is one of the two."""
    return state is not None and any(p.id == person for p in state.asked)


def forms(said: Interaction, state: Erasure | None, _facts: Facts, _at: datetime) -> Do | OpenForm:
    """What a press or a submitted form means."""
    if state is None or said.link.act not in ("agree", "refuse"):
        raise Refused("outdated", "This button is from an older version.", "Use the newest message about this.")
    if said.link.act == "agree":
        return Do(command=AgreeErasure())
    if said.kind == "submit":
        typed = said.values.get(REASON, "")
        reason = typed.strip() if isinstance(typed, str) else ""
        if len(reason) < 10:
            raise FieldErrors({REASON: "Write at least 10 characters."})
        return Do(command=RefuseErasure(reason=reason))
    why = field(
        REASON, "Why not?", text_input(long=True, most=1_000), hint="At least 10 characters. It ends the proposal."
    )
    return OpenForm(view=modal("Refuse", said.link, [section(mrkdwn(title(state))), why], submit="Refuse"))


def due(state: Erasure, now: datetime, _facts: Facts) -> Sequence[Command]:
    """It lapses where not both answered."""
    return (LapseErasure(),) if state.status == "asked" and now >= state.lapse_at else ()


def confirming(state: Erasure, command: Command) -> Wording:
    """What whoever signs in for it lets happen."""
    if not isinstance(command, AgreeErasure):
        return plainly(command)
    return Wording((
        ("Decision", "Agree"),
        ("What", title(state)),
        ("It means", f"the texts of {state.attestations:,} attestations are erased for good; every proof stays"),
        ("Ground", state.ground),
        ("Cases", ", ".join(state.cases)),
    ))  # fmt: skip


def examples() -> Sequence[Example]:
    """Records of eight years ago, erased by two people."""
    people = [
        Person(id=f"P-{name}", issuer="https://acme.test", login=f"{name}@acme.test", name=full, employed=True, slack_user=user)
        for name, full, user in (("dana", "Dana Okafor", "U0DANA"), ("ravi", "Ravi Patel", "U0RAVI"))
    ]  # fmt: skip
    control = Control(
        id="AC-04", title="Access review", text="", workflow=NAME, criteria=("C1.2",), owner="dana@acme.test"
    )
    facts = Facts(
        directory=Directory(people={p.id: p for p in people}), program="", control=control,
        company={"time_zone": "Europe/Berlin", "retention_years": 7}, owner="P-dana", deputy="P-ravi",
    )  # fmt: skip
    at, before = datetime(2034, 2, 1, 9, 0, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    propose = ProposeErasure(
        control="AC-04", before=before, ground="Retention is over; nobody asked to keep it.",
        cases=("access_review/2026-Q4", "access_review/2026-Q4/github/maya@acme.test"), attestations=58,
    )  # fmt: skip
    whole = (
        (propose, by_system("attester ledger erase")), (AgreeErasure(), by_person(people[0])),
        (AgreeErasure(), by_person(people[1])), (NoteErased(attestations=58, files=41), by_system("attester")),
    )  # fmt: skip
    refused = (whole[0], (RefuseErasure(reason="A dispute with a customer is open."), by_person(people[1])))
    return (_example("erased", whole, facts, at), _example("refused", refused, facts, at))


def _example(name: str, acts: Sequence[tuple[Command, Actor]], facts: Facts, at: datetime) -> Example:
    case, state, history = case_of("AC-04", datetime(2027, 1, 1, tzinfo=UTC)), None, list[Recorded]()
    for command, by in acts:
        for event in decide(state, command, by, at, facts).events:
            n = len(history) + 1
            history.append(
                Recorded(case=case, n=n, seq=n, event=event, at=at, by=heard(spoken(by)), attestation=f"{n:064x}")
            )
            state = evolve(state, history[-1])
        at += timedelta(hours=3)
    return Example(name=name, case=case, history=tuple(history), facts=facts, at=at)


ERASURE = Workflow(
    name=NAME,
    criteria=("C1.2",),
    settings=NoSettings,
    commands=(ProposeErasure, AgreeErasure, RefuseErasure, LapseErasure, NoteErased),
    events=(ErasureProposed, ErasureAgreed, ErasureRefused, ErasureLapsed, PayloadsErased, ErasureDone),
    needs=needs,
    decide=decide,
    evolve=evolve,
    summary=summary,
    asks=asks,
    cards=cards,
    assigned=assigned,
    forms=forms,
    confirming=confirming,
    openings=lambda _control, _company, _now: (),
    due=due,
    pulled=lambda _state, _collection: None,
    examples=examples,
)
"""A workflow that the runtime has beside those of the registry: every control has it."""
