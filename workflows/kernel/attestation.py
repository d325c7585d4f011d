"""From an event to the exact bytes that are signed, and back from those bytes to the event.

Statement v1, RFC 8785 bytes. The predicate has the common fields first (case, seq, previous, control, criteria, program,
event, at, by, via, shown, batched, attester, nonce), then `body` for its kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from workflows.kernel.identity import Person, PersonId, Value
from workflows.kernel.jcs import canonical
from workflows.kernel.model import Actor, Card, Digest, Event, EvidenceRef, Via
from workflows.kernel.statement import statement

PREFIX = "urn:attester:"
DETACHED_KEY = "detached_sha256"


class Born(NamedTuple):
    """Evidence born in the decision: bytes that are kept in its own transaction."""

    ref: EvidenceRef
    data: bytes


class Frame(Value):
    """What every predicate says beside its body."""

    workflow: str
    case: str
    seq: int
    previous: Digest | None
    control: str
    criteria: tuple[str, ...]
    program: Digest
    at: datetime
    by: Actor
    via: Via | None = None
    directory: Digest = ""
    origin: str
    version: str
    nonce: str


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds and `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def predicate_type(workflow: str, event: type[Event] | Event) -> str:
    """`urn:attester:<workflow>/<event>/v<N>`; an identifier, never fetched."""
    return f"{PREFIX}{workflow}/{event.NAME}/v{event.VERSION}"


def born(name: str, kind: str, value: Any) -> Born:
    """Canonical JSON of a value as evidence."""
    data = canonical(value)
    return Born(EvidenceRef(name=name, sha256=hashlib.sha256(data).hexdigest(), kind=kind), data)


def ask_document(case: str, cards: Sequence[Card], person: PersonId) -> Born | None:
    """What a person is shown in a case, as evidence; None where nothing is for them."""
    mine = [{"key": c.key, "text": c.text, "blocks": list(c.blocks)} for c in cards if c.to == person]
    return born("ask.json", "attester.ask", {"case": case, "cards": mine}) if mine else None


def detach(event: Event) -> tuple[dict[str, Any], tuple[Born, ...]]:
    """The event's body with each DETACHED field replaced by the SHA-256 of an evidence file, and those files."""
    body = event.model_dump(mode="json")
    files = []
    for field in event.DETACHED:
        file = born(f"{event.NAME}.{field}.json", f"{event.NAME}.{field}", body[field])
        files.append(file)
        body[field] = {DETACHED_KEY: file.ref.sha256}
    return body, tuple(files)


def attach(kind: type[Event], body: Mapping[str, Any], read: Callable[[Digest], Any]) -> Event:
    """The event that `detach` took apart; ``read`` gives the parsed evidence file of a digest."""
    whole = dict(body)
    for field in kind.DETACHED:
        whole[field] = read(whole[field][DETACHED_KEY])
    return kind.model_validate(whole)


def spoken(actor: Actor) -> dict[str, Any]:
    """An actor as a predicate names it: ids and the name of that day, no e-mail and no login."""
    if actor.person is not None:
        slack = {"team": actor.slack_team, "user": actor.slack_user}
        who = {"issuer": actor.person.issuer, "sub": actor.person.id, "name": actor.person.name}
        return {"person": who, "role": actor.role, "assurance": actor.assurance, "slack": slack}
    if actor.kind == "time":
        return {"time": instant(actor.due_at) if actor.due_at else ""}
    return {"system": actor.system}


def heard(by: Mapping[str, Any]) -> Actor:
    """The actor that `spoken` described; the login is not in the record and stays empty."""
    if "person" in by:
        who = by["person"]
        person = Person(id=who["sub"], issuer=who["issuer"], login="", name=who["name"])
        slack = by["slack"]
        return Actor(
            kind="person",
            person=person,
            role=by["role"],
            assurance=by["assurance"],
            slack_team=slack["team"],
            slack_user=slack["user"],
        )
    if "time" in by:
        return Actor(kind="time", due_at=datetime.fromisoformat(by["time"]) if by["time"] else None)
    return Actor(kind="system", system=by["system"])


def attestation(
    event: Event, frame: Frame, shown: Born, batch: Born | None = None, proof: Sequence[Born] = ()
) -> tuple[bytes, dict[str, Any], tuple[Born, ...]]:
    """The statement's bytes, the body as signed, and the evidence born with it.

    ``shown`` is the ask document (what the actor saw) or, where nobody was asked, the case as it stood. ``batch`` is the
    manifest of the events since the last attested one that are not signed themselves; ``proof`` is the sign-in by which
    the actor confirmed this decision.
    Raises ValueError for what cannot be stated: over 1,000 subjects, over 256 KiB, text that is not valid Unicode.
    """
    body, files = detach(event)
    extra = (*files, shown, *((batch,) if batch else ()), *proof)
    subjects = _subjects([*event.evidence(), *(b.ref for b in extra)])
    predicate = {
        "case": frame.case,
        "seq": frame.seq,
        "previous": frame.previous,
        "control": frame.control,
        "criteria": list(frame.criteria),
        "program": frame.program,
        "event": event.NAME,
        "at": instant(frame.at),
        "by": spoken(frame.by),
        "via": frame.via.model_dump(mode="json", exclude_defaults=True) if frame.via else None,
        "shown": shown.ref.sha256,
        "batched": batch.ref.sha256 if batch else None,
        "directory": frame.directory,
        "attester": {"version": frame.version, "origin": frame.origin},
        "nonce": frame.nonce,
        "body": body,
    }
    return statement(subjects, predicate_type(frame.workflow, event), predicate), body, extra


def _subjects(refs: Sequence[EvidenceRef]) -> list[dict[str, Any]]:
    """in-toto subjects: unique names, one per digest."""
    names: set[str] = set()
    digests: set[str] = set()
    found = []
    for ref in refs:
        if ref.sha256 in digests:
            continue
        name, count = ref.name, 2
        while name in names:
            name, count = f"{ref.name} ({count})", count + 1
        names.add(name)
        digests.add(ref.sha256)
        annotations = {"kind": ref.kind, "source": ref.source}
        if ref.collected_at:
            annotations["collectedAt"] = instant(ref.collected_at)
        if ref.binding:
            annotations["binding"] = ref.binding
        found.append(
            {"name": name, "digest": {"sha256": ref.sha256}, "mediaType": ref.media_type, "annotations": annotations}
        )
    return found
