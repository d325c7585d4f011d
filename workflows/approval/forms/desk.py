"""The request forms: `/access`, and a risk that somebody declares. What can be asked for comes from the catalogue."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.forms.field import PERSON, UNTIL, Reader, colleagues, person_field, reason_field, until_field
from workflows.approval.forms.field import token as token
from workflows.approval.model import AskAccess, DeclareRisk, Desk, Settings
from workflows.approval.model.setting import longer
from workflows.approval.rules.frame import settings_of, zone
from workflows.approval.rules.refusal import refused
from workflows.kernel.blocks import Block, field, modal, section, select_input, text_input
from workflows.kernel.errors import Refused
from workflows.kernel.link import Link
from workflows.kernel.model import Facts
from workflows.kernel.text import Mrkdwn
from workflows.kernel.workflow import Do, Interaction, OpenForm

WHAT, LENGTH, URGENCY = "what", "length", "urgency"
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


__all__ = ["LENGTH", "PERSON", "UNTIL", "URGENCY", "WHAT", "access_form", "answer", "risk_form", "token"]
