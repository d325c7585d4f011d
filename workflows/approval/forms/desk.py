"""The request forms: an access of the catalogue, a finding of a scanner, a risk that somebody declares."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.forms.field import PERSON, UNTIL, Reader, colleagues, person_field, reason_field, until_field
from workflows.approval.forms.field import token as token
from workflows.approval.model import AskAccess, AskFinding, DeclareRisk, Desk, Settings
from workflows.approval.model.setting import longer
from workflows.approval.rules.frame import closed_days, settings_of, zone
from workflows.approval.rules.refusal import refused
from workflows.kernel.blocks import Block, field, modal, section, select_input, text_input
from workflows.kernel.calendar import after
from workflows.kernel.errors import Refused
from workflows.kernel.link import Link
from workflows.kernel.model import Facts
from workflows.kernel.text import Mrkdwn, cut
from workflows.kernel.weakness import MOST_LISTED
from workflows.kernel.workflow import Do, Interaction, OpenForm

WHAT, LENGTH, URGENCY = "what", "length", "urgency"
FINDING = "finding"
TITLE, TEXT, INSTEAD = "title", "text", "instead"
USUAL, STANDING, EMERGENCY = "usual", "standing", "emergency"
LENGTHS = (
    ("1 hour", "1h"), ("4 hours", "4h"), ("1 day", "1d"), ("3 days", "3d"), ("1 week", "7d"), ("2 weeks", "14d"),
    ("30 days", "30d"), ("90 days", "90d"), ("180 days", "180d"), ("1 year", "365d"),
)  # fmt: skip
NEEDED = "Somebody independent reads this and decides."


def answer(i: Interaction, desk: Desk, facts: Facts, at: datetime) -> Do | OpenForm:
    """What a click or a submitted form at the desk means. Raises FieldErrors or Refused."""
    if i.link.act == "access":
        return _ask_access(i, facts) if i.kind == "submit" else access_form(i.link, facts)
    if i.link.act == "risk":
        return _declare_risk(i, facts, at) if i.kind == "submit" else risk_form(i.link, facts)
    if i.link.act == FINDING:
        return _ask_finding(i, facts, at) if i.kind == "submit" else finding_form(i.link, facts)
    raise Refused("outdated", "This button is from an older version.", "Type /access to start anew.")


def access_form(link: Link, facts: Facts) -> OpenForm:
    """The form of `/access`. The link's item is the token of whoever asks; then they stand there as the holder."""
    settings = settings_of(facts)
    if not settings.catalogue:
        raise refused("not_in_catalogue", "Nothing can be asked for yet: the catalogue is empty.")
    people = colleagues(facts.directory)
    asker = next((p for p in people if token(p.id) == link.item), None)
    entries = [(e.title, e.id) for e in settings.catalogue]
    blocks: list[Block] = [
        field(WHAT, "What do you need?", select_input(entries, hint="Choose an access")),
        field(LENGTH, "For how long?", select_input(_lengths(settings), chosen=USUAL), hint="It ends by itself."),
        person_field(people, "For whom?", "Whoever asks and whoever gets it do not decide.", asker),
        reason_field("What for?", f"At least {settings.reason_min} characters. {NEEDED}"),
    ]
    if settings.emergency is not None:
        choices = [("In the ordinary way", "ordinary"), ("Emergency: now, and reviewed afterwards", EMERGENCY)]
        hint = f"An emergency lasts at most {settings.emergency.longest}; whoever answers for it reviews it afterwards."
        blocks.append(field(URGENCY, "How urgent is it?", select_input(choices, chosen="ordinary"), hint=hint))
    return OpenForm(view=modal("Ask for access", link, blocks, submit="Ask"), need="person")


def _lengths(settings: Settings) -> list[tuple[str, str]]:
    choices = [("The usual time for this access", USUAL)]
    choices += [(word, span) for word, span in LENGTHS if any(not longer(span, e.longest) for e in settings.catalogue)]
    if any(e.standing for e in settings.catalogue):
        choices.append(("No end (only where it is allowed)", STANDING))
    return choices


def _ask_access(i: Interaction, facts: Facts) -> Do:
    settings, form = settings_of(facts), Reader(i.values)
    entry = settings.entry(form.text(WHAT, "Please choose an access."))
    if entry is None:
        form.errors.setdefault(WHAT, "This is not in the catalogue. Choose from the list.")
    emergency = form.text(URGENCY) == EMERGENCY
    length = form.text(LENGTH, "Please choose for how long.")
    if entry is not None and length not in {span for _, span in LENGTHS} | {USUAL, STANDING}:
        form.errors.setdefault(LENGTH, "Choose from the list.")
    elif entry is not None:
        longest = settings.emergency.longest if emergency and settings.emergency else entry.longest
        usual = longest if emergency else entry.usual
        length = {USUAL: usual, STANDING: ""}.get(length, length)
        if length and longer(length, longest):
            form.errors[LENGTH] = f"At most {longest} for this."
        elif not length and (not entry.standing or emergency):
            form.errors[LENGTH] = "This can only be given for a time. Choose until when."
    person, reason = form.person(facts.directory), form.reason(settings.reason_min)
    form.done()
    if entry is None or person is None:
        raise refused("not_in_catalogue")
    command = AskAccess(
        entry=entry.id,
        subject=person.id,
        subject_login=person.login,
        source=entry.source,
        length=length,
        reason=reason,
        emergency=emergency,
    )
    return Do(command=command)


def risk_form(link: Link, facts: Facts) -> OpenForm:
    """The form by which a weakness is declared that no scanner found."""
    settings = settings_of(facts)
    if settings.risks is None:
        raise refused("no_risks")
    least = settings.reason_min
    blocks: list[Block] = [
        section(Mrkdwn("For a known weakness that cannot be mended now. Its owner says how severe it is.")),
        field(TITLE, "What is weak?", text_input(most=100), hint="A few words."),
        field(TEXT, "What could happen?", text_input(long=True), hint=f"At least {least} characters. No secrets here."),
        person_field(colleagues(facts.directory), "Who owns the risk?", "They never decide about it."),
        field(INSTEAD, "What is done instead?", text_input(long=True), hint="What makes up for it until it is mended."),
        until_field("Until when?", "Nothing is accepted for ever."),
        reason_field("Why not now?", NEEDED),
    ]
    return OpenForm(view=modal("Accept a risk", link, blocks, submit="Ask"), need="person")


def _declare_risk(i: Interaction, facts: Facts, at: datetime) -> Do:
    settings, form = settings_of(facts), Reader(i.values)
    title = form.text(TITLE, "Please say in a few words what is weak.", 100)
    text = form.text(TEXT, "Please say what could happen.")
    if text and len(text) < settings.reason_min:
        form.errors[TEXT] = f"Please write at least {settings.reason_min} characters."
    instead = form.text(INSTEAD, "Please say what is done instead.")
    owner = form.person(facts.directory)
    until = form.until(at, zone(facts))
    reason = form.reason(settings.reason_min)
    form.done()
    if owner is None:
        raise refused("unknown_person")
    command = DeclareRisk(
        title=title,
        text=text,
        owner=owner.id,
        compensating=instead,
        reason=reason,
        until=until,
    )
    return Do(command=command)


def finding_form(link: Link, facts: Facts) -> OpenForm:
    """The form by which a finding of a scanner is accepted: one of those that stand in stored scans, the worst first."""
    if settings_of(facts).risks is None:
        raise refused("no_risks")
    fit = [w for w in facts.weaknesses if not w.live_secret]
    if not fit:
        raise refused("finding_unknown", "No stored scan shows a finding that could be accepted.")
    choices = [(cut(f"{w.severity}: {w.title} · {w.repository} {w.place}", 75), w.id) for w in fit[:MOST_LISTED]]
    more = f"The {MOST_LISTED} worst. " if len(fit) > MOST_LISTED else ""
    blocks: list[Block] = [
        section(Mrkdwn("For what a scanner found and cannot be mended now. Live secrets are rotated, never accepted.")),
        field(WHAT, "Which finding?", select_input(choices, hint="Choose a finding"), hint=f"{more}From stored scans."),
        person_field(colleagues(facts.directory), "Who owns the risk?", "They never decide about it."),
        field(INSTEAD, "What is done instead?", text_input(long=True), hint="What makes up for it until it is mended."),
        until_field(
            "Until when?", "Critical at most 7 days, high 30, medium 90, low 180, unless the program says less."
        ),
        reason_field("Why not now?", NEEDED),
    ]
    return OpenForm(view=modal("Accept a finding", link, blocks, submit="Ask"), need="person")


def _ask_finding(i: Interaction, facts: Facts, at: datetime) -> Do:
    settings, form = settings_of(facts), Reader(i.values)
    chosen = form.text(WHAT, "Please choose a finding.")
    known = next((w for w in facts.weaknesses if w.id == chosen), None)
    if chosen and known is None:
        form.errors[WHAT] = "This finding is gone from the newest scan, or not one of the list. Open the form again."
    owner = form.person(facts.directory)
    instead = form.text(INSTEAD, "Please say what is done instead.")
    until = form.until(at, zone(facts))
    if known is not None and settings.risks is not None and UNTIL not in form.errors:
        longest = settings.risks.limit(known.severity)
        if until > after(at, longest, zone(facts), closed_days(facts.company)):
            form.errors[UNTIL] = f"At most {longest} for a {known.severity} finding."
    reason = form.reason(settings.reason_min)
    form.done()
    if owner is None or known is None:
        raise refused("finding_unknown")
    command = AskFinding(
        tool=known.tool, repository=known.repository, mark=known.mark, owner=owner.id, compensating=instead,
        reason=reason, until=until,
    )  # fmt: skip
    return Do(command=command)


__all__ = [
    "LENGTH",
    "PERSON",
    "UNTIL",
    "URGENCY",
    "WHAT",
    "access_form",
    "answer",
    "finding_form",
    "risk_form",
    "token",
]
