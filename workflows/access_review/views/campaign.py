"""The control owner's card of a campaign, and the second signer's of what was proposed."""

from __future__ import annotations

from workflows.access_review.model import AssignedLine, Campaign, Proposal, SourceState
from workflows.access_review.views import words
from workflows.kernel.blocks import Block, Element, actions, button, confirm, context, divider, header, menu, section
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Card
from workflows.kernel.text import Mrkdwn, count, day, fill, joined, mrkdwn, utc

UNASSIGNED_SHOWN = 8
ABOUT_SHOWN = 3

ENDED = {
    "verdict_keep": "kept",
    "verdict_revoke": "revoked",
    "verdict_change": "changed",
    "gone": "gone meanwhile",
    "excepted": "excepted",
    "removals_verified": "removals verified",
}

KINDS = {
    "source": "Leave a source out of this review",
    "line": "Leave a line undecided for a time",
    "follow_up": "Leave an access in place for a time",
    "leaver": "Leave a leaver's access in place for a time",
    "independence": "Let somebody decide who is not independent",
    "close": "Close the review",
    "cancel": "Cancel the review",
}


def campaign_cards(campaign: Campaign) -> list[Card]:
    """The control owner's card, and one for each second signer who was asked."""
    owner = [_owner_card(campaign, campaign.owner.id)] if campaign.owner else []
    return [*owner, *(_proposal_card(campaign, p) for p in campaign.proposals.values())]


def title(campaign: Campaign) -> str:
    """`Access review, 4th quarter 2026`"""
    return f"Access review, {words.period(campaign.period)}"


def _owner_card(campaign: Campaign, to: str) -> Card:
    status = {
        "planned": "planned: the lists are being fetched",
        "collecting": "planned: the lists are being fetched",
        "open": "open: reviewers are deciding",
        "removing": "all decided: removals are being verified" if _told(campaign, "removals_open") else "all decided",
        "closed": "closed",
        "closed_with_exceptions": "closed with exceptions",
        "cancelled": "cancelled: not performed",
    }[campaign.status]
    text = f"{title(campaign)} is {status}"
    blocks: list[Block] = [header(title(campaign)), section(_standing(campaign, status))]
    blocks += [section(joined(_source(s) for s in _sources(campaign)))]
    if campaign.open and campaign.homes:
        blocks += [section(_progress(campaign))]
    if campaign.open:
        blocks += _unassigned(campaign)
        blocks += [actions(*_buttons(campaign))]
    else:
        blocks += [section(_ended(campaign))]
    blocks.append(
        context(
            fill(
                "Control {} · {} · case {}",
                mrkdwn(campaign.control, 40),
                mrkdwn(campaign.title, 120),
                mrkdwn(campaign.case, 120),
            )
        )
    )
    return Card(key="campaign", to=to, text=text, blocks=tuple(blocks), open=campaign.open)


def _sources(campaign: Campaign) -> list[SourceState]:
    return [campaign.sources[s] for s in sorted(campaign.sources)][:20]


def _standing(campaign: Campaign, status: str) -> Mrkdwn:
    said = [fill("*{}*", status[:1].upper() + status[1:]), fill("due {}", day(campaign.due_at))]
    if campaign.late:
        said.append(fill("*opened late*: it should have opened on {}", utc(campaign.opens_at)))
    if campaign.missed_at:
        said.append(Mrkdwn("*missed its due date before it opened*"))
    elif campaign.overdue_at and campaign.open:
        said.append(Mrkdwn("*overdue*"))
    return joined(said, " · ")


def _named(source: SourceState) -> str:
    return source.collection.system if source.collection else source.source


def _told(campaign: Campaign, key: str) -> int:
    return sum(counts.get(key, 0) for counts in campaign.progress.values())


def _progress(campaign: Campaign) -> Mrkdwn:
    settled, removals, late = (_told(campaign, k) for k in ("settled", "removals_open", "removals_late"))
    said = [fill("*{} of {} settled*", settled, count(len(campaign.homes), "line"))]
    if removals:
        said.append(fill("{} not verified yet", count(removals, "removal")))
    if late:
        said.append(fill("late: {}", count(late, "removal")))
    return joined(said, " · ")


def _source(source: SourceState) -> Mrkdwn:
    collection = source.collection
    name = fill("*{}*", mrkdwn(_named(source), 60))
    if source.status == "excepted":
        return fill("{}: left out by an exception that two people signed", name)
    if source.status == "refused":
        reasons = "; ".join(source.reasons) or "the list was not complete"
        again = fill(" It is fetched again on {}.", utc(source.again_at)) if source.again_at else Mrkdwn("")
        return fill("{}: *not opened:* {}.{}", name, mrkdwn(reasons.rstrip("."), 300), again)
    if collection is None:
        return fill("{}: being fetched", name)
    where = fill("complete list of {}", utc(collection.as_of))
    if source.status == "opened":
        return fill("{}: {} · {}", name, count(source.lines, "line"), where)
    return fill("{}: {} · waiting to be opened", name, where)


def _unassigned(campaign: Campaign) -> list[Block]:
    if not campaign.unassigned:
        return []
    total = len(campaign.unassigned)
    blocks: list[Block] = [
        divider(),
        section(fill("*{} without an independent reviewer.* Please name somebody.", count(total, "line"))),
    ]
    for line in sorted(campaign.unassigned.values(), key=lambda x: x.urgency())[:UNASSIGNED_SHOWN]:
        blocks.append(section(_why_nobody(line)))
        link = Link(act="assign", ref=case_ref(campaign.case), item=line.ref)
        other = Link(act="independence", ref=case_ref(campaign.case), item=line.ref)
        blocks.append(actions(button("Name a reviewer …", link), button("Nobody is independent …", other)))
    if total > UNASSIGNED_SHOWN:
        blocks.append(context(fill("… and {} after these.", count(total - UNASSIGNED_SHOWN, "more line"))))
    return blocks


def _why_nobody(line: AssignedLine) -> Mrkdwn:
    refused = " ".join(dict.fromkeys(r.reason for r in line.rejected))
    return joined(
        [
            fill("{} — {}", words.who(line), words.what(line, 160)),
            words.standing_out(line),
            fill("_{}_", mrkdwn(refused, 300)) if refused else Mrkdwn(""),
        ]
    )


def _buttons(campaign: Campaign) -> list[Element]:
    ref = case_ref(campaign.case)
    sure = confirm(
        "Close the review?",
        "Nothing can be decided in it afterwards. It is refused while anything is open.",
        "Close it",
    )
    style = "primary" if campaign.status == "removing" else ""
    elements = [button("Close the review", Link(act="close", ref=ref), style=style, ask=sure)]
    choices = [
        ("Cancel the review …", Link(act="cancel", ref=ref)),
        ("Close with a second signer …", Link(act="close_two", ref=ref)),
    ]
    for number, source in enumerate(_sources(campaign)):
        if source.status not in ("opened", "excepted"):
            choices.insert(0, (f"Leave {_named(source)} out …", Link(act="leave_out", ref=ref, item=str(number))))
    elements.append(menu("More", "campaign", choices))
    return elements


def _ended(campaign: Campaign) -> Mrkdwn:
    counts = campaign.counts
    told = [f"{counts[k]:,} {words}" for k, words in ENDED.items() if counts.get(k)]
    said = fill("{}.", ", ".join(told)) if told else Mrkdwn("")
    standing = campaign.standing()
    if standing:
        said = joined([said, fill("{} in force; each ends on its own day.", count(len(standing), "exception"))])
    return joined([said, Mrkdwn("The summary is recorded and signed.")])


def _about(line: AssignedLine) -> Mrkdwn:
    return fill("{} — {} · {}", words.who(line), words.what(line, 160), mrkdwn(line.line.account.system, 60))


def _proposal_card(campaign: Campaign, p: Proposal) -> Card:
    text = f"Second signature wanted: {KINDS[p.kind]}"
    about = [fill("{} asks: *{}*", words.named(p.by), KINDS[p.kind])]
    if p.kind == "source":
        source = campaign.sources.get(p.item)
        about.append(fill("System: *{}*", mrkdwn(_named(source) if source else p.item, 60)))
    about += [joined([_about(x), words.standing_out(x), words.facts(x)]) for x in p.about[:ABOUT_SHOWN]]
    if len(p.about) > ABOUT_SHOWN:
        about.append(fill("… and {}", count(len(p.about) - ABOUT_SHOWN, "more line")))
    if p.judge:
        about.append(fill("Who shall decide: {}; you sign each verdict as well", words.named(p.judge)))
    if p.until:
        about.append(fill("Until: *{}*", words.written(p.until)))
    about.append(fill("Reason: {}", words.quoted(p.reason, 900)))
    blocks: list[Block] = [header("Second signature wanted"), section(joined(about))]
    ref, item = case_ref(campaign.case), str(p.number)
    if p.outcome == "open" and campaign.open:
        blocks.append(
            actions(
                button("Sign", Link(act="cosign", ref=ref, item=item), style="primary"),
                button("Decline …", Link(act="decline", ref=ref, item=item), style="danger"),
            )
        )
    else:
        done = {
            "signed": "You signed. It holds now.",
            "declined": "You declined. Nothing changed.",
            "open": "No longer wanted: the review has ended.",
        }
        blocks.append(section(Mrkdwn(done[p.outcome])))
    blocks.append(context(fill("{} · case {}", title(campaign), mrkdwn(campaign.case, 160))))
    return Card(
        key=f"proposal:{p.number}",
        to=p.second.id,
        text=text,
        blocks=tuple(blocks),
        open=p.outcome == "open" and campaign.open,
    )
