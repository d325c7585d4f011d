"""The one path of a decision: load → decide → attest → sign → append. Slack, web, jobs and command line all come through here."""

from __future__ import annotations

import base64
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Protocol, TypeVar

from bot.draft import Draft, Face, Mill
from bot.draft import Seen as Seen
from bot.store.failure import Busy
from bot.store.record import Record, claim_until
from bot.store.write import Claim
from bot.store.write import Repeated as Repeated
from workflows.kernel.approved import Approvals
from workflows.kernel.attestation import Born, heard
from workflows.kernel.errors import Conflict, Refused
from workflows.kernel.model import (
    Actor,
    AttemptRefused,
    CaseId,
    Command,
    FactNeeds,
    Facts,
    Recorded,
    Via,
    case_segments,
)
from workflows.kernel.ports import Clock
from workflows.kernel.workflow import State, Workflow

TRIES = 6
CACHE = 2_000
FACES = 100
"""Cases whose cards are kept at hand: those that people work on right now."""

V = TypeVar("V")


class FactSource(Protocol):
    """Gives rules what they may know: a frozen snapshot."""

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        """The facts for one decision of one case."""
        ...


@dataclass(frozen=True)
class Done:
    """What a command led to, over all cases it touched."""

    events: tuple[Recorded, ...] = ()
    at: datetime | None = None

    @property
    def attestation(self) -> str | None:
        """The id of the first attestation of this decision."""
        return next((e.attestation for e in self.events if e.attestation), None)


class Runtime:
    """Runs commands on cases. Holds no lock while a key is used: sign first, then compare-and-set, and again on Conflict."""

    def __init__(
        self, record: Record, workflows: Sequence[Workflow], mill: Mill, clock: Clock, facts: FactSource
    ) -> None:
        self.workflows: Mapping[str, Workflow] = {w.name: w for w in workflows}
        self._record = record
        self._mill = mill
        self._clock = clock
        self._facts = facts
        self._states: OrderedDict[CaseId, tuple[int, State]] = OrderedDict()
        self._faces: OrderedDict[CaseId, tuple[int, Face]] = OrderedDict()
        self._lock = Lock()
        self.after_commit: list[Callable[[], None]] = []

    def workflow(self, case: CaseId) -> Workflow:
        """The workflow that a case belongs to, by the first segment of its id."""
        name = case_segments(case)[0]
        if name not in self.workflows:
            raise Refused("unknown_workflow", f"This version knows no workflow {name}.", "Nothing was recorded.")
        return self.workflows[name]

    def state(self, case: CaseId) -> tuple[State, int]:
        """The folded state of a case and the number of its last event; (None, 0) where it does not exist."""
        with self._lock:
            n, state = self._states.get(case, (0, None))
        fresh = self._record.events(case, after=n)
        workflow = self.workflow(case)
        kinds = {(k.NAME, k.VERSION): k for k in workflow.events}
        for stored in fresh:
            kind = kinds.get((stored.name, stored.version))
            if kind is not None and not stored.erased:
                event = kind.model_validate(stored.body)
                recorded = Recorded(
                    case=case,
                    n=stored.n,
                    seq=stored.seq,
                    event=event,
                    at=stored.at,
                    by=heard(stored.by),
                    attestation=stored.attestation,
                )
                state = workflow.evolve(state, recorded)
            n = stored.n
        with self._lock:
            _keep(self._states, case, (n, state), CACHE)
        return state, n

    def forget(self, cases: Sequence[CaseId]) -> None:
        """Keep nothing of these cases in memory: their texts are erased."""
        with self._lock:
            for case in cases:
                self._states.pop(case, None)
                self._faces.pop(case, None)

    def face(self, case: CaseId, n: int) -> Face | None:
        """What the case shows after event ``n``, where this process committed that event a moment ago."""
        with self._lock:
            at, face = self._faces.get(case, (0, None))
        return face if at == n else None

    def _remember(self, draft: Draft) -> None:
        """Spare the next command on these cases reading and rendering what was committed just now."""
        with self._lock:
            for case, n, state, face in draft.outcome():
                if self._states.get(case, (0, None))[0] < n:
                    _keep(self._states, case, (n, state), CACHE)
                    _keep(self._faces, case, (n, face), FACES)

    def facts(self, case: CaseId, needs: FactNeeds | None = None, control: str = "") -> Facts:
        """The facts for a case; whoever knows its ``control``, or makes the case, names it."""
        head, needs = None if control else self._record.head(case), needs or FactNeeds()
        facts = self._facts.facts(head.control if head else control, case, needs)
        more: dict[str, Any] = {}
        if needs.folded:
            others = sorted({c for start in needs.folded for c in self._record.starting(start)})
            more["folded"] = {c: self.state(c)[0] for c in others}
        if needs.approvals:
            more["approvals"] = self._approvals(facts.approvals)
        return facts.model_copy(update=more) if more else facts

    def _approvals(self, known: Approvals) -> Approvals:
        """What cases stand behind, of every workflow that approves access, and the exceptions that they are."""
        makers = [w for w in self.workflows.values() if w.approves]
        states = [(w, self.state(c)[0]) for w in makers for c in self._record.starting(f"{w.name}/")]
        approved = (w.approved(state) for w, state in states)
        allowed = (w.allowed(state) for w, state in states)
        return Approvals(
            approved=tuple(one for one in approved if one is not None),
            allowed=tuple(one for one in allowed if one is not None),
            offered=known.offered,
        )

    def act(
        self,
        case: CaseId,
        command: Command,
        by: Actor,
        *,
        via: Via | None = None,
        control: str = "",
        claim: str | None = None,
        answer: Callable[[Done], Mapping[str, Any]] | None = None,
        proof: Sequence[Born] = (),
        only: Seen | None = None,
    ) -> Done:
        """Run a command, with everything it causes in other cases, in one transaction.

        ``proof`` is the sign-in by which ``by`` confirmed it: its files are subjects of what is signed. ``only`` refuses
        where the case or the program has moved on since they saw it.

        Raises Refused (nothing of it recorded), Conflict after several lost races, Busy at once, Repeated where
        ``claim`` was handled before, SigningFailed, Unsure.
        """
        for attempt in range(TRIES):
            self._stop_if_repeated(claim)
            at = self._clock.now()
            draft = Draft(self, self._record, self._mill, by, via, at, proof)
            try:
                done = self._draft(draft, case, command, control, claim, only)
                key = Claim(claim, (answer or _plain)(done), claim_until(at)) if claim is not None else None
                self._record.commit(draft.writes(), at, key)
            except Busy:
                raise  # the wait for the lock is used up, and somebody waits for us: Slack gives 3 s
            except Conflict:
                if attempt == TRIES - 1:
                    raise
                continue
            except Repeated as again:
                raise again from None
            self._remember(draft)
            for hook in self.after_commit:
                hook()
            return done
        raise Conflict(case)

    def _draft(
        self, draft: Draft, case: CaseId, command: Command, control: str, claim: str | None, only: Seen | None
    ) -> Done:
        try:
            draft.run(case, command, control, only)
        except Refused:
            # The same request may have won while this one was deciding: then its answer is the answer.
            self._stop_if_repeated(claim)
            raise
        return Done(tuple(draft.recorded), draft.at)

    def refuse(
        self, case: CaseId, ask: str, act: str, refusal: Refused, by: Actor, via: Via | None = None
    ) -> Recorded | None:
        """Record that somebody authentic tried and was refused; the caller sees to it that this happens once an hour.

        None where the case does not exist, or where the database had no room or too many others acted at once.
        """
        attempt = AttemptRefused(ask=ask, act=act, reason=refusal.code, sentence=refusal.sentence)
        for _ in range(TRIES):
            if self._record.head(case) is None:
                return None
            at = self._clock.now()
            draft = Draft(self, self._record, self._mill, by, via, at)
            draft.note(case, attempt)
            try:
                self._record.commit(draft.writes(), at)
            except Busy:
                return None
            except Conflict:
                continue
            return draft.recorded[0]
        return None

    def _stop_if_repeated(self, claim: str | None) -> None:
        if claim is not None and (before := self._record.repeated(claim)) is not None:
            raise before


def _keep(held: OrderedDict[CaseId, V], case: CaseId, value: V, most: int) -> None:
    """Hold the value, and drop what was not used for longest."""
    held[case] = value
    held.move_to_end(case)
    while len(held) > most:
        held.popitem(last=False)


def _plain(done: Done) -> Mapping[str, Any]:
    return {"attestation": done.attestation}


def fresh_nonce() -> str:
    """16 random bytes: without them a digest in the open log could be reversed by trying the few possible decisions."""
    return base64.b64encode(secrets.token_bytes(16)).decode()
