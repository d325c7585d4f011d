"""`index.html`: the packet as a document to read, from disk, on paper, without a server and without any other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.packet.answer import Chip, Link, Sub
from bot.packet.campaign import CampaignTold
from bot.packet.gather import Gathered
from bot.packet.outside import root_fingerprint
from bot.packet.question import file_in
from bot.packet.question_outcome import answers
from bot.packet.source import Key, PacketSource
from bot.packet.words import ASSURANCE, count, moment, seconds
from workflows.kernel.encoding import b64
from workflows.kernel.publickey import ed25519_der, fingerprint

FOLDER = Path(__file__).parent
EVIDENCE_SHOWN = 2_000
KINDS = {
    "population": "certificate of a list",
    "lines": "lines of a list",
    "raw": "a source’s own answers",
    "accounts": "accounts of a list",
    "attester.ask": "what a person was shown",
    "attester.case": "a case as it stood",
    "attester.batch": "steps before a signature",
}


@dataclass(frozen=True)
class Recorded:
    """One attestation as a row of the page."""

    idx: int
    id: str
    at: str
    case: str
    number: int
    event: str
    who: str
    who_id: str
    person: bool
    what: str
    reason: str
    assurance: str


@dataclass(frozen=True)
class Item:
    """A file of evidence as a row of the page."""

    sha256: str
    name: str
    kind: str
    size: str
    times: int


def size(number: int) -> str:
    """`812 B`, `3.4 kB`, `1.2 MB`."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1000
    return ""


def render(
    *,
    found: Gathered,
    source: PacketSource,
    keys: Sequence[Key],
    recorded: Sequence[Recorded],
    total: int,
    by: Mapping[str, int],
    assurance: Counter[str],
    controls: Mapping[str, tuple[str, ...]],
    campaigns: Sequence[CampaignTold],
) -> str:
    """The page's HTML. Everything that comes from outside is escaped; no script, no picture, no address outside."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(moment=moment, seconds=seconds, kind=_kind)
    environment.tests.update(
        link=lambda value: isinstance(value, Link),
        chip=lambda value: isinstance(value, Chip),
        sub=lambda value: isinstance(value, Sub),
    )
    file = file_in(found.evidence.keys())
    last_day = found.end - timedelta(microseconds=1)
    return environment.get_template("page.html").render(
        found=found,
        days=f"{found.start:%-d %b %Y} to {last_day:%-d %b %Y}",
        campaigns=[{"told": told, "answers": answers(told, file), "id": f"c{n}"} for n, told in enumerate(campaigns)],
        controls=sorted(controls.items()),
        recorded=recorded,
        total=total,
        by=by,
        known=_known(assurance),
        attention=[line for told in campaigns for line in attention(told)],
        evidence=_items(found),
        root=b64(found.checkpoint.root),
        outside=_outside(found),
        authority_roots=list(dict.fromkeys(map(root_fingerprint, source.outside.authorities()))),
        fingerprints=sorted(key.keyid for key in keys),
        log_fingerprint=fingerprint(ed25519_der(source.log_public)),
        source_version=source.version,
    )


def _kind(name: str) -> str:
    return KINDS.get(name) or name.replace(".", ": ").replace("_", " ")


def _known(assurance: Counter[str]) -> str:
    """How people were recognised, without making more of it than it is."""
    if not assurance:
        return "No person decided anything in this time."
    if set(assurance) == {"slack"}:
        return "People were recognised by their Slack session only; no second sign-in was asked for."
    ways = "; ".join(f"{ASSURANCE.get(level, level)}: {number:,}" for level, number in assurance.most_common())
    return f"How people were recognised, by attestations: {ways}."


def _outside(found: Gathered) -> str:
    """What is known of time from outside, without making more of it than it is."""
    anchor = found.newest_anchor
    if anchor is None and not found.stamped:
        return "No outside time stamp is in this packet: times are those of the service’s own clock."
    told = []
    if found.stamped:
        share = "Every attestation" if found.stamped == len(found.bundles) else count(found.stamped, "attestation")
        carry = "carries" if share == "Every attestation" or found.stamped == 1 else "carry"
        told.append(f"{share} {carry} a time stamp of an outside authority, which proves that it existed by then.")
    else:
        told.append("No attestation has an outside time stamp of its own: times are those of the service’s own clock.")
    if anchor is not None:
        when = f", stamped {anchor.stamped_at:%-d %b %Y, %H:%M} UTC" if anchor.stamped_at else ""
        told.append(
            f"The log was copied outside at {count(found.anchors, 'checkpoint')}; the newest"
            f"{' with a time stamp' if when else ''} covers {anchor.size:,} of its {found.checkpoint.size:,} entries{when}."
        )
    return " ".join(told)


def _items(found: Gathered) -> list[Item]:
    """The evidence, grouped by kind: lists first, what people were shown next."""
    order = {kind: n for n, kind in enumerate(KINDS)}
    ordered = sorted(found.evidence.values(), key=lambda one: (order.get(one.kind, len(order)), one.kind, one.name))
    return [Item(x.sha256, x.name, x.kind, size(x.bytes), x.times) for x in ordered[:EVIDENCE_SHOWN]]


def attention(told: CampaignTold) -> list[str]:
    """What did not go as planned: it stands on the first page, not at the end."""
    lines = []
    for one in told.exceptions:
        exempt = one.body.get("exemption") or {}
        reason = exempt.get("reason") or one.body.get("reason") or ""
        until = f" until {moment(exempt['until'])}" if exempt.get("until") else ""
        kind = str(exempt.get("kind") or "independence").replace("_", " ")
        lines.append(f"{told.title}: exception ({kind}){until}: {reason}")
    for one in told.marks:
        word = one.event.removeprefix("campaign_")
        lines.append(f"{told.title}: {word}, recorded {moment(one.predicate.get('at'))}.")
    if not told.closed and told.status != "cancelled":
        lines.append(f"{told.title}: not closed in this packet.")
    figures = (
        (told.count["late"], "removal was late", "removals were late"),
        (told.count["removal still there"], "removal is still there", "removals are still there"),
        (told.count["removal there again"], "access is there again", "accesses are there again"),
        (told.count["verdict undecided"], "line is undecided", "lines are undecided"),
        (told.unassigned, "line had no independent reviewer", "lines had no independent reviewer"),
        (sum(1 for row in told.reviews if row.signals), "review raised a signal of haste", "reviews raised a signal of haste"),
    )  # fmt: skip
    lines.extend(f"{told.title}: {count(number, one, many)}." for number, one, many in figures if number)
    return lines
