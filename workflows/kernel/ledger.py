"""The ledger's own case: that the log was opened, and with which keys its attestations are signed (CC6.1).

It belongs to no control and is older than every program. Nobody is asked anything; a key is noted by the process that
signs with it, in an attestation that this very key signs: whoever holds a packet sees since when a key was in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import AwareDatetime

from workflows.kernel.attestation import heard, spoken
from workflows.kernel.checkpoint import check_origin
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Directory, Value
from workflows.kernel.model import (
    Actor,
    CaseSummary,
    Command,
    Control,
    Event,
    FactNeeds,
    Facts,
    Need,
    Outcome,
    Recorded,
    by_system,
)
from workflows.kernel.publickey import der, fingerprint
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


class NoteKey(Command):
    """This process signs with this key, in the log of this origin."""

    NEED: ClassVar[Need] = "system"
    SUBJECT_EXCLUDED: ClassVar[bool] = False

    origin: str
    log_key: str
    keyid: str
    pem: str


class LedgerOpened(Event):
    """The log has its origin, for ever. ``log_key`` is its public key as signed notes write it (vkey)."""

    NAME: ClassVar[str] = "ledger_opened"
    origin: str
    log_key: str


class KeyAdded(Event):
    """Attestations are signed with this key from now on; older keys go on proving what they signed."""

    NAME: ClassVar[str] = "key_added"
    keyid: str
    pem: str


class Keys(Value):
    """The case's state: the log's origin and every key that was noted, oldest first."""

    origin: str = ""
    opened_at: AwareDatetime
    keyids: tuple[str, ...] = ()


def needs(_state: State, _command: Command) -> FactNeeds:
    """Nothing beyond the state."""
    return FactNeeds()


def decide(state: Keys | None, command: Command, by: Actor, _at: datetime, _facts: Facts) -> Outcome:
    """Note what is new; nothing where the key is known."""
    if not isinstance(command, NoteKey) or by.kind != "system":
        raise Refused("not_for_people", "Keys are noted by the process that signs with them.", "Nothing was recorded.")
    if fingerprint(der(command.pem)) != command.keyid:
        raise Refused("other_key", "The key's id is not its fingerprint.", "Nothing was recorded.")
    added = KeyAdded(keyid=command.keyid, pem=command.pem)
    if state is None:
        return Outcome(events=(LedgerOpened(origin=check_origin(command.origin), log_key=command.log_key), added))
    return Outcome(events=() if command.keyid in state.keyids else (added,))


def evolve(state: Keys | None, recorded: Recorded) -> Keys | None:
    """What is known after this."""
    state = state or Keys(opened_at=recorded.at)
    match recorded.event:
        case LedgerOpened(origin=origin):
            return state.model_copy(update={"origin": origin})
        case KeyAdded(keyid=keyid):
            return state.model_copy(update={"keyids": (*state.keyids, keyid)})
    return state


def summary(state: Keys) -> CaseSummary:
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
    """A log that was opened, and a second key that came a year later."""
    pems = (
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
        "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfPJ7GI0DT36KUjgDBLUaw8CJaeJ3\n"
        "8hs1pgtI/EdmmXgHdQQcXCVJUGJVBb4lq0hWTLJ6/5Fva3NoUGSMqyFcPg==\n-----END PUBLIC KEY-----\n",
    )
    vkey = "ledger.example.com+2085b846+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
    facts = Facts(directory=Directory(people={}), program="", control=CONTROL)
    history: list[Recorded] = []
    for year, text in zip((2026, 2027), pems, strict=True):
        at, by = datetime(year, 10, 1, 9, 0, tzinfo=UTC), heard(spoken(by_system("attester")))
        state = None
        for earlier in history:
            state = evolve(state, earlier)
        command = NoteKey(origin="ledger.example.com", log_key=vkey, keyid=fingerprint(der(text)), pem=text)
        for event in decide(state, command, by, at, facts).events:
            number = len(history) + 1
            history.append(
                Recorded(case=CASE, n=number, seq=number, event=event, at=at, by=by, attestation=f"{number:064x}")
            )
    return (Example(name="second_key", case=CASE, history=tuple(history), facts=facts, at=history[-1].at),)


LEDGER = Workflow(
    name=NAME,
    criteria=CONTROL.criteria,
    settings=NoSettings,
    commands=(NoteKey,),
    events=(LedgerOpened, KeyAdded),
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
