"""The ledger's own case: that the log was opened, with which keys its attestations are signed, and what befell it (CC6.1).

It belongs to no control and is older than every program. Nobody is asked anything; a key is noted by the process that
signs with it, in an attestation that this very key signs: whoever holds a packet sees since when a key was in use. The
same case says when the log lacked outside time or a copy in the vault, was frozen, restored, or given to an auditor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workflows.kernel.attestation import heard, spoken
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Directory, Value
from workflows.kernel.ledger_example import Story, stories
from workflows.kernel.ledger_note import FINDINGS, NOTES
from workflows.kernel.ledger_note import KeyAdded as KeyAdded
from workflows.kernel.ledger_note import LedgerAnchorGap as LedgerAnchorGap
from workflows.kernel.ledger_note import LedgerClockWrong as LedgerClockWrong
from workflows.kernel.ledger_note import LedgerFoundCorrupt as LedgerFoundCorrupt
from workflows.kernel.ledger_note import LedgerFrozen as LedgerFrozen
from workflows.kernel.ledger_note import LedgerOpened as LedgerOpened
from workflows.kernel.ledger_note import LedgerRecovered as LedgerRecovered
from workflows.kernel.ledger_note import LedgerTimeMissing as LedgerTimeMissing
from workflows.kernel.ledger_note import NoteClock as NoteClock
from workflows.kernel.ledger_note import NoteCorrupt as NoteCorrupt
from workflows.kernel.ledger_note import NoteExport as NoteExport
from workflows.kernel.ledger_note import NoteFrozen as NoteFrozen
from workflows.kernel.ledger_note import NoteGap as NoteGap
from workflows.kernel.ledger_note import NoteKey as NoteKey
from workflows.kernel.ledger_note import NoteNoTime as NoteNoTime
from workflows.kernel.ledger_note import NoteProbe as NoteProbe
from workflows.kernel.ledger_note import NoteRecovered as NoteRecovered
from workflows.kernel.ledger_note import PacketExported as PacketExported
from workflows.kernel.ledger_note import VaultProbeFailed as VaultProbeFailed
from workflows.kernel.ledger_note import VaultProbeKept as VaultProbeKept
from workflows.kernel.ledger_rule import Standing, news, noted
from workflows.kernel.model import (
    Actor,
    CaseSummary,
    Command,
    Control,
    FactNeeds,
    Facts,
    Outcome,
    Recorded,
    by_system,
)
from workflows.kernel.workflow import Do, Example, Interaction, State, Workflow

NAME = "ledger"
CASE = "ledger"

CONTROL = Control(
    id=NAME,
    title="The ledger and its keys",
    text="Every decision is signed with a known key and stands in one log that only grows.",
    workflow=NAME,
    criteria=("CC6.1",),
    owner="",
)
"""What stands in a control's place for this case."""


class NoSettings(Value):
    """Nothing about this case is set by the program."""


def needs(_state: State, _command: Command) -> FactNeeds:
    """Nothing beyond the state."""
    return FactNeeds()


def decide(state: Standing | None, command: Command, by: Actor, at: datetime, _facts: Facts) -> Outcome:
    """Note what is new; nothing where it stands already."""
    if by.kind != "system":
        why = "Keys and findings are noted by the process that has them."
        raise Refused("not_for_people", why, "Nothing was recorded.")
    return Outcome(events=news(state or Standing(opened_at=at), command, at))


def evolve(state: Standing | None, recorded: Recorded) -> Standing | None:
    """What is known after this."""
    return noted(state or Standing(opened_at=recorded.at), recorded)


def summary(state: Standing) -> CaseSummary:
    """The case's row: never open, because nothing is wanted of anybody."""
    count = len(state.keyids)
    return CaseSummary(
        case=CASE, workflow=NAME, control=NAME, title=CONTROL.title, open=False, opened_at=state.opened_at,
        status=f"{count} signing key{'' if count == 1 else 's'} so far",
    )  # fmt: skip


def forms(_said: Interaction, _state: State, _facts: Facts, _at: datetime) -> Do:
    """Nothing of this case can be pressed."""
    raise Refused("nothing_to_press", "The ledger's keys are not changed from Slack.", "Nothing was recorded.")


def examples() -> Sequence[Example]:
    """A second key, an outside that was away, a log that was restored, a packet for an auditor."""
    return [_told(name, story) for name, story in stories().items()]


def _told(name: str, story: Story) -> Example:
    facts = Facts(directory=Directory(people={}), program="", control=CONTROL)
    by, state, history = heard(spoken(by_system("attester"))), None, list[Recorded]()
    for at, command in story:
        for event in decide(state, command, by, at, facts).events:
            number = len(history) + 1
            history.append(
                Recorded(case=CASE, n=number, seq=number, event=event, at=at, by=by, attestation=f"{number:064x}")
            )
            state = evolve(state, history[-1])
    return Example(name=name, case=CASE, history=tuple(history), facts=facts, at=history[-1].at)


LEDGER = Workflow(
    name=NAME,
    criteria=CONTROL.criteria,
    settings=NoSettings,
    commands=NOTES,
    events=FINDINGS,
    needs=needs,
    decide=decide,
    evolve=evolve,
    summary=summary,
    asks=lambda _state: (),
    cards=lambda _state: (),
    assigned=lambda _state, _person: False,
    forms=forms,
    openings=lambda _control, _company, _now: (),
    due=lambda _state, _now, _facts: (),
    pulled=lambda _state, _collection: None,
    examples=examples,
)
"""The workflow that the runtime has beside those of the registry: it performs no control, so it stands in no list of them."""
