"""The end of a key as people see it, and as the runtime knows it: cards, asks, forms, time, named histories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from workflows.kernel.attestation import heard, spoken
from workflows.kernel.blocks import Block, actions, button, confirm, context, field, header, modal, section, text_input
from workflows.kernel.confirm import Wording, plainly
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.keykeeping import (
    NAME,
    AgreeKey,
    EndKey,
    KeyAgreed,
    KeyCompromised,
    KeyEnd,
    KeyLapsed,
    KeyRefused,
    KeyRetired,
    KeyRetireProposed,
    LapseKey,
    NoSettings,
    RefuseKey,
    case_of,
    decide,
    evolve,
    needs,
)
from workflows.kernel.ledger import LEDGER, KeyAdded
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
from workflows.kernel.publickey import der, fingerprint
from workflows.kernel.text import Mrkdwn, count, day, fill, joined, mrkdwn, when
from workflows.kernel.workflow import Do, Example, Interaction, OpenForm, Workflow

REASON = "reason"
HEADINGS = {
    "retired": "Key retired: both agreed", "compromised": "Key declared compromised: both agreed",
    "refused": "Key unchanged: refused", "lapsed": "Key unchanged: nobody answered in time",
}  # fmt: skip


def title(state: KeyEnd) -> str:
    """What the case is about, in a line."""
    if state.since is None:
        return f"Retire the signing key {state.keyid}"
    return f"Declare the signing key {state.keyid} compromised since {state.since.date().isoformat()}"


def summary(state: KeyEnd) -> CaseSummary:
    """The row by which the case is found."""
    open_ = state.status == "asked"
    return CaseSummary(
        case=state.case, workflow=NAME, control=state.control, title=title(state), status=state.status, open=open_,
        owner=state.asked[0].id, opened_at=state.proposed_at, due_at=state.lapse_at if open_ else None,
        wake_at=state.lapse_at if open_ else None, counts={"attestations": state.signed},
    )  # fmt: skip


def asked_now(state: KeyEnd) -> list[Person]:
    """Who has not answered yet."""
    return [p for p in state.asked if state.status == "asked" and p.id not in state.agreed]


def asks(state: KeyEnd) -> Sequence[Ask]:
    """One for each of the two."""
    waiting = {p.id for p in asked_now(state)}
    said = {"title": title(state), "detail": "It takes both of you.", "due_at": state.lapse_at}
    return [Ask(key=p.id, person=p.id, open=p.id in waiting, **said) for p in state.asked]


def cards(state: KeyEnd) -> Sequence[Card]:
    """One for each of the two, a message of its own for each proposal; buttons for who has not answered."""
    return [_card(state, person) for person in state.asked]


def _heading(state: KeyEnd, live: bool) -> str:
    if state.status != "asked":
        return HEADINGS[state.status]
    if not live:
        return "You agreed; the other one is asked"
    return "Please decide: retire a key?" if state.since is None else "Please decide: was a key in wrong hands?"


def _card(state: KeyEnd, person: Person) -> Card:
    live = person in asked_now(state)
    heading = _heading(state, live)
    blocks: list[Block] = [header(heading), section(_facts(state)), section(_said(state))]
    if live:
        ref, item = case_ref(state.case), str(state.round)
        sure = confirm("End this key for good?", "A key that was ended cannot be brought back.", "Agree")
        row = [
            button("Agree", Link(act="agree", ref=ref, item=item), style="danger", ask=sure),
            button("Refuse …", Link(act="refuse", ref=ref, item=item)),
        ]
        blocks.append(actions(*row))
    blocks.append(context(fill("Control {} · case {}", mrkdwn(state.control, 40), mrkdwn(state.case, 255))))
    return Card(
        key=f"ask:{state.round}:{person.id}", to=person.id, text=f"{heading} {title(state)}", blocks=tuple(blocks),
        open=live, urgent=live and state.since is not None,
    )  # fmt: skip


def _facts(state: KeyEnd) -> Mrkdwn:
    lines = [
        fill("*{}*", mrkdwn(state.keyid, 60)),
        fill("In use since {}. It signed {}.", day(state.not_before), count(state.signed, "attestation")),
        fill("Its successor: {}", mrkdwn(", ".join(state.successors), 300)),
    ]
    lines.append(_what_follows(state))
    return joined(lines)


def _what_follows(state: KeyEnd) -> Mrkdwn:
    """What both would bring about, or have."""
    if state.status in ("refused", "lapsed"):
        return Mrkdwn("It goes on counting as before.")
    if state.since is None:
        if state.status == "retired" and state.not_after is not None:
            return fill("It ended {}. What it signed until then holds as before.", when(state.not_after))
        return Mrkdwn("If you both agree, it ends five minutes later. What it signed until then holds as before.")
    since = mrkdwn(f"{state.since:%Y-%m-%d %H:%M} UTC")
    condition = (
        "counts only where a time stamp or a stamped anchor shows that it is older than {}. Everything else that it"
    )
    if state.status == "compromised":
        return fill(f"What it signed {condition} signed is doubtful, in every packet from now on.", since)
    return fill(
        f"If you both agree, what it signed {condition} signed becomes doubtful, in every packet from then on.", since
    )


def _said(state: KeyEnd) -> Mrkdwn:
    names = {p.id: p.name for p in state.asked}
    if state.status == "refused":
        return fill("Refused: {}", mrkdwn(state.because, 300))
    if state.status == "lapsed":
        return Mrkdwn("Not both answered in time. It can be proposed again.")
    if state.status != "asked":
        return fill("Agreed: {}.", mrkdwn(" and ".join(names[p] for p in state.agreed), 200))
    agreed = (
        fill("{} agreed.", mrkdwn(names[state.agreed[0]], 100)) if state.agreed else Mrkdwn("Nobody has answered yet.")
    )
    return fill("It takes two people. {} Answer by {}.", agreed, when(state.lapse_at))


def assigned(state: KeyEnd | None, person: PersonId) -> bool:
    """Whether somebody is one of the two."""
    return state is not None and any(p.id == person for p in state.asked)


def forms(said: Interaction, state: KeyEnd | None, _facts: Facts, _at: datetime) -> Do | OpenForm:
    """What a press or a submitted form means."""
    item = said.link.item
    if state is None or said.link.act not in ("agree", "refuse") or not item.isdecimal():
        raise Refused("outdated", "This button is from an older version.", "Use the newest message about this.")
    if said.link.act == "agree":
        return Do(command=AgreeKey(round=int(item)))
    if said.kind == "submit":
        typed = said.values.get(REASON, "")
        reason = typed.strip() if isinstance(typed, str) else ""
        if len(reason) < 10:
            raise FieldErrors({REASON: "Write at least 10 characters."})
        return Do(command=RefuseKey(round=int(item), reason=reason))
    why = field(
        REASON, "Why not?", text_input(long=True, most=1_000), hint="At least 10 characters. It ends the proposal."
    )
    return OpenForm(view=modal("Refuse", said.link, [section(mrkdwn(title(state))), why], submit="Refuse"))


def due(state: KeyEnd, now: datetime, _facts: Facts) -> Sequence[Command]:
    """It lapses where not both answered."""
    return (LapseKey(),) if state.status == "asked" and now >= state.lapse_at else ()


def confirming(state: KeyEnd, command: Command) -> Wording:
    """What whoever signs in for it lets happen."""
    if not isinstance(command, AgreeKey):
        return plainly(command)
    end = "retired" if state.since is None else f"declared compromised since {state.since:%Y-%m-%d %H:%M} UTC"
    return Wording((
        ("Decision", "Agree"),
        ("What", title(state)),
        ("It means", f"the key is {end}, and cannot be brought back"),
        ("Signed by it", f"{state.signed:,} attestations"),
    ))  # fmt: skip


def examples() -> Sequence[Example]:
    """A key that was retired, one that was in wrong hands, one that stays, and nobody's answer."""
    people = [
        Person(id=f"P-{name}", issuer="https://acme.test", login=f"{name}@acme.test", name=full, employed=True, slack_user=user)
        for name, full, user in (("dana", "Dana Okafor", "U0DANA"), ("ravi", "Ravi Patel", "U0RAVI"))
    ]  # fmt: skip
    control = Control(
        id="CC-01", title="Signing keys", text="", workflow="approval", criteria=("CC6.1",), owner="dana@acme.test"
    )
    facts = Facts(
        directory=Directory(people={p.id: p for p in people}), program="", control=control,
        company={"time_zone": "Europe/Berlin"}, owner="P-dana", deputy="P-ravi",
    )  # fmt: skip
    old, new = (fingerprint(der(text)) for text in _pems())
    at = datetime(2027, 10, 4, 9, 0, tzinfo=UTC)
    retire = EndKey(
        control="CC-01", keyid=old, not_before=datetime(2026, 10, 1, 9, 0, tzinfo=UTC), signed=1778, successors=(new,)
    )
    stolen = retire.model_copy(update={"since": datetime(2027, 9, 30, tzinfo=UTC)})
    command_line, dana, ravi = by_system("attester ledger retire"), by_person(people[0]), by_person(people[1])
    both = ((AgreeKey(), dana), (AgreeKey(), ravi))
    lapse = Actor(kind="time", due_at=at + timedelta(days=7))
    return (
        _example("retired", ((retire, command_line), *both), facts, at),
        _example("compromised", ((stolen, by_system("attester ledger compromised")), *both), facts, at),
        _example("refused", ((retire, command_line), (RefuseKey(reason="A server still signs with it."), ravi)), facts, at),
        _example("lapsed", ((retire, command_line), (LapseKey(), lapse)), facts, at, timedelta(days=8)),
    )  # fmt: skip


def _pems() -> list[str]:
    """The keys of the ledger's own example."""
    return [r.event.pem for r in LEDGER.examples()[0].history if isinstance(r.event, KeyAdded)]


def _example(
    name: str, acts: Sequence[tuple[Command, Actor]], facts: Facts, at: datetime, pause: timedelta = timedelta(hours=3)
) -> Example:  # fmt: skip
    case, state, history = case_of("CC-01", _pems()[0], at), None, list[Recorded]()
    for command, by in acts:
        for event in decide(state, command, by, at, facts).events:
            n = len(history) + 1
            history.append(
                Recorded(case=case, n=n, seq=n, event=event, at=at, by=heard(spoken(by)), attestation=f"{n:064x}")
            )
            state = evolve(state, history[-1])
        at += pause
    return Example(name=name, case=case, history=tuple(history), facts=facts, at=at)


def keykeeping(signs_with: str = "") -> Workflow:
    """The workflow as a process has it that signs with this key: it takes no answer that the key in question would sign."""
    return Workflow(
        name=NAME,
        criteria=("CC6.1",),
        settings=NoSettings,
        commands=(EndKey, AgreeKey, RefuseKey, LapseKey),
        events=(KeyRetireProposed, KeyAgreed, KeyRefused, KeyLapsed, KeyRetired, KeyCompromised),
        needs=needs,
        decide=partial(decide, signs_with=signs_with),
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


KEYKEEPING = keykeeping()
"""A workflow that the runtime has beside those of the registry: every control has it."""
