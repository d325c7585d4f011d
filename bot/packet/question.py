"""The questions an auditor asks of an access review, each answered from named signed fields: systems, list, reviewers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from bot.packet.answer import Answer, Cell, Chip, Link, Part, TableView, bundle, cut
from bot.packet.campaign import CampaignTold, ReviewRow
from bot.packet.words import ASSURANCE, RULES, count, moment, seconds, shares

File = Callable[[str], Part]
"""SHA-256 → a link to the file where it is in the packet, else the digest with that fact."""


def file_in(held: Collection[str]) -> File:
    """Links to evidence that this packet holds."""

    def link(sha256: str) -> Part:
        if not sha256:
            return "unknown"
        short = sha256[:10] + "…"
        return Link(short, f"evidence/sha256/{sha256}", sha256) if sha256 in held else f"{short} (not in this packet)"

    return link


def _collections(told: CampaignTold) -> list[dict[str, Any]]:
    """The list that each system was reviewed on; before lines are assigned, the ones that were collected."""
    return [one.body.get("collection") or {} for one in told.assigned or told.collected]


def systems(told: CampaignTold, file: File) -> Answer:
    """1: which systems, and why not others."""
    settings = (told.body.get("settings") or {}) if told.planned else {}
    named = {str(c.get("source", "")): str(c.get("system", "")) for c in _collections(told)}
    sources = settings.get("sources") or [
        {"id": one} for one in (told.closed.body.get("scope", ()) if told.closed else ())
    ]
    rows: list[list[Cell]] = []
    for source in sources:
        id_, why = str(source.get("id", "")), str(source.get("out_of_scope", ""))
        if why:
            until = f"accepted by {source.get('accepted_by')}, until {moment(source.get('until'))}"
            rows.append([named.get(id_, id_), id_, Chip("out of scope", "warn"), f"{why} ({until})"])
        else:
            state = Chip("reviewed", "good") if id_ in named else Chip("no list yet", "warn")
            rows.append([named.get(id_, id_), id_, state, ""])
    for one in told.exceptions:
        exempt = one.body.get("exemption") or {}
        if exempt.get("kind") == "source":
            reason = f"{exempt.get('reason', '')} (two signers, until {moment(exempt.get('until'))})"
            rows.append([str(exempt.get("item", "")), "", Chip("excepted", "bad"), reason])
    outside = sum(1 for source in sources if source.get("out_of_scope"))
    lead = f"{count(len(sources) - outside, 'system')} in scope; {outside or 'none'} out of scope."
    return Answer(
        1, "Which systems, and why not others?", lead, [TableView(("System", "Source", "", "Why"), rows)],
        "campaign_planned: settings.sources; source_excepted: exemption; lines_assigned: collection",
    )  # fmt: skip


def made(told: CampaignTold, file: File) -> Answer:
    """2: how was the list made."""
    rows: list[list[Cell]] = []
    for sha256, c in told.certificates.items():
        streams = "; ".join(
            f"{s.get('name')}: {s.get('path')}" + (f" ({s.get('parameters')})" if s.get("parameters") else "")
            for s in c.get("streams", ())
        )
        rows.append(
            [
                str(c.get("system", "")), f"{c.get('connector', '')}, Attester {c.get('code', '')}", str(c.get("host", "")),
                str(c.get("credential", "")), streams, str(c.get("started_by", "")), file(sha256),
            ]
        )  # fmt: skip
    return Answer(
        2, "How was the list made?",
        f"{count(len(rows), 'list was', 'lists were')} read by a program; a later change to a list would show.",
        [TableView(("System", "Read by", "From", "With whose access", "What was asked", "Started by", "Certificate"), rows)],
        "population.json: connector, code, host, credential, streams, started_by",
    )  # fmt: skip


def complete(told: CampaignTold, file: File) -> Answer:
    """3: is it complete."""
    rows: list[list[Cell]] = []
    for c in told.certificates.values():
        streams = c.get("streams", ())
        read, rejected = sum(s.get("rows", 0) for s in streams), sum(s.get("rejected", 0) for s in streams)
        second = "; ".join(
            f"{s['expected']:,} expected ({s.get('expected_from', '')})"
            for s in streams
            if s.get("expected") is not None
        )
        verdict = str(c.get("verdict", ""))
        before = c.get("previous_lines")
        rows.append(
            [
                str(c.get("system", "")), Chip(verdict, "good" if verdict == "complete" else "bad"), f"{read:,}",
                f"{(c.get('counts') or {}).get('lines', 0):,}", f"{rejected:,}", second or "no second figure at the source",
                "first list" if before is None else f"{before:,}",
            ]
        )  # fmt: skip
    whole = sum(1 for c in told.certificates.values() if c.get("verdict") == "complete")
    refused = len(told.refused)
    lead = f"{whole} of {count(len(rows), 'list')} certified complete."
    if refused:
        lead += f" {count(refused, 'list was', 'lists were')} refused before, and read again."
    columns = ("System", "Verdict", "Rows read", "Lines", "Rejected rows", "Second figure", "Lines of the list before")
    again: list[list[Cell]] = [
        [str((o.body.get("collection") or {}).get("system", "")), "; ".join(o.body.get("reasons", ())), bundle(o.id)]
        for o in told.refused
    ]
    tables = [TableView(columns, rows)]
    if again:
        tables.append(TableView(("Refused list of", "Because", "Attestation"), again))
    return Answer(
        3, "Is it complete?", lead, tables, "population.json: verdict, streams, counts, previous_lines; source_refused"
    )


def unaltered(told: CampaignTold, file: File) -> Answer:
    """4: is it unaltered."""
    rows: list[list[Cell]] = []
    for sha256, c in told.certificates.items():
        raw, lines, accounts = (str(c.get(f"{name}_sha256", "")) for name in ("raw", "lines", "accounts"))
        rows.append([str(c.get("system", "")), file(sha256), file(lines), file(accounts), file(raw)])
    return Answer(
        4, "Is it unaltered?",
        "Each list is named by its SHA-256 in the signed attestations; verify.py compares every byte.",
        [TableView(("System", "Certificate", "Lines", "Accounts", "The source’s own answers"), rows)],
        "subject: digest; population.json: lines_sha256, accounts_sha256, raw_sha256",
    )  # fmt: skip


def as_of(told: CampaignTold, file: File) -> Answer:
    """5: as of when."""
    rows: list[list[Cell]] = []
    for one in told.assigned or told.collected:
        c = one.body.get("collection") or {}
        certificate = told.certificates.get(str(c.get("id", "")), {})
        rows.append(
            [
                str(c.get("system", "")), seconds(certificate.get("started_at")), seconds(c.get("ended_at")),
                seconds(c.get("as_of")), seconds(one.predicate.get("at")), bundle(one.id),
            ]
        )  # fmt: skip
    return Answer(
        5, "As of when?", "Every line was judged on the list below; later lists showed what changed meanwhile.",
        [TableView(("System", "Reading began", "ended", "List as of", "Put before reviewers", "Attestation"), rows,
                   "All times are UTC.")],
        "lines_assigned: at, collection.as_of; population.json: started_at, ended_at",
    )  # fmt: skip


def reviewers(told: CampaignTold, file: File) -> Answer:
    """6: who reviewed, and how were they related."""
    rules: Counter[str] = Counter()
    for one in told.reviews:
        rules.update(one.rules)
    people = len({one.reviewer for one in told.reviews if one.lines})
    exceptions = [one for one in told.exceptions if one.event == "independence_excepted"]
    lead = f"{count(people, 'reviewer')}. Chosen as: {shares(rules, RULES) or 'nobody yet'}. "
    lead += (
        f"{count(len(exceptions), 'independence exception')}, co-signed by a second person."
        if exceptions
        else "Nobody judged their own access; there was no independence exception."
        if _independent(told)
        else "There was no independence exception."
    )
    rows: list[list[Cell]] = [
        [r.reviewer, r.title, r.system, f"{r.lines:,}", shares(r.rules, RULES), _levels(r), _signatures(r)]
        for r in told.reviews
        if r.lines and not r.second_of
    ]
    tables = [TableView(("Reviewer", "Function", "System", "Lines", "Chosen as", "Signed with", "Signatures"), rows)]
    if exceptions:
        excepted: list[list[Cell]] = [
            [told.called(o.body.get("reviewer")), told.called(o.body.get("second")), str(o.body.get("reason", "")),
             bundle(o.id)]
            for o in exceptions
        ]  # fmt: skip
        tables.append(TableView(("Not independent", "Co-signed by", "Because", "Attestation"), excepted))
    return Answer(
        6, "Who reviewed, and how are they related to the holder?", lead, tables,
        "lines_taken: head.reviewer, lines.rule; verdicts_signed: by, assurance; independence_excepted",
    )  # fmt: skip


def _independent(told: CampaignTold) -> bool:
    """Whether every line of the packet that has a person and a reviewer has two different ones."""
    return all(x.person_id != x.reviewer_id for x in told.lines if x.person_id) and told.count["lines"] == len(
        told.lines
    )


def _levels(row: ReviewRow) -> str:
    return ", ".join(sorted(ASSURANCE.get(one, one) for one in row.assurance)) or "not signed"


def _signatures(row: ReviewRow) -> Cell:
    return tuple(bundle(id_) for _, id_ in row.signatures[:6])


def shown(told: CampaignTold, file: File) -> Answer:
    """7: what did they see."""
    rows: list[list[Cell]] = []
    for row in told.reviews:
        if not row.care or row.second_of:
            continue
        rows.append(
            [
                row.reviewer, row.system, f"{row.care.get('lines', 0):,}", _per_line(row.care.get("median_ms")),
                f"{row.care.get('kept_percent', 0)} %", f"{row.care.get('in_groups_percent', 0)} %",
                ", ".join(s.replace("_", " ") for s in row.signals) or "none",
            ]
        )  # fmt: skip
    raised = sum(1 for row in told.reviews if row.signals)
    looks: list[list[Cell]] = [
        [row.reviewer, row.system, told.called(by), f"{agreed:,}", f"{disagreed:,}", bundle(id_)]
        for row in told.reviews
        for by, agreed, disagreed, id_ in row.looks
    ]
    second = len(looks)
    looked = count(second, "second look") if second else "no second look"
    lead = (
        "The SHA-256 of all that was shown of a line stands beside its verdict, and the message as it stood is evidence. "
        f"{count(raised, 'review')} raised a signal of haste; {looked} followed."
    )
    columns = ("Reviewer", "System", "Lines", "Median time per line", "Kept", "Kept in groups", "Signals")
    tables = [TableView(columns, rows, "A signal voids nothing; it is printed either way.")]
    if looks:
        names = ("Lines of", "System", "Looked at again by", "Agreed", "Disagreed: asked again", "Attestation")
        tables.append(TableView(names, looks))
    return Answer(
        7, "What did they see?", lead, tables,
        "verdicts_signed: verdicts.shown, shown_at, care, signals; second_look_given; shown; batched",
    )  # fmt: skip


def _per_line(milliseconds: int | None) -> str:
    return "unknown" if milliseconds is None else f"{milliseconds / 1000:,.1f} s"


def note(rows: list[list[Cell]], total: int) -> str:
    """What to say under a table of lines."""
    return cut(rows, total, "lines.csv")
