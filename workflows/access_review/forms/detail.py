"""A line in a form: what a person must have before their eyes, and all that is known of it."""

from __future__ import annotations

from workflows.access_review.model import Review, ReviewLine
from workflows.access_review.views import words
from workflows.kernel.blocks import Block, context, divider, modal, section
from workflows.kernel.errors import Refused
from workflows.kernel.model import Facts
from workflows.kernel.text import fill, joined, mrkdwn, utc
from workflows.kernel.workflow import Interaction, OpenForm


def line_of(i: Interaction, review: Review) -> ReviewLine:
    """The line that was pressed, or refused where it is not in this review any more."""
    line = review.lines.get(i.link.item)
    if line is None:
        raise Refused(
            "moved_away", "This line is not in your review any more.", "Look at the card: it shows what is left."
        )
    return line


def about_line(line: ReviewLine) -> Block:
    """Who holds it, what it allows, and its facts."""
    a = line.assigned
    return section(joined([fill("{} — {}", words.who(a), words.what(a)), words.standing_out(a), words.facts(a)]))


def details(i: Interaction, review: Review, facts: Facts) -> OpenForm:
    """Every fact of a line, and why this reviewer is asked."""
    a = line_of(i, review).assigned
    account, e = a.line.account, a.line.entitlement
    rows = [
        fill("Account: `{}` (id `{}`)", mrkdwn(account.login, 120), mrkdwn(account.native_id, 120)),
        fill("Kind of account: {} · {}", account.kind, words.LINKS[account.link]),
        mrkdwn(f"How it was matched: {account.link_note}" if account.link_note else "", 300),
        fill(
            "Access: `{}` (id `{}`) on {}",
            mrkdwn(e.name, 160),
            mrkdwn(e.native_id, 160),
            mrkdwn(e.resource or account.system, 120),
        ),
        fill("How: {}", mrkdwn(words.path(a.line.via), 400)),
        fill("Privileged: {}", {True: "yes", False: "no", None: "unknown"}[e.privileged]),
        fill("Why you are asked: {}", words.RULES.get(a.rule, a.rule.replace("_", " "))),
    ]
    rows += [fill("Passed over: {}", mrkdwn(r.reason, 200)) for r in a.rejected[:6]]
    earlier = [
        fill("{} by {} on {}", words.DONE[v.verdict], mrkdwn(v.reviewer, 60), words.written(v.at))
        for v in a.earlier[:5]
    ]
    blocks = [about_line(line_of(i, review)), divider(), section(joined(rows))]
    if earlier:
        blocks.append(section(fill("*Decided before*\n{}", joined(earlier))))
    blocks.append(context(fill("The complete list of {} · its certificate: sha256 `{}`", utc(a.as_of), a.collection)))
    return OpenForm(view=modal("Details", i.link, blocks, close="Close"))
