"""Cards around what must follow: the remover's ask, the control owner's when it is stuck, the second signer's."""

from __future__ import annotations

from datetime import datetime

from workflows.access_review.model import FollowUp, Review
from workflows.access_review.views import words
from workflows.access_review.views.queue import removal, title
from workflows.kernel.blocks import Block, actions, button, context, header, section
from workflows.kernel.link import Link, case_ref
from workflows.kernel.model import Card
from workflows.kernel.text import Mrkdwn, count, day, fill, joined, mrkdwn


def removal_cards(review: Review) -> list[Card]:
    """One card per removal, for whoever takes the access away; and one for the control owner where that is stuck."""
    cards = [_removal_card(review, f) for f in review.follow_ups.values()]
    cards += [_blocked_card(review, f) for f in review.follow_ups.values() if f.blocked]
    return cards


def _removal_card(review: Review, f: FollowUp) -> Card:
    whose, ref = words.plainly(f.line), case_ref(review.case)
    act = "Change" if f.verdict == "change" else "Remove"
    text = f"{act} access in {review.head.system}: {whose}"
    blocks: list[Block] = [header(text), section(_order(review, f))]
    if f.status in ("requested", "still_present", "reappeared") and not f.exemption:
        if f.cause:
            blocks.append(section(fill("*It has to go still:* {}.", mrkdwn(f.cause, 300))))
        if f.blocked:
            told = "You said that it cannot be done: {} {} was told and decides. Press *Done* if it is done after all."
            owner = mrkdwn(review.head.owner.name, 60)
            blocks.append(section(fill(told, words.quoted(f.blocked, 600), owner)))
        blocks.append(section(_steps(review, f)))
        blocks.append(
            actions(
                button("Done", Link(act="removed", ref=ref, item=f.ref), style="primary", says=f"{text}: done"),
                button("Cannot, because …", Link(act="cannot", ref=ref, item=f.ref)),
            )
        )
    else:
        blocks.append(section(removal(f)))
    blocks.append(
        context(
            fill(
                "Decided by {} · control {} · case {}",
                mrkdwn(review.reviewer.name, 60),
                mrkdwn(review.head.control, 40),
                mrkdwn(review.case, 160),
            )
        )
    )
    return Card(
        key=f"removal:{f.ref}",
        to=f.remover.id,
        text=mrkdwn(text, 300),
        blocks=tuple(blocks),
        open=f.open,
        urgent=f.line.tier == "privileged",
    )


def _order(review: Review, f: FollowUp) -> Mrkdwn:
    wanted = fill("{} — {}", words.who(f.line), words.what(f.line))
    if f.verdict == "change":
        wanted = fill("{}\nShould become: *{}*", wanted, mrkdwn(_target(review, f), 200))
    held = review.lines.get(f.ref)
    if held is not None and held.reason:
        wanted = fill("{}\nWhy: {}", wanted, words.quoted(held.reason, 600))
    late = Mrkdwn(" *This is late.*") if f.late and f.open else Mrkdwn("")
    return fill("{}\nDue {}.{}", wanted, day(f.due_at), late)


def _target(review: Review, f: FollowUp) -> str:
    return words.target(review.choices.get(f.line.line.entitlement.resource, ()), f.target)


def _steps(review: Review, f: FollowUp) -> Mrkdwn:
    account, paths = f.line.line.account, f.paths or f.line.line.via
    login = f"{account.login} (id {account.native_id})" if account.login != account.native_id else account.login
    steps = [fill("*1.* In {}, open the account `{}`.", mrkdwn(account.system, 60), mrkdwn(login, 120))]
    for path in paths[:5]:
        how = {"direct": "the direct grant"}.get(path, f"the membership in {path.partition(':')[2] or path}")
        steps.append(
            fill(
                "*{}.* Take away {}: it gives `{}`.",
                len(steps) + 1,
                mrkdwn(how, 120),
                mrkdwn(f.line.line.entitlement.name, 120),
            )
        )
    if f.verdict == "change":
        steps.append(fill("*{}.* Grant instead: {}", len(steps) + 1, mrkdwn(_target(review, f), 200)))
    steps.append(
        fill(
            "*{}.* Press *Done*. The next list of {} shows whether it is {}.",
            len(steps) + 1,
            mrkdwn(account.system, 60),
            "so" if f.verdict == "change" else "gone",
        )
    )
    return joined(steps)


def _blocked_card(review: Review, f: FollowUp) -> Card:
    whose = words.plainly(f.line)
    text = f"A removal in {review.head.system} is stuck: {whose}"
    blocks: list[Block] = [
        header(text),
        section(fill("{} — {}", words.who(f.line), words.what(f.line))),
        section(fill("{} says: {}", mrkdwn(f.remover.name, 60), words.quoted(f.blocked, 600))),
    ]
    if f.open:
        link = Link(act="except", ref=case_ref(review.head.campaign), item=f.ref)
        blocks.append(section(Mrkdwn("Either it is done after all, or two people sign an exception with an end date.")))
        blocks.append(actions(button("Ask for an exception …", link)))
    else:
        blocks.append(section(removal(f)))
    return Card(
        key=f"blocked:{f.ref}", to=review.head.owner.id, text=mrkdwn(text, 300), blocks=tuple(blocks), open=f.open
    )


def silent_cards(review: Review) -> list[Card]:
    """What the manager and the control owner are told when the reviewer does not answer."""
    open_lines = len(review.unsettled())
    told = [(review.manager_asked, "silent:manager")] if review.manager_asked else []
    told += [(review.head.owner.id, "silent:owner")] if review.owner_asked else []
    return [
        _silent_card(review, person, key, open_lines) for person, key in told if person and person != review.reviewer.id
    ]


def _silent_card(review: Review, person: str, key: str, open_lines: int) -> Card:
    if not open_lines or review.sealed:
        done = f"{title(review)}: nothing is open with {review.reviewer.name} any more."
        return Card(key=key, to=person, text=mrkdwn(done, 300), blocks=(section(mrkdwn(done)),), open=False)
    text = f"{title(review)}: {review.reviewer.name} has not decided {count(open_lines, 'line')}"
    blocks: list[Block] = [
        header("A review is not answered"),
        section(
            fill(
                "{} has *{}* open in *{}*, due {}.\n"
                "Nothing is kept by silence: please give these lines to somebody else, or ask {} to decide.",
                words.named(review.reviewer),
                count(open_lines, "line"),
                mrkdwn(title(review), 100),
                day(review.head.due_at),
                mrkdwn(review.reviewer.name, 60),
            )
        ),
        actions(button("Give to somebody else …", Link(act="reassign", ref=case_ref(review.case)), style="primary")),
    ]
    return Card(key=key, to=person, text=mrkdwn(text, 300), blocks=tuple(blocks))


def reminder_cards(review: Review) -> list[Card]:
    """Each reminder as a message of its own (an update in place would reach nobody); only the newest still asks."""
    order = {rung.name: (rung.at, rung.name) for rung in review.ladder}
    # Rungs that were passed at once, after an outage, are one message: that of the highest.
    highest: dict[datetime, str] = {}
    for rung in sorted((r for r in review.climbed if r in order), key=lambda name: order[name]):
        highest[review.climbed[rung]] = rung
    sent = [highest[at] for at in sorted(highest)]
    return [_reminder_card(review, rung, newest=rung == sent[-1]) for rung in sent]


def _reminder_card(review: Review, rung: str, *, newest: bool) -> Card:
    open_lines, key = len(review.unsettled()), f"reminder:{rung}"
    if not open_lines or review.sealed or not newest:
        done = "There is a newer reminder below." if open_lines and not review.sealed else "Nothing is open any more."
        said = f"Reminder of {title(review)}. {done}"
        return Card(key=key, to=review.reviewer.id, text=said, blocks=(context(mrkdwn(said)),), open=False)
    late = any(r.name in review.climbed and r.at >= review.head.due_at for r in review.ladder)
    when = fill("was due {}", day(review.head.due_at)) if late else fill("is due {}", day(review.head.due_at))
    text = f"Reminder: {count(open_lines, 'line')} to decide in {title(review)}"
    said = fill(
        "*{}* still to decide in *{}*, about {}. It {}.\nYour list is further up here; type */review* to open it.",
        count(open_lines, "line"),
        mrkdwn(title(review), 100),
        words.minutes(open_lines),
        when,
    )
    return Card(key=key, to=review.reviewer.id, text=text, blocks=(section(said),), open=True)


def cosign_cards(review: Review) -> list[Card]:
    """What the second signer of an independence exception is asked, one card per person."""
    wanted: dict[str, list[str]] = {}
    for ref, line in review.lines.items():
        if line.assigned.cosigner is not None and (line.cosign or line.refused_because):
            waiting = wanted.setdefault(line.assigned.cosigner.id, [])
            waiting += [ref] if line.cosign == "wanted" else []
    return [_cosign_card(review, person, refs) for person, refs in sorted(wanted.items())]


def _cosign_card(review: Review, person: str, refs: list[str]) -> Card:
    ref = case_ref(review.case)
    if not refs:
        done = f"Second signature, {title(review)}: nothing waits for you any more."
        return Card(
            key=f"cosign:{person}", to=person, text=mrkdwn(done, 300), blocks=(section(mrkdwn(done)),), open=False
        )
    text = f"Second signature: {count(len(refs), 'verdict')} of {review.reviewer.name} in {review.head.system}"
    blocks: list[Block] = [
        header(f"Second signature: {review.head.system}"),
        section(
            fill(
                "{} decided about access that is not independent of them. You agree, or the line is open again.",
                words.named(review.reviewer),
            )
        ),
    ]
    for item in refs[:8]:
        line = review.lines[item]
        verdict = line.verdict.verdict if line.verdict else "keep"
        blocks.append(
            section(
                fill(
                    "{} — {}\n*{}* {}",
                    words.who(line.assigned),
                    words.what(line.assigned, 120),
                    words.VERDICTS[verdict],
                    words.quoted(line.reason),
                )
            )
        )
        blocks.append(
            actions(
                button("Agree", Link(act="agree", ref=ref, item=item), style="primary"),
                button("Disagree …", Link(act="disagree", ref=ref, item=item), style="danger"),
            )
        )
    if len(refs) > 8:
        blocks.append(context(fill("… and {} after these.", len(refs) - 8)))
    return Card(key=f"cosign:{person}", to=person, text=mrkdwn(text, 300), blocks=tuple(blocks))
