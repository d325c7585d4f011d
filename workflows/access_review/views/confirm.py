"""Signatures of a review in plain words: every line of them, as whoever signs in for it reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workflows.access_review.model import (
    AssignedLine,
    Campaign,
    CloseCampaign,
    CorrectVerdict,
    CoSign,
    CoSignVerdicts,
    Proposal,
    Propose,
    Review,
    ReviewLine,
    SignMarks,
)
from workflows.access_review.views.campaign import KINDS, title
from workflows.access_review.views.words import VERDICTS, short
from workflows.access_review.views.words import plainly as holder
from workflows.kernel.confirm import Wording, plainly
from workflows.kernel.model import Command
from workflows.kernel.text import count

Told = tuple[str, str]


def confirming(state: Any, command: Command) -> Wording:
    """Everything that is decided, with the digest of each line as it was shown."""
    if isinstance(state, Review):
        return _of_review(state, command)
    if isinstance(state, Campaign):
        return _of_campaign(state, command)
    return plainly(command)


def _of_review(state: Review, command: Command) -> Wording:
    match command:
        case SignMarks(refs=refs):
            held = [state.lines[r] for r in refs if r in state.lines] or state.marked()[
                : state.head.lines_per_signature
            ]
            said = f"Sign {count(len(held), 'verdict')} on {state.head.system} access"
            return _lines(state, said, [(x, _marked(x)) for x in held])
        case CoSignVerdicts(refs=refs):
            held = [state.lines[r] for r in dict.fromkeys(refs) if r in state.lines]
            said = f"Sign {count(len(held), 'verdict')} of {state.reviewer.called()} as the second person"
            return _lines(state, said, [(x, _signed(x)) for x in held])
        case CorrectVerdict(ref=ref, verdict=verdict, target=target) if ref in state.lines:
            now = VERDICTS[verdict] + (f" to {target}" if target else "")
            return _lines(
                state, "Correct a signed verdict", [(state.lines[ref], f"{now} (it was: {_signed(state.lines[ref])})")]
            )
    return plainly(command)


def _lines(state: Review, said: str, lines: Sequence[tuple[ReviewLine, str]]) -> Wording:
    told = [("Decision", said), ("Review", state.head.title)]
    told += [(f"{n}.", f"{verdict.rstrip('.')}: {_line(held.assigned)}") for n, (held, verdict) in enumerate(lines, 1)]
    return Wording(tuple(told), tuple(dict.fromkeys(held.digest for held, _ in lines)))


def _marked(held: ReviewLine) -> str:
    mark = held.mark
    if mark is None:
        return "Not marked"
    to = f" to {mark.target}" if mark.target else ""
    return f"{VERDICTS[mark.verdict]}{to}" + (f", because “{mark.reason}”" if mark.reason else "")


def _signed(held: ReviewLine) -> str:
    verdict = held.verdict
    if verdict is None:
        return "Not signed"
    to = f" to {verdict.target}" if verdict.target else ""
    return f"{VERDICTS[verdict.verdict]}{to}" + (f", because “{held.reason}”" if held.reason else "")


def _line(line: AssignedLine) -> str:
    place = line.line.entitlement.resource
    account = line.line.account.login or line.line.account.native_id
    return f"{holder(line)} ({account}), {short(line)}" + (f" ({place})" if place else "")


def _of_campaign(state: Campaign, command: Command) -> Wording:
    match command:
        case CloseCampaign():
            return Wording((
                ("Decision", "Close the review; nothing can be decided in it afterwards"), ("Review", title(state)),
            ))  # fmt: skip
        case CoSign(number=number) if number in state.proposals:
            return _proposed(state, "Second signature: " + KINDS[state.proposals[number].kind], state.proposals[number])
        case Propose():
            told = [("Decision", f"Ask for a second signature: {KINDS[command.kind]}"), ("Review", title(state))]
            told += [("System or line", command.item)] if command.item else []
            told += [("Until", f"{command.until:%-d %b %Y}")] if command.until else []
            refs = [state.unassigned[r] for r in (*command.refs, command.item) if r in state.unassigned]
            return Wording((*told, *_about(refs)), tuple(dict.fromkeys(x.shown() for x in refs)))
    return plainly(command)


def _proposed(state: Campaign, said: str, proposal: Proposal) -> Wording:
    told = [("Decision", said), ("Review", title(state)), ("Asked by", proposal.by.called())]
    source = state.sources.get(proposal.item)
    told += [("System", source.source)] if source else []
    told += [("Who shall decide", proposal.judge.called())] if proposal.judge else []
    told += [("Until", f"{proposal.until:%-d %b %Y}")] if proposal.until else []
    told.append(("Their reason", proposal.reason))
    return Wording((*told, *_about(proposal.about)), tuple(dict.fromkeys(x.shown() for x in proposal.about)))


def _about(lines: Sequence[AssignedLine]) -> list[Told]:
    return [(f"{n}.", _line(line)) for n, line in enumerate(lines, 1)]
