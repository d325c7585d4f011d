"""The road of a decision from a click to the record. Nothing in here can reach Slack: no call can come before the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import Counter

from bot.answers import Answer, answer
from bot.runtime import Done, Repeated, Runtime
from bot.slack.card import OPEN_CARD, card_view
from bot.slack.identify import Identify, Somebody
from bot.slack.payload import Incoming
from bot.slack.ports import Cases, Installation, RefusalBook, StepUp
from bot.slack.who import may_act
from workflows.kernel.attestation import ask_document
from workflows.kernel.errors import Conflict, FieldErrors, Refused, StepUpNeeded, Unsure
from workflows.kernel.link import Link
from workflows.kernel.model import Actor, CaseId, Command, Facts, Need
from workflows.kernel.ports import Clock, SigningFailed
from workflows.kernel.signin import Decision
from workflows.kernel.workflow import Do, OpenForm, State, Workflow

REFUSED = Counter("attester_refused_total", "Attempts that were refused, by reason", ["reason"])
REPEATED = Counter("attester_repeated_total", "Requests that came again and ran nothing", ["kind"])

LOG = structlog.get_logger("attester.slack")


@dataclass(frozen=True)
class Decided:
    """It is in the record; ``text`` says when and under which attestation. ``repeated``: this request had its effect before.

    ``signed``: an attestation of its own names it; what is only noted until somebody signs needs no receipt.
    """

    text: str
    repeated: bool = False
    signed: bool = True


@dataclass(frozen=True)
class Form:
    """A view to show; nothing was decided."""

    view: Mapping[str, Any]


@dataclass(frozen=True)
class Fields:
    """Errors to show under the fields of the submitted form; nothing was recorded."""

    errors: Mapping[str, str]


@dataclass(frozen=True)
class No:
    """The answer is a sentence: refused, lost a race, or not known."""

    answer: Answer


@dataclass(frozen=True)
class Confirm:
    """Nothing is decided yet: whoever pressed confirms it by a sign-in at this address, which is for their eyes only."""

    address: str


Result = Decided | Form | Fields | No | Confirm


@dataclass(frozen=True)
class Case:
    """The case that an interaction is about, as it stands."""

    id: CaseId
    workflow: Workflow
    state: State
    facts: Facts


class Desk:
    """Takes an interaction and decides. Holds no Slack client, and nothing that leads to one."""

    def __init__(
        self, runtime: Runtime, cases: Cases, refusals: RefusalBook, identify: Identify, clock: Clock,
        step_up: StepUp | None = None,
    ) -> None:  # fmt: skip
        self._runtime = runtime
        self._step_up = step_up
        self._cases = cases
        self._refusals = refusals
        self._identify = identify
        self._clock = clock

    def take(self, seen: Incoming, installed: Installation | None) -> Result:
        """What comes of an interaction. Never says `Decided` before the commit; raises only what nobody foresaw."""
        now = self._clock.now()
        who = self._identify.somebody(seen.where, installed)
        case: Case | None = None
        try:
            self._check(who, "member", now)
            case = self._case(seen.link)
            who = who.on(self._assigned(case, who), case.workflow.asks(case.state), case.facts.directory)
            return self._decide(seen, case, who, now)
        except FieldErrors as error:
            return Fields(error.errors)
        except Repeated as again:
            REPEATED.labels(seen.kind).inc()
            return _repeated(again.answer)
        except Refused as refusal:
            self._remember(seen, case, who, refusal, now)
            return No(answer(refusal))
        except (Conflict, Unsure, SigningFailed) as error:
            LOG.warning("not_decided", reason=type(error).__name__, case=case.id if case else "")
            return No(answer(error))

    def settled(self, seen: Incoming) -> Decided | None:
        """Whether this very request is in the record after all: asked when something broke on the way back."""
        before = self._cases.repeated(seen.claim)
        return _repeated(before.answer) if before else None

    def refusal(self, seen: Incoming, installed: Installation | None, need: Need) -> Refused | None:
        """The same question for what decides nothing (a command, the Home tab); a refusal is noted."""
        now = self._clock.now()
        who = self._identify.somebody(seen.where, installed)
        refusal = may_act(who.facts, need, now)
        if refusal is not None:
            self._remember(seen, None, who, refusal, now)
        return refusal

    def actor(self, seen: Incoming, installed: Installation | None) -> Actor:
        """Who does this, as the record names them; asked after `refusal` said nothing."""
        return self._identify.somebody(seen.where, installed).actor()

    def again(self, seen: Incoming, installed: Installation | None) -> Mapping[str, Any] | None:
        """The form in which something was just decided, as it looks now; None where it cannot be shown any more."""
        if seen.around is None:
            return None
        who, now = self._identify.somebody(seen.where, installed), self._clock.now()
        try:
            case = self._case(seen.around)
            who = who.on(self._assigned(case, who), case.workflow.asks(case.state), case.facts.directory)
            shown = self._wanted(seen.model_copy(update={"link": seen.around, "values": {}}), case, who, now)
        except (Refused, FieldErrors):
            return None
        return shown.view if isinstance(shown, OpenForm) else None

    def _decide(self, seen: Incoming, case: Case, who: Somebody, now: datetime) -> Result:
        wanted = self._wanted(seen, case, who, now)
        if isinstance(wanted, OpenForm):
            return Form(wanted.view)
        return self._act(seen, case, wanted.command, who)

    def _wanted(self, seen: Incoming, case: Case, who: Somebody, now: datetime) -> Do | OpenForm:
        """What the interaction means, if this person may mean it."""
        # Where no command of a workflow is open to everybody, neither are its forms nor their errors.
        open_to_all = any(command.NEED == "member" for command in case.workflow.commands)
        self._check(who, "member" if open_to_all else "person", now)
        if seen.kind == "action" and seen.link is not None and seen.link.act == OPEN_CARD:
            self._check(who, "assigned", now)
            cards = case.workflow.cards(case.state)
            return OpenForm(view=card_view(case.id, cards, who.actor().id))
        wanted = case.workflow.forms(seen.interaction(), case.state, case.facts, now)
        self._check(who, wanted.need if isinstance(wanted, OpenForm) else type(wanted.command).NEED, now)
        return wanted

    def _act(self, seen: Incoming, case: Case, command: Command, who: Somebody) -> Decided | Confirm:
        try:
            done = self._runtime.act(case.id, command, who.actor(), via=seen.via, claim=seen.claim, answer=_answered)
        except StepUpNeeded as needed:
            if self._step_up is None or case.workflow.confirming is None:
                raise
            return Confirm(self._confirmation(seen, case, command, who, needed.level))
        return Decided(receipt(done), signed=done.attestation is not None)

    def _confirmation(self, seen: Incoming, case: Case, command: Command, who: Somebody, level: str) -> str:
        """The address where this very decision is confirmed. Raises Refused where this account cannot reach the level."""
        state, at = self._runtime.state(case.id)
        confirming, actor = case.workflow.confirming, who.actor()
        if confirming is None or self._step_up is None:
            raise TypeError("only a decision that can be confirmed is")
        shown = ask_document(case.id, case.workflow.cards(state), actor.id)
        asks = [ask.key for ask in case.workflow.asks(state) if ask.open and ask.person == actor.id]
        said, told = confirming(state, command), command.model_dump(mode="json")
        decision = Decision(
            case=case.id, ask=next(iter(asks), ""), act=seen.link.act if seen.link else type(command).__name__,
            title=case.workflow.summary(state).title, facts=said.facts, reason=str(told.get("reason", "")),
            shown=shown.ref.sha256 if shown else "", evidence=said.evidence, person=actor.id,
            program=case.facts.program, command={"name": type(command).__name__, "fields": told, "at": at},
        )  # fmt: skip
        return self._step_up(decision, level, seen.where.team, seen.where.user)

    def _case(self, link: Link | None) -> Case:
        case = self._cases.case_of(link.ref) if link else None
        if case is None:
            raise Refused("outdated", "This button is outdated or not ours.", "Open the Home tab for what is waiting.")
        state, _ = self._runtime.state(case)
        workflow = self._runtime.workflow(case)
        needs = workflow.form_needs(link.act if link else "")
        return Case(case, workflow, state, self._runtime.facts(case, needs))

    def _assigned(self, case: Case, who: Somebody) -> bool:
        person = who.facts.person
        return person is not None and case.workflow.assigned(case.state, person.id)

    def _check(self, who: Somebody, need: Need, now: datetime) -> None:
        refusal = may_act(who.facts, need, now)
        if refusal is not None:
            raise refusal

    def _remember(self, seen: Incoming, case: Case | None, who: Somebody, refusal: Refused, now: datetime) -> None:
        """Count the attempt; the first of its kind within the hour by a linked person on a case becomes an event."""
        REFUSED.labels(refusal.code).inc()
        act = seen.link.act if seen.link else seen.via.action_id
        person = who.facts.person
        where = seen.where
        first = self._refusals.add(
            now,
            where.team,
            where.user,
            person.id if person else None,
            case.id if case else None,
            act,
            refusal.code,
            refusal.sentence,
        )
        if not first or case is None or person is None:
            return
        open_asks = [a.key for a in case.workflow.asks(case.state) if a.open]
        item = seen.link.item if seen.link else ""
        ask = item if item in open_asks else next(iter(open_asks), "")
        try:
            self._runtime.refuse(case.id, ask, act, refusal, who.actor(), seen.via)
        except (Unsure, SigningFailed) as error:
            LOG.warning("refusal_not_attested", reason=type(error).__name__, case=case.id)


def _answered(done: Done) -> Mapping[str, Any]:
    return {"text": receipt(done), "signed": done.attestation is not None}


def _repeated(before: Mapping[str, Any]) -> Decided:
    return Decided(str(before.get("text", "")), repeated=True, signed=bool(before.get("signed", True)))


def receipt(done: Done) -> str:
    """`Recorded, 14:03 UTC, 7f3a…c1`: when, and the attestation in short."""
    at = f"{done.at.astimezone(UTC):%H:%M} UTC" if done.at else ""
    name = done.attestation
    return ", ".join(part for part in ("Recorded", at, f"{name[:4]}…{name[-2:]}" if name else "") if part)
