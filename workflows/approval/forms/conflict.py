"""The form by which an exception for a pair of duties is asked for."""

from __future__ import annotations

from datetime import datetime

from workflows.approval.forms.field import UNTIL, Reader, colleagues, person_field, reason_field, token, until_field
from workflows.approval.model import AskPair, Settings
from workflows.approval.model.setting import MOST_ENTRIES
from workflows.approval.rules.frame import closed_days, settings_of, zone
from workflows.approval.rules.refusal import refused
from workflows.kernel.blocks import Block, field, modal, section, select_input, text_input
from workflows.kernel.calendar import after, spelled
from workflows.kernel.duty import pair_of
from workflows.kernel.link import Link
from workflows.kernel.model import Facts
from workflows.kernel.text import Mrkdwn, cut
from workflows.kernel.workflow import Do, Interaction, OpenForm

ACT = "conflict"
PAIR, INSTEAD = "pair", "instead"
INTRO = (
    "For two accesses that one person may not have at once. Whoever answers for the control decides. "
    "It gives no access: ask for that with /access afterwards."
)


def _choices(settings: Settings) -> dict[str, tuple[str, str]]:
    """The pairs of the program by what names them in a select."""
    pairs = dict.fromkeys(pair_of(a, b) for a, b in settings.conflicts)
    return {token("/".join(pair)): pair for pair in list(pairs)[:MOST_ENTRIES]}


def _named(pair: tuple[str, str], settings: Settings) -> str:
    one, other = (entry.title if (entry := settings.entry(name)) else name for name in pair)
    return f"{cut(one, 36)} + {cut(other, 36)}"


def form(link: Link, facts: Facts) -> OpenForm:
    """The form of `/access conflict`. The link's item is the token of whoever asks; then they stand there."""
    settings = settings_of(facts)
    choices = [(_named(pair, settings), key) for key, pair in _choices(settings).items()]
    if not choices:
        raise refused("no_such_pair", "The program lists no two accesses as a conflict.", "Ask with /access.")
    people = colleagues(facts.directory)
    asker = next((p for p in people if token(p.id) == link.item), None)
    blocks: list[Block] = [
        section(Mrkdwn(INTRO)),
        field(PAIR, "Which two?", select_input(choices, hint="Choose a pair")),
        person_field(people, "Who is to have both?", "Whoever asks and whoever has both do not decide.", asker),
        field(
            INSTEAD, "What is done instead?", text_input(long=True), hint="What makes up for one person having both."
        ),
        until_field("Until when?", f"At most {spelled(settings.conflict_longest)}. No access under it lasts longer."),
        reason_field("Why?", f"At least {settings.reason_min} characters. The control owner reads this and decides."),
    ]
    return OpenForm(view=modal("Allow a conflict", link, blocks, submit="Ask"), need="person")


def asked(i: Interaction, facts: Facts, at: datetime) -> Do:
    """What the sent form means. Raises FieldErrors."""
    settings, read = settings_of(facts), Reader(i.values)
    pair = _choices(settings).get(read.text(PAIR, "Please choose a pair."))
    if pair is None:
        read.errors.setdefault(PAIR, "The program does not list this pair any more. Open the form again.")
    person = read.person(facts.directory)
    instead = read.text(INSTEAD, "Please say what is done instead.")
    until = read.until(at, zone(facts))
    longest = settings.conflict_longest
    if UNTIL not in read.errors and until > after(at, longest, zone(facts), closed_days(facts.company)):
        read.errors[UNTIL] = f"At most {spelled(longest)} for a pair."
    reason = read.reason(settings.reason_min)
    read.done()
    if pair is None or person is None:
        raise refused("no_such_pair")
    command = AskPair(
        one=pair[0], other=pair[1], subject=person.id, subject_login=person.login, compensating=instead, reason=reason,
        until=until,
    )  # fmt: skip
    return Do(command=command)
