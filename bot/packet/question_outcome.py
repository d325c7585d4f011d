"""The questions an auditor asks of an access review, continued: decisions, leavers, removals, time, change."""

from __future__ import annotations

from bot.packet.answer import Answer, Cell, Chip, Part, Sub, TableView, bundle
from bot.packet.campaign import CampaignTold
from bot.packet.question import File, as_of, complete, made, note, reviewers, shown, systems, unaltered
from bot.packet.review import LineTold
from bot.packet.words import DELTAS, count, listed, moment, seconds
from workflows.access_review.views.words import FLAGS

TONES = {"keep": "plain", "revoke": "bad", "change": "warn", "undecided": "warn"}
REMOVALS = {"verified gone": "good", "still there": "bad", "there again": "bad"}


def _name(x: LineTold) -> str:
    if not x.person and x.owner:
        return f"account that {x.owner} answers for"
    return x.person or x.account_name or "nobody known"


def _whose(x: LineTold) -> str:
    name = x.person or x.account_name
    return f"{name} ({x.account})" if name and name != x.account else x.account or "unknown account"


def _access(x: LineTold) -> str:
    what = x.plain or x.entitlement
    return what if x.resource in ("", x.system, x.entitlement) else f"{what} · {x.resource}"


def _flags(x: LineTold) -> str:
    told = {str(key): value for key, value in FLAGS.items()}
    words = [x.tier] if x.tier in ("privileged", "flagged") else []
    return ", ".join([*words, *(told.get(flag, flag.replace("_", " ")) for flag in x.flags)])


def decided(told: CampaignTold, file: File) -> Answer:
    """8: what was decided, when and why."""
    verdicts = {word: told.count[f"verdict {word}"] for word in ("keep", "revoke", "change", "undecided")}
    rows: list[list[Cell]] = []
    for x in told.lines:
        verdict = x.verdict or "undecided"
        word = f"{verdict} → {x.target}" if x.target else verdict
        about = " · ".join(filter(None, (x.system, _flags(x))))
        rows.append(
            [
                (_name(x), Sub(x.account)), (_access(x), Sub(about)), Chip(word, TONES.get(verdict, "plain")), x.reason,
                (x.reviewer, Sub(seconds(x.decided_at))), bundle(x.attestation),
            ]
        )  # fmt: skip
    columns = ("Whose", "May", "Verdict", "Reason", "Decided by, at (UTC)", "Attestation")
    lead = f"{count(told.count['lines'], 'line')}: {listed(verdicts)}."
    if told.unassigned:
        lead += f" {count(told.unassigned, 'line')} had nobody independent to judge it and went to the control owner."
    return Answer(
        8, "What was decided, when and why?", lead, [TableView(columns, rows, note(rows, told.count["lines"]))],
        "verdicts_signed: verdicts, reasons, by, at; lines_taken: lines",
    )  # fmt: skip


def leavers(told: CampaignTold, file: File) -> Answer:
    """9: were leavers caught."""
    rows: list[list[Cell]] = []
    for x in told.leavers:
        removal: Cell = Chip(x.removal, REMOVALS.get(x.removal, "warn")) if x.removal else ""
        verdict = x.verdict or "undecided"
        whose: list[Cell] = [(_name(x), Sub(x.account)), (_access(x), Sub(x.system))]
        rows.append([*whose, Chip(verdict, TONES.get(verdict, "plain")), removal, bundle(x.attestation)])
    total = told.count["leavers"]
    lead = "No line belongs to a leaver."
    if total:
        lead = f"{count(total, 'line belongs', 'lines belong')} to people who have left."
    kept = sum(1 for x in told.leavers if x.verdict == "keep")
    if total and not kept:
        lead += " None was kept."
    columns = ("Whose", "May", "Verdict", "Removal", "Attestation")
    return Answer(
        9, "Were leavers caught?", lead, [TableView(columns, rows, note(rows, total))] if rows else [],
        "verdicts_signed: verdicts.flags (leaver), verdict",
    )  # fmt: skip


def removals(told: CampaignTold, file: File) -> Answer:
    """10: removed, when, and proven how."""
    rows: list[list[Cell]] = []
    for x in told.removals:
        refuted = tuple(f"{seconds(at)}: {cause}" for at, _, cause in (one.partition("\t") for one in x.refuted))
        now: list[Part] = [Chip(x.removal, REMOVALS.get(x.removal, "warn")), Sub(seconds(x.verified_at))]
        due: list[Part] = [moment(x.removal_due), *((Chip("late", "warn"),) if x.late else ())]
        proof: Cell = (file(x.proof), bundle(x.proof_attestation)) if x.proof else "none"
        rows.append(
            [
                (_whose(x), Sub(f"{_access(x)} · {x.system}")), (x.remover or "unknown", Sub(seconds(x.requested_at))),
                tuple(due), "; ".join(refuted), tuple(now), proof,
            ]
        )  # fmt: skip
    total = sum(number for name, number in told.count.items() if name.startswith("removal "))
    lead = "Nothing had to be removed."
    if total:
        gone = told.count["removal verified gone"]
        lead = f"{gone:,} of {count(total, 'removal')} verified gone by a later complete list."
    if told.count["late"]:
        lead += f" {told.count['late']:,} were late."
    columns = (
        "Access",
        "Asked of, at (UTC)",
        "Due",
        "Found still there",
        "Now, since (UTC)",
        "Proof: list, attestation",
    )
    return Answer(
        10, "What was removed, when, and how is that proven?", lead,
        [TableView(columns, rows, note(rows, total) or "“Done” of a person or an API is a report; only a later list is proof.")]
        if rows else [],
        "removal_requested, removal_reported, removal_refuted, removal_verified: collection, before; follow_up_late",
    )  # fmt: skip


def on_time(told: CampaignTold, file: File) -> Answer:
    """11: was it on time."""
    rows: list[list[Cell]] = []
    if told.planned:
        rows.append(["Should open", moment(told.planned.body.get("opens_at")), bundle(told.planned.id)])
    if told.opened:
        late = " (late)" if told.opened.body.get("late") else ""
        rows.append(["Opened", seconds(told.opened.predicate.get("at")) + late, bundle(told.opened.id)])
    rows.append(["Due", moment(told.body.get("due_at")), bundle(told.planned.id) if told.planned else ""])
    for one in told.marks:
        rows.append([one.event.replace("campaign_", "").capitalize(), seconds(one.predicate.get("at")), bundle(one.id)])
    if told.closed:
        late = " (late)" if told.closed.body.get("late") else ""
        rows.append(["Closed", seconds(told.closed.predicate.get("at")) + late, bundle(told.closed.id)])
    late_marks = [one.event.removeprefix("campaign_") for one in told.marks]
    lead = "Closed on time." if told.closed and not told.closed.body.get("late") and not late_marks else "See below."
    if not told.closed:
        lead = "Not closed yet." + (f" It is recorded as {' and '.join(late_marks)}." if late_marks else "")
    elif late_marks or told.closed.body.get("late"):
        lead = f"Late: {', '.join(late_marks) or 'closed after the due date'}."
    lead += f" {count(told.count['reminders'], 'reminder')}, {count(told.count['escalations'], 'escalation')}."
    return Answer(
        11, "Was it on time?", lead, [TableView(("", "UTC", "Attestation"), rows)],
        "campaign_planned: opens_at, due_at; campaign_opened, campaign_closed: at, late; campaign_missed; campaign_overdue",
    )  # fmt: skip


def changes(told: CampaignTold, file: File) -> Answer:
    """12: what changed between reviews."""
    deltas = {word: told.count[f"delta {word}"] for word in DELTAS}
    lead = f"{listed(deltas, DELTAS) or 'No line'}."
    if told.removed:
        lead += f" Gone since the last review: {listed(told.removed)}."
    elif deltas["changed"] or deltas["unchanged"]:
        lead += " Nothing that was reviewed before is gone."
    elif deltas["new"]:
        lead += " No line was reviewed before."
    if told.count["gone"]:
        lead += f" {told.count['gone']:,} disappeared while the review was open."
    arrived = sum(len(one.subjects) > 0 for one in told.arrived)
    if arrived:
        lead += f" Access that appeared meanwhile is in {count(arrived, 'attestation')}."
    rows: list[list[Cell]] = [[_whose(x), _access(x), x.system, x.changes, bundle(x.attestation)] for x in told.changed]
    tables = [TableView(("Whose", "May", "System", "What changed", "Attestation"), rows)] if rows else []
    return Answer(
        12, "What changed between reviews?", lead, tables,
        "verdicts_signed: verdicts.delta; lines_taken: lines.changes; lines_assigned: removed; lines_arrived; line_gone",
    )  # fmt: skip


def again(told: CampaignTold, file: File) -> Answer:
    """13: can I do it again."""
    rows: list[list[Cell]] = [
        [str(c.get("system", "")), file(str(c.get("raw_sha256", ""))), file(str(c.get("lines_sha256", "")))]
        for c in told.certificates.values()
    ]
    here = all(not isinstance(row[1], str) for row in rows) and bool(rows)
    lead = (
        "Yes: the source’s own answers and the lines made of them are in this packet; count them yourself."
        if here
        else "In part: the lines are in this packet; where the source’s own answers are not, it says so."
    )
    return Answer(
        13, "Can I do it again?", lead,
        [TableView(("System", "The source’s own answers", "The lines made of them"), rows)],
        "population.json: raw_sha256, lines_sha256",
    )  # fmt: skip


def answers(told: CampaignTold, file: File) -> list[Answer]:
    """All thirteen, in order."""
    asked = (
        systems, made, complete, unaltered, as_of, reviewers, shown, decided, leavers, removals, on_time, changes, again,
    )  # fmt: skip
    return [ask(told, file) for ask in asked]
