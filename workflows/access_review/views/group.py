"""Groups of unchanged lines on the reviewer's card: shown in full before they can be kept together."""

from __future__ import annotations

from workflows.access_review.model import Group, Review
from workflows.access_review.rules.grouping import offered, remaining
from workflows.access_review.views import words
from workflows.kernel.blocks import Block, actions, button, section
from workflows.kernel.link import Link, case_ref
from workflows.kernel.text import count, fill, mrkdwn

SHOWN = 2
LIST = 2_400


def group_blocks(review: Review) -> list[Block]:
    """What can be kept together: at most two groups at a time, largest first."""
    blocks: list[Block] = []
    for group in offered(review)[:SHOWN]:
        blocks += _opened(review, group) if group.id in review.groups else _closed(review, group)
    return blocks


def _closed(review: Review, group: Group) -> list[Block]:
    said = fill(
        "*{}* of `{}`{}, unchanged since they were last signed. Look at the whole list before you keep them together.",
        count(len(group.refs), "line"),
        mrkdwn(group.name, 80),
        f" on {group.resource}" if group.resource else "",
    )
    link = Link(act="group", ref=case_ref(review.case), item=group.id)
    return [section(said, accessory=button("Open the list", link))]


def _opened(review: Review, group: Group) -> list[Block]:
    rest = remaining(review, group)
    names = ", ".join(words.plainly(x.assigned) for x in rest)
    spots = [r for r in group.spots if r in review.lines and review.lines[r].status == "undecided"]
    blocks = [section(fill("*Kept together:* {}", mrkdwn(names, LIST)))]
    if spots:
        left = ", ".join(words.plainly(review.lines[r].assigned) for r in spots)
        says = f"Before that, please decide {count(len(spots), 'line')} of this group singly, among the lines above: {left}."
        return [*blocks, section(mrkdwn(says, 600))]
    link = Link(act="keep_group", ref=case_ref(review.case), item=group.id)
    return [*blocks, actions(button(f"Keep the other {len(rest)} …", link))]
