"""A second look: where figures of care raise a signal, another independent person judges some kept lines, blind.

They see the first verdict only after their own. Agreement is recorded; disagreement asks the first reviewer again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from workflows.access_review.model import (
    AssignedLine,
    Campaign,
    CompareLooks,
    Look,
    Review,
    ReviewLine,
    SecondLookGiven,
    SecondLookSought,
    SecondOpinion,
    SeekSecondLook,
    SignedVerdict,
    TakeLines,
)
from workflows.access_review.rules.assignment import Candidate, Choosing, candidates, review_case, source_config
from workflows.access_review.rules.handing import head_of
from workflows.access_review.rules.refusal import refused
from workflows.kernel.calendar import after, local_day
from workflows.kernel.identity import Person, PersonId
from workflows.kernel.model import Actor, Addressed, CaseId, Facts, Outcome, case_id, case_segments

SHARE = 20
LEAST = 3
TIME = "5wd"


def picked(held: Sequence[ReviewLine]) -> list[AssignedLine]:
    """Which kept lines are looked at again: 5 %, at least 3, privileged first, then as the list's digest draws them."""
    kept = [
        x for x in held if x.mark and x.mark.verdict == "keep" and not x.second_look and x.assigned.cosigner is None
    ]
    count = max(LEAST, -(-len(kept) // SHARE))
    drawn = sorted((x.assigned for x in kept), key=lambda a: (a.tier != "privileged", _draw(a)))
    return drawn[:count]


def _draw(line: AssignedLine) -> bytes:
    return hashlib.sha256(f"{line.collection}/{line.ref}".encode()).digest()


def seek(state: Campaign, command: SeekSecondLook, at: datetime, facts: Facts) -> Outcome:
    """Another independent person for each line; where there is nobody, that is recorded too."""
    if not state.open:
        return Outcome()
    choosing = Choosing.of(state, facts.directory, local_day(at, state.time_zone))
    chosen: dict[PersonId, list[AssignedLine]] = {}
    nobody: list[str] = []
    for line in command.lines:
        asked = (*line.chain, command.reviewer)
        only = state.sources[line.source].only_administrator
        offered: list[Candidate] = [("proposed", command.proposed)] if command.proposed else []
        offered += candidates(line.line, state, source_config(facts, line.source), facts.directory)
        rule, person, rejected = choosing.choose(line.line, iter(offered), only, asked)
        if person is None or rule is None:
            nobody.append(line.ref)
            continue
        fresh = {"rule": rule, "rejected": rejected, "chain": asked}
        chosen.setdefault(person, []).append(line.model_copy(update=fresh))
    due_at = after(at, TIME, state.time_zone, state.closed_days)
    looks, commands = [], []
    for number, (person, lines) in enumerate(sorted(chosen.items()), start=len(state.looks) + 1):
        who = facts.directory.get(person)
        if who is None:
            continue
        case = _case(state, lines[0].source, who, number)
        subjects = tuple(sorted({s for x in lines if (s := x.line.account.person)}))
        looks.append(Look(case=case, reviewer=person, refs=tuple(x.ref for x in lines), subjects=subjects))
        head = head_of(state, lines[0].source, who, due_at, facts, state.sources[lines[0].source].only_administrator)
        second = head.model_copy(update={"second_of": command.review, "title": f"Second look: {head.title}"})
        choices = state.sources[lines[0].source].choices
        commands.append(Addressed(case=case, command=TakeLines(head=second, lines=tuple(lines), choices=choices)))
    event = SecondLookSought(
        review=command.review, signals=command.signals, looks=tuple(looks), nobody=tuple(sorted(nobody))
    )
    return Outcome(events=(event,), commands=tuple(commands))


def _case(state: Campaign, source: str, who: Person, number: int) -> CaseId:
    return case_id(*case_segments(review_case(state.case, source, who.login)), "second", str(number))


def compare(state: Review, verdicts: Sequence[SignedVerdict], reasons: dict[str, str], by: Actor) -> Addressed:
    """What the second person found, for the first review."""
    opinions = tuple(SecondOpinion(ref=v.ref, verdict=v.verdict, reason=reasons.get(v.ref, "")) for v in verdicts)
    command = CompareLooks(second=state.case, by=by.id, opinions=opinions)
    return Addressed(case=state.head.second_of, command=command)


def compared(state: Review, command: CompareLooks) -> Outcome:
    """Agreement is recorded; a line on which the two disagree is asked again, with both reasons."""
    opinions = [o for o in command.opinions if _stands(state.lines.get(o.ref))]
    if not opinions:
        return Outcome()
    if state.sealed:
        raise refused("campaign_closed")
    agreed = tuple(o.ref for o in opinions if o.verdict == "keep")
    disagreed = tuple(o for o in opinions if o.verdict != "keep")
    own = {o.ref: state.lines[o.ref].reason for o in disagreed}
    event = SecondLookGiven(second=command.second, by=command.by, agreed=agreed, disagreed=disagreed, first_reasons=own)
    return Outcome(events=(event,))


def _stands(held: ReviewLine | None) -> bool:
    """Whether the first verdict is still the one that was looked at."""
    return held is not None and held.verdict is not None and held.verdict.verdict == "keep"
