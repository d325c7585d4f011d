"""Links as people see them and as the runtime knows them: cards, asks, forms, time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workflows.kernel.blocks import (
    Block,
    actions,
    button,
    context,
    field,
    header,
    modal,
    section,
    text_input,
    user_input,
)
from workflows.kernel.confirm import Wording, plainly
from workflows.kernel.errors import FieldErrors, Refused
from workflows.kernel.identity import Person, PersonId
from workflows.kernel.link import Link, case_ref
from workflows.kernel.linking import NAME, Account, NoSettings, Proposal, evolve
from workflows.kernel.linking_event import COMMANDS, EVENTS, AskLink, ConfirmLink, DeclineLink, LapseLink
from workflows.kernel.linking_example import examples
from workflows.kernel.linking_rule import SHORTEST, decide, needs
from workflows.kernel.model import Ask, Card, CaseSummary, Command, Facts
from workflows.kernel.text import Mrkdwn, fill, joined, mrkdwn, when
from workflows.kernel.workflow import Do, Interaction, OpenForm, Workflow

REASON, USER, LOGIN, WHY = "reason", "user", "login", "why"
PROPOSE = "propose_link"
HEADINGS = {
    "linked": "Slack account linked: two people decided", "refused": "Slack account unchanged: refused",
    "lapsed": "Slack account unchanged: not answered in time",
}  # fmt: skip
METHODS = {"step_up": "by a sign-in", "attested": "by two people, for what needs no sign-in"}


def title(state: Account) -> str:
    """What the case is about, in a line."""
    return "Changes of links of Slack accounts" if state.is_desk else f"Slack account {state.user}"


def status(state: Account) -> str:
    """`linked`, `stale`, `suspended`, `ended` or `not linked`; `asked` while two people decide."""
    if state.proposal is not None and state.proposal.waiting:
        return "asked"
    if state.link is None:
        return "ended" if state.links else "not linked"
    return "suspended" if state.link.suspended else "stale" if state.link.stale else "linked"


def summary(state: Account) -> CaseSummary:
    """The row by which the case is found."""
    asked = state.proposal if state.proposal is not None and state.proposal.waiting else None
    end = asked.lapse_at if asked else None
    return CaseSummary(
        case=state.case, workflow=NAME, control=NAME, title=title(state), status=status(state), open=asked is not None,
        owner=state.link.sub if state.link else None, opened_at=state.opened_at, due_at=end, wake_at=end,
    )  # fmt: skip


def asks(state: Account) -> Sequence[Ask]:
    """One for each who is asked."""
    asked = state.proposal
    if asked is None:
        return ()
    waiting = {p.id for p in asked.waiting}
    said = {"title": _question(state, asked), "detail": "It takes two people.", "due_at": asked.lapse_at}
    return [Ask(key=p.id, person=p.id, open=p.id in waiting, **said) for p in asked.asked]


def cards(state: Account) -> Sequence[Card]:
    """A message to each who is asked, and one to whoever is told of a changed login."""
    told = [] if state.notice is None else [_notice(state, person) for person in state.notice.told]
    asked = state.proposal
    return told if asked is None else [*told, *(_card(state, asked, person) for person in asked.asked)]


def _question(state: Account, asked: Proposal) -> str:
    if asked.status == "linked":
        return f"The Slack account of “{asked.called}” ({state.user}) counts as {asked.person.called()}."
    return f"Shall the Slack account of “{asked.called}” ({state.user}) count as {asked.person.called()}?"


def _card(state: Account, asked: Proposal, person: Person) -> Card:
    live = person in asked.waiting
    heading = HEADINGS.get(asked.status) or ("Please decide: whose Slack account is it?" if live else "You agreed")
    lines = [
        fill("*{}*", mrkdwn(_question(state, asked), 300)), fill("Why: {}", mrkdwn(asked.why, 500)),
        _proposed(asked), _so_far(state, asked),
    ]  # fmt: skip
    if asked.instead_of == asked.sub:
        lines.insert(1, Mrkdwn(":warning: Its link to this person is suspended; this would be a new one."))
    elif asked.instead_of:
        lines.insert(1, fill(":warning: It counts as *{}* now; that would end.", mrkdwn(asked.counted_as, 200)))
    blocks: list[Block] = [header(heading), section(joined(lines))]
    if live:
        ref, item = case_ref(state.case), str(asked.round)
        row = [
            button("Confirm", Link(act="agree", ref=ref, item=item)),
            button("Refuse …", Link(act="refuse", ref=ref, item=item)),
        ]
        blocks.append(actions(*row))
    blocks.append(context(fill("Workspace {} · case {}", mrkdwn(state.team, 64), mrkdwn(state.case, 255))))
    return Card(
        key=f"ask:{asked.round}:{person.id}", to=person.id, text=fill("{} · {}", heading, mrkdwn(_question(state, asked), 300)),
        blocks=tuple(blocks), open=live,
    )  # fmt: skip


def _proposed(asked: Proposal) -> Mrkdwn:
    where = fill("by {}", mrkdwn(asked.proposer, 100)) if asked.proposer else Mrkdwn("on the command line")
    if asked.status != "asked":
        return fill("Proposed {}.", where)
    return fill("Proposed {}. It takes two people who answer for controls, each by a sign-in.", where)


def _so_far(state: Account, asked: Proposal) -> Mrkdwn:
    if asked.status == "refused":
        return fill("Refused: {}", mrkdwn(asked.because, 300))
    if asked.status == "lapsed":
        return Mrkdwn("Not answered in time. It can be proposed again.")
    if asked.status == "linked":
        return Mrkdwn("What it does counts as theirs, wherever no sign-in is needed.")
    rest = fill(
        "If it is confirmed, what it does counts as theirs, wherever no sign-in is needed. Answer by {}.",
        when(asked.lapse_at),
    )
    return joined([Mrkdwn("One has agreed."), rest], " ") if asked.agreed else rest


def _notice(state: Account, person: PersonId) -> Card:
    told = state.notice
    assert told is not None  # noqa: S101 - asked before
    heading = "Settled: a changed login" if told.over else "A linked person's login changed"
    lines = [
        fill("The Slack account *{}* is linked to {}.", mrkdwn(state.user, 64), mrkdwn(told.before or told.sub, 200)),
        fill("The directory now calls this person {}.", mrkdwn(told.now or "nothing", 200)),
    ]
    lines.append(
        Mrkdwn("They linked it anew, or the link was ended.")
        if told.over
        else Mrkdwn(
            "What this account may do stays with the same person and moves to nobody. What needs a sign-in is refused until "
            "they link it anew, on their Home tab. If you do not expect this, have the link ended: attester identity unlink"
        )
    )
    blocks = (header(heading), section(joined(lines)), context(fill("Case {}", mrkdwn(state.case, 255))))
    return Card(key=f"stale:{told.number}", to=person, text=heading, blocks=blocks, open=False)


def assigned(state: Account | None, person: PersonId) -> bool:
    """Whether somebody is asked."""
    return state is not None and state.proposal is not None and any(p.id == person for p in state.proposal.asked)


def forms(said: Interaction, state: Account | None, facts: Facts, _at: datetime) -> Do | OpenForm:
    """What a press or a submitted form means."""
    if state is not None and said.link.act == PROPOSE and state.is_desk:
        return _ask(said, facts) if said.kind == "submit" else OpenForm(view=_form(said.link), need="person")
    item = said.link.item
    if state is None or said.link.act not in ("agree", "refuse") or not item.isdecimal():
        raise Refused("outdated", "This button is from an older version.", "Use the newest message about this.")
    if said.link.act == "agree":
        return Do(command=ConfirmLink(round=int(item)))
    if said.kind == "submit":
        reason = _typed(said, REASON)
        if len(reason) < SHORTEST:
            raise FieldErrors({REASON: f"Write at least {SHORTEST} characters."})
        return Do(command=DeclineLink(round=int(item), reason=reason))
    why = field(REASON, "Why not?", text_input(long=True, most=1_000), hint=f"At least {SHORTEST} characters.")
    about = _question(state, state.proposal) if state.proposal else title(state)
    return OpenForm(view=modal("Refuse", said.link, [section(mrkdwn(about)), why], submit="Refuse"))


def _form(link: Link) -> Block:
    lead = (
        "For somebody's second Slack account, or the account of somebody who cannot sign in. Two people who answer for "
        "controls confirm it, each by a sign-in; you may be one of them, and the person whose it is never. What the account "
        "does then counts as theirs, wherever no sign-in is needed."
    )
    return modal(
        "Link a Slack account", link,
        [
            section(Mrkdwn(lead)),
            field(USER, "Which Slack account?", user_input("Choose the account …")),
            field(LOGIN, "Whose is it?", text_input(most=200), hint="Their login in the company's directory."),
            field(WHY, "Why?", text_input(long=True, most=1_000), hint=f"At least {SHORTEST} characters."),
        ],
        submit="Propose",
    )  # fmt: skip


def _ask(said: Interaction, facts: Facts) -> Do:
    user, login, why = (_typed(said, name) for name in (USER, LOGIN, WHY))
    wrong: dict[str, str] = {}
    person = facts.directory.by_login(login)
    if not user:
        wrong[USER] = "Choose an account."
    if person is None:
        wrong[LOGIN] = "The directory has nobody with this login."
    if len(why) < SHORTEST:
        wrong[WHY] = f"Write at least {SHORTEST} characters."
    if wrong or person is None:
        raise FieldErrors(wrong)
    return Do(command=AskLink(user=user, login=person.login, why=why))


def _typed(said: Interaction, name: str) -> str:
    typed = said.values.get(name, "")
    return typed.strip() if isinstance(typed, str) else ""


def confirming(state: Account, command: Command) -> Wording:
    """What is read in full before the sign-in that confirms it."""
    asked = state.proposal
    if asked is None or not isinstance(command, ConfirmLink):
        return plainly(command)
    return Wording(
        (
            ("Decision", "Link a Slack account"), ("Slack account", f"“{asked.called}” ({state.user}) of workspace {state.team}"),
            ("Counts from then on as", asked.person.called()), ("Why", asked.why),
            ("It may do", "what needs no sign-in"),
        )
    )  # fmt: skip


def due(state: Account, now: datetime, _facts: Facts) -> Sequence[Command]:
    """A proposal lapses."""
    asked = state.proposal
    return (LapseLink(),) if asked is not None and asked.waiting and now >= asked.lapse_at else ()


IDENTITY = Workflow(
    name=NAME,
    criteria=("CC6.1",),
    settings=NoSettings,
    commands=COMMANDS,
    events=EVENTS,
    needs=needs,
    decide=decide,
    evolve=evolve,
    summary=summary,
    asks=asks,
    cards=cards,
    assigned=assigned,
    forms=forms,
    openings=lambda _control, _company, _now: (),
    due=due,
    pulled=lambda _state, _collection: None,
    examples=examples,
    confirming=confirming,
)
"""A workflow that the runtime has beside those of the registry: whoever uses Slack meets it."""
