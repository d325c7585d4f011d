"""The reviewer's card: what is asked, the lines a page at a time, and afterwards what was decided and what came of it."""

from __future__ import annotations

from workflows.access_review.model import FollowUp, Review, ReviewLine
from workflows.access_review.views import words
from workflows.access_review.views.group import group_blocks
from workflows.kernel.blocks import Block, Element, actions, button, context, divider, fits, header, menu, section
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Card
from workflows.kernel.text import Mrkdwn, count, day, fill, joined, mrkdwn, utc

PAGE = 10
CUTS = (240, 120, 60, 30)
"""How long a text of one line may be: the first length with which the page fits into a message."""
LEVELS = {
    "slack": "you sign with your Slack session",
    "slack+sso": "you sign in with the company's account to sign",
    "slack+sso+mfa": "you sign in with the company's account and a second factor to sign",
}


def queue_card(review: Review) -> Card:
    """The card of a review, for its reviewer."""
    blocks: list[Block] = []
    for cut in CUTS:
        blocks = _blocks(review, cut)
        if fits(blocks):
            break
    open_lines = review.unsettled()
    urgent = any(x.assigned.leaver or x.assigned.tier == "privileged" for x in open_lines)
    return Card(
        key="queue",
        to=review.reviewer.id,
        text=_notice(review),
        blocks=tuple(blocks),
        open=bool(open_lines) and not review.sealed,
        urgent=urgent,
    )


def title(review: Review) -> str:
    """`GitHub access, 4th quarter 2026`, or `Second look: …`"""
    second = "Second look: " if review.head.second_of else ""
    return f"{second}{review.head.system} access, {words.period(review.head.period)}"


def started(review: Review) -> bool:
    """Whether the reviewer has looked at any line."""
    return any(x.shown_at or x.status != "undecided" for x in review.lines.values())


def pages(review: Review) -> int:
    """How many pages the queue has."""
    return max(1, -(-len(review.lines) // PAGE))


def on_page(review: Review, page: int) -> list[ReviewLine]:
    """The lines of a page, counted from 0; a page beyond the end is the last one."""
    here = min(max(page, 0), pages(review) - 1)
    return review.queue()[here * PAGE : (here + 1) * PAGE]


def _notice(review: Review) -> str:
    open_lines = len(review.unsettled())
    if not review.lines:
        return f"{title(review)}: nothing is left for you to decide."
    if review.cancelled:
        return f"{title(review)}: cancelled. Nothing is wanted of you."
    if review.sealed or not open_lines:
        return f"{title(review)}: decided. Thank you."
    return f"{title(review)}: {count(open_lines, 'line')} for you to decide, about {words.minutes(open_lines)}."


def _blocks(review: Review, cut: int) -> list[Block]:
    top = [header(title(review))]
    if not review.lines:
        return [*top, section(Mrkdwn("Nothing is left for you to decide: every line was moved to somebody else."))]
    if review.cancelled:
        return [*top, section(Mrkdwn("This review was cancelled. Nothing is wanted of you.")), _small(review)]
    if review.sealed:
        return [
            *top,
            section(Mrkdwn("This review is closed. What you decided is recorded.")),
            *_outcome(review),
            _small(review),
        ]
    if not review.unsettled():
        thanks = "*All decided and signed. Thank you.*"
        if review.head.second_of:
            thanks += "\nWhere your answer differs, the first reviewer is asked again with your reason."
        return [*top, section(Mrkdwn(thanks)), *_outcome(review), _small(review)]
    if not started(review):
        return [*top, section(_summary(review)), actions(*_opening_buttons(review)), _small(review)]
    middle: list[Block] = []
    for line in on_page(review, review.page):
        middle += [section(_line(review, line, cut)), *_row(review, line)]
    groups = group_blocks(review)
    return [
        *top,
        section(_progress(review)),
        divider(),
        *middle,
        *([divider(), *groups] if groups else []),
        divider(),
        actions(*_footer(review)),
        _small(review),
    ]


def _summary(review: Review) -> Mrkdwn:
    lines, second = review.lines.values(), review.head.second_of
    leavers = sum(1 for x in lines if x.assigned.leaver)
    people = len({x.assigned.line.account.native_id for x in lines if x.assigned.leaver})
    privileged = sum(1 for x in lines if x.assigned.tier == "privileged")
    unchanged = sum(1 for x in lines if x.assigned.delta == "unchanged" and x.assigned.tier == "plain")
    told = [f"{count(people, 'person has', 'people have')} left" if leavers else ""]
    told += [f"{count(privileged, 'line is', 'lines are')} privileged" if privileged else ""]
    told += [f"{count(unchanged, 'line is', 'lines are')} unchanged" if unchanged else ""]
    says = ", ".join(t for t in told if t)
    return joined(
        [
            fill(
                "*{}* to decide, about {}. Who keeps access to {}?",
                count(len(review.lines), "line"),
                words.minutes(len(review.lines)),
                mrkdwn(review.head.system, 60),
            ),
            fill("{}.", says[:1].upper() + says[1:]) if says else Mrkdwn(""),
            Mrkdwn("Somebody else has decided already; please decide without knowing how.") if second else Mrkdwn(""),
            fill("Please decide by {}. Nothing is kept by silence.", day(review.head.due_at)),
        ]
    )


def _progress(review: Review) -> Mrkdwn:
    marked, settled, total = len(review.marked()), sum(1 for x in review.lines.values() if x.settled), len(review.lines)
    said = [fill("*{} of {} decided*", settled + marked, total)]
    if marked:
        said.append(fill("{} waiting for your signature", marked))
    if pages(review) > 1:
        said.append(fill("page {} of {}", min(review.page, pages(review) - 1) + 1, pages(review)))
    said.append(fill("due {}", day(review.head.due_at)))
    return joined(said, " · ")


def _line(review: Review, line: ReviewLine, cut: int) -> Mrkdwn:
    a = line.assigned
    rows = [
        fill("{} — {}", words.who(a, min(cut, 80)), words.what(a, cut)),
        words.standing_out(a),
        words.facts(a),
    ]
    if a.changes or line.changes:
        rows.append(fill("Changed: {}", words.changed((line.changes or a.changes)[:4])))
    if line.void:
        rows.append(Mrkdwn("_This changed after you marked it. Your mark was dropped; please decide again._"))
    if line.refused_because:
        rows.append(_refused(line, cut))
    if a.earlier:
        last = a.earlier[0]
        rows.append(fill("Last time: {} by {}, {}", words.DONE[last.verdict], mrkdwn(last.reviewer, 60), day(last.at)))
    rows.append(_state(review, line, cut))
    return joined(rows)


def _refused(line: ReviewLine, cut: int) -> Mrkdwn:
    """Why the line is open again: another answer of the second look, or of the second signer."""
    if line.second_look != "disagreed":
        return fill("_The second signer disagreed:_ {}", words.quoted(line.refused_because, cut))
    verdict, _, reason = line.refused_because.partition(": ")
    return fill("_A second look came to another answer:_ *{}* {}", verdict.capitalize(), words.quoted(reason, cut))


def _state(review: Review, line: ReviewLine, cut: int) -> Mrkdwn:
    if line.gone is not None:
        return fill("✓ *Gone meanwhile*: the list of {} no longer has it.", utc(line.gone.as_of))
    if line.exemption is not None:
        return fill(
            "✓ *Excepted* until {}: {}", words.written(line.exemption.until), words.quoted(line.exemption.reason, cut)
        )
    if line.status == "signed" and line.verdict is not None:
        return fill("✓ *{}*, signed {}", words.DONE[line.verdict.verdict].capitalize(), _recorded(line))
    if line.mark is not None:
        verdict = words.VERDICTS[line.mark.verdict]
        if line.mark.verdict == "change":
            choices = review.choices.get(line.assigned.line.entitlement.resource, ())
            verdict = f"Change to: {words.target(choices, line.mark.target)}"
        said = [fill("→ *{}*", mrkdwn(verdict, 200)), words.quoted(line.mark.reason, cut), Mrkdwn("_not signed yet_")]
        return joined(said, " ")
    return Mrkdwn("")


def _recorded(line: ReviewLine) -> Mrkdwn:
    stamp = fill("{}", day(line.signed_at)) if line.signed_at else Mrkdwn("")
    return fill("{} · `{}`", stamp, words.short_id(line.attestation)) if line.attestation else stamp


def _row(review: Review, line: ReviewLine) -> list[Block]:
    if line.settled:
        return []
    ref, item, stamp = case_ref(review.case), line.assigned.ref, line.digest[:8]

    def link(act: str) -> Link:
        return Link(act=act, ref=ref, item=item, stamp=stamp)

    subject = words.plainly(line.assigned)
    if line.mark is not None:
        return [actions(button("Undo", link("withdraw"), says=f"Take the mark on {subject} back"))]
    more = [("Not mine …", link("not_mine")), ("Hand over …", link("hand_over")), ("Show details", link("details"))]
    elements: list[Element] = []
    if not line.assigned.leaver:
        elements.append(button("Keep", link("keep"), says=f"Keep the access of {subject}"))
        more.insert(0, ("Change …", link("change")))
    elements += [
        button("Revoke", link("revoke"), style="danger", says=f"Revoke the access of {subject}"),
        menu("More", item, more),
    ]
    return [actions(*elements)]


def _opening_buttons(review: Review) -> list[Element]:
    ref = case_ref(review.case)
    return [
        button("Start", Link(act="page", ref=ref, item="0"), style="primary"),
        button("Hand over …", Link(act="hand_over", ref=ref)),
    ]


def _footer(review: Review) -> list[Element]:
    ref, here, marked = case_ref(review.case), min(review.page, pages(review) - 1), len(review.marked())
    elements = []
    if here > 0:
        elements.append(button("‹ Back", Link(act="page", ref=ref, item=str(here - 1))))
    if here < pages(review) - 1:
        elements.append(button("Next ›", Link(act="page", ref=ref, item=str(here + 1))))
    if marked:
        elements.append(button(f"Sign {marked} decided", Link(act="sign", ref=ref), style="primary"))
    elements.append(button("Hand over the rest …", Link(act="hand_over", ref=ref)))
    return elements


def _outcome(review: Review) -> list[Block]:
    """What was decided and what became of it; the removals in full, the rest as counts."""
    tally: dict[str, int] = {}
    for line in review.lines.values():
        word = "gone meanwhile" if line.gone else "excepted" if line.exemption else ""
        if not word and line.verdict is not None:
            word = words.DONE[line.verdict.verdict]
        tally[word or "open"] = tally.get(word or "open", 0) + 1
    told = ", ".join(f"{n:,} {word}" for word, n in sorted(tally.items(), key=lambda x: -x[1]))
    blocks = [section(fill("{}.", told))]
    shown = list(review.follow_ups.values())
    blocks += [section(fill("{} — {}\n{}", words.who(f.line), words.what(f.line, 120), removal(f))) for f in shown[:15]]
    if len(shown) > 15:
        blocks.append(context(fill("… and {}.", count(len(shown) - 15, "more removal"))))
    return blocks


def removal(f: FollowUp) -> Mrkdwn:
    """Where a removal stands, claiming no more than is known."""
    if f.exemption is not None:
        return fill("Stays until {}: an exception that two people signed.", words.written(f.exemption.until))
    if f.status == "verified" and f.verified_by is not None:
        gone = "changed" if f.verdict == "change" else "gone"
        return fill("✓ *Verified {}* in the list of {}.", gone, utc(f.verified_by.as_of))
    if f.status == "reappeared":
        return Mrkdwn("*There again* after it was verified gone. It has to go again.")
    if f.status == "still_present":
        return fill("*Still there*: {}. {} was asked again.", mrkdwn(f.cause, 160), mrkdwn(f.remover.name, 60))
    if f.status == "reported_done":
        return fill("{} says that it is done. The next list will show whether it is.", mrkdwn(f.remover.name, 60))
    late = Mrkdwn(" *This is late.*" if f.late else "")
    asked = fill("{} was asked to do it by {}.{}", mrkdwn(f.remover.name, 60), day(f.due_at), late)
    if f.blocked:
        return fill("{} Their answer: it cannot be done, {}", asked, words.quoted(f.blocked, 160))
    return asked


def _level(review: Review) -> str:
    """What a signature wants of whoever signs."""
    head = review.head
    said = LEVELS.get(head.assurance, head.assurance)
    more = head.assurance_privileged
    return (
        said if more in ("", head.assurance) else f"{said}; where you keep privileged or flagged access, {LEVELS[more]}"
    )


def _small(review: Review) -> Block:
    newest = max((x.assigned for x in review.lines.values()), key=lambda a: a.as_of)
    said = fill(
        "The complete list of {} · control {} · {}",
        utc(newest.as_of),
        mrkdwn(review.head.control, 40),
        _level(review),
    )
    signed = joined((fill("`{}`", words.short_id(s)) for s in review.signatures[-5:]), " ")
    return context(said, *([fill("Recorded as {}", signed)] if signed else []))
