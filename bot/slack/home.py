"""The Home tab: what waits for you, what you own, what you did lately. A pure function of the record's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.slack.card import open_link
from bot.slack.ports import Deps, Happened, Installation
from workflows.kernel.blocks import Block, button, context, divider, header, home, section
from workflows.kernel.errors import Refused
from workflows.kernel.model import Ask, CaseId, CaseSummary
from workflows.kernel.text import Mrkdwn, count, fill, joined, mrkdwn, utc, weblink, when

EMPTY = "Nothing is waiting for you."
MOST = 10
"""Items of a list: 10 asks, 10 cases owned and 5 receipts take 62 blocks at most; Slack's limit is 100."""
SOON = timedelta(days=2)
RECEIPTS = 5
NOTES = {"late": "It opened late.", "missed": "It missed its due date.", "overdue": "It is overdue."}


def home_view(
    asks: Sequence[tuple[CaseId, Ask]],
    owned: Sequence[CaseSummary],
    lately: Sequence[tuple[CaseId, Happened]],
    now: datetime,
    case_url: str = "",
    titles: Mapping[CaseId, str] = MappingProxyType({}),
    ledger: Sequence[Block] = (),
    link: Sequence[Block] = (),
) -> Block:
    """The tab for one person, asks by due time. ``case_url`` is the page of a case, `{}` for its id; ``titles`` of cases;
    ``ledger`` is how the ledger stands, for those who answer for a control; ``link`` how this account is linked.
    """
    # What is wrong is said first; that all is well is said last.
    first = ledger if ledger and ledger[0]["type"] == "section" else ()
    stale = link[:1] if link and link[0]["type"] == "section" else ()
    blocks: list[Block] = [*first, *stale, header("For you")]
    if not asks:
        blocks.append(section(Mrkdwn(EMPTY)))
    for case, ask in _urgent(asks)[:MOST]:
        blocks += _ask(case, ask, now)
    if len(asks) > MOST:
        blocks.append(
            context(fill("These are the {} most urgent of {}. Type */review* for the list.", MOST, len(asks)))
        )
    # What is asked of them stands above; a part of a larger case is not listed a second time.
    asked = {case for case, _ in asks}
    owned = [s for s in owned if s.parent is None or s.case not in asked]
    if owned:
        blocks += [divider(), header("You own")]
        blocks += [_owned(summary, now, case_url) for summary in _by_due(owned)[:MOST]]
        if len(owned) > MOST:
            blocks.append(context(fill("And {}.", count(len(owned) - MOST, "more case"))))
    if lately:
        blocks += [divider(), header("Yours lately")]
        blocks += [_receipt(titles.get(case, case), event) for case, event in lately[:MOST]]
    if ledger and not first:
        blocks += [divider(), *ledger]
    return home([*blocks, *link[len(stale) :]])


def acts(lately: Sequence[tuple[CaseId, Happened]]) -> list[tuple[CaseId, Happened]]:
    """Of events, newest first, one for each act: the first that it led to. What followed from it is in the record."""
    first: dict[datetime, tuple[CaseId, Happened]] = {}
    for case, event in lately:
        first[event.at] = (case, event)
    return list(first.values())[:RECEIPTS]


def refused_view(refusal: Refused, user: str, login_url: str = "") -> Block:
    """The tab for somebody who may not act: why, and what to do."""
    blocks = [header("Attester"), section(fill("{} {}", refusal.why, refusal.next_step))]
    if refusal.code == "not_linked":
        blocks += link_account(user, login_url)
    return home(blocks)


def enrol_url(deps: Deps, refusal: Refused | None, user: str, installed: Installation | None) -> str:
    """Where a member who is not linked links their account; made anew each time, because it is theirs and short-lived."""
    if deps.enrol is None or installed is None or refusal is None or refusal.code != "not_linked":
        return ""
    listed = deps.members.find(installed.team, user)
    return deps.enrol(installed.team, user, listed.name if listed else user)


def link_account(user: str, login_url: str) -> list[Block]:
    """How somebody gets linked: through the login page where there is one, else by the id that the directory needs."""
    if login_url:
        why = (
            "One sign-in with the company's account links it, so that a decision here is known to be yours. "
            "The link is for you alone and good for 5 minutes; come back here for a new one."
        )
        return [section(joined([weblink(login_url, "Link my account"), mrkdwn(why)]))]
    return [section(fill("Your Slack member id is *{}*: the directory needs it to link your account.", user))]


def ask_blocks(case: CaseId, ask: Ask, now: datetime) -> list[Block]:
    """One ask as a list shows it."""
    return _ask(case, ask, now)


def _ask(case: CaseId, ask: Ask, now: datetime) -> list[Block]:
    parts = [fill("*{}*", mrkdwn(ask.title, 200)), mrkdwn(ask.detail, 300)]
    if ask.due_at:
        parts.append(_due(ask.due_at, now))
    opener = button("Open", open_link(case), says=f"Open {ask.title}")
    return [section(joined(parts), accessory=opener)]


def _due(at: datetime, now: datetime) -> Mrkdwn:
    if at <= now:
        return fill(":warning: Was due {}", when(at))
    return fill(":hourglass: Due soon: {}" if at - now <= SOON else "Due {}", when(at))


def _owned(summary: CaseSummary, now: datetime, case_url: str) -> Block:
    name = weblink(case_url.format(summary.case), summary.title) if case_url else mrkdwn(summary.title, 200)
    state = mrkdwn(summary.status.replace("_", " "), 64)
    parts = [fill("*{}* · {} · {}", name, mrkdwn(summary.control, 64), state)]
    if summary.due_at:
        parts.append(_due(summary.due_at, now))
    # A note of one word that is not among these is for programs: counts, rungs.
    notes = [NOTES.get(note, note) for note in summary.notes if note in NOTES or " " in note]
    parts += [mrkdwn(note, 200) for note in notes[:2]]
    return section(joined(parts))


def _receipt(title: str, event: Happened) -> Block:
    short = f"{event.attestation[:4]}…{event.attestation[-2:]}" if event.attestation else ""
    done = event.name.replace("_", " ")
    return context(fill("{} · {} · {} · {}", done, mrkdwn(title, 255), utc(event.at), short))


def _urgent(asks: Sequence[tuple[CaseId, Ask]]) -> list[tuple[CaseId, Ask]]:
    """By due time; what has none comes last."""
    return sorted(asks, key=lambda a: (a[1].due_at is None, a[1].due_at.timestamp() if a[1].due_at else 0.0, a[0]))


def _by_due(owned: Sequence[CaseSummary]) -> list[CaseSummary]:
    return sorted(owned, key=lambda s: (s.due_at is None, s.due_at.timestamp() if s.due_at else 0.0, s.case))
