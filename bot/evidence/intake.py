"""The way in: size and digest, what it is, no secret, into the vault and read back, then the record. Never half of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.evidence.report import DOCUMENT, Read, TooLarge, read
from bot.evidence.secret import secrets
from workflows.kernel.arrival import Arrived, ReceiveEvidence, RefuseEvidence, Way, case_of
from workflows.kernel.errors import AllRefused, Refused
from workflows.kernel.model import Actor, Command, Control, by_system
from workflows.kernel.ports import Vault
from workflows.kernel.publisher import Signed

FILE_LIMIT = 64 * 1024 * 1024
MOST_FILES = 20
NAME_LIMIT = 200
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NAME = r"(?!\.+(?:/|$))[A-Za-z0-9_.-]+"
REPOSITORY = re.compile(rf"(?=.{{3,120}}$){_NAME}(?:/{_NAME}){{1,3}}")
KIND = re.compile(r"[a-z0-9]+(?:[._][a-z0-9]+)*")
MEDIA = {DOCUMENT: "application/octet-stream", "sarif": "application/sarif+json"}


@dataclass(frozen=True)
class Brought:
    """A file as somebody brings it, with what they say of it; ``sha256`` is the digest that they name, or empty.

    ``window``, ``artifact`` and ``transformed`` are recorded as they are said.
    """

    name: str
    data: bytes
    kind: str = ""
    commit: str = ""
    repository: str = ""
    sha256: str = ""
    media_type: str = ""
    artifact: str = ""
    window: tuple[datetime, datetime] | None = None
    transformed: str = ""


@dataclass(frozen=True)
class Origin:
    """How files come in and through what; ``signed`` is what a run's identity provider says about them, ``proof`` the bytes
    that show it, ``about`` the case that they are brought for."""

    how: Way
    by: str
    signed: Signed | None = None
    proof: tuple[bytes, ...] = ()
    about: str = ""


class Deciding(Protocol):
    """Where what came is recorded."""

    def act(self, case: str, command: Command, by: Actor, *, control: str = "") -> object: ...


class Controls(Protocol):
    """The controls of the program in force."""

    def control(self, control: str) -> Control: ...


class Intake:
    """Takes evidence for a control. ``limit`` is the most bytes of one file."""

    def __init__(self, vault: Vault, runtime: Deciding, controls: Controls, limit: int = FILE_LIMIT) -> None:
        self._vault = vault
        self._runtime = runtime
        self._controls = controls
        self._limit = limit

    def take(self, control: str, brought: Sequence[Brought], origin: Origin) -> list[Arrived]:
        """All of the files or none. Raises Refused with what to do, AllRefused where more than one thing is wrong; then
        nothing of any file was stored.

        A refusal for what stands in a file is attested, without a byte of it. Raises OSError where the vault is away,
        EvidenceAltered where it gives back other bytes; and what the runtime raises.
        """
        self._check_call(control, brought)
        found: list[Arrived] = []
        wrong: dict[str, Refused] = {}
        for file in brought:
            try:
                found.append(self._judged(file, control, origin))
            except Refused as refusal:
                wrong.setdefault(refusal.sentence, refusal)
        if wrong:
            parts = tuple(wrong.values())
            raise parts[0] if len(parts) == 1 else AllRefused(parts)
        for file, arrived in zip(brought, found, strict=True):
            if self._vault.put(file.data) != arrived.sha256:
                raise OSError(f"the vault filed {file.name} under another digest")
            self._vault.get(arrived.sha256)
        for data in origin.proof:
            self._vault.get(self._vault.put(data))
        command = ReceiveEvidence(
            control=control, how=origin.how, files=tuple(found), about=origin.about, signed=origin.signed
        )
        self._runtime.act(case_of(control), command, by_system(origin.by), control=control)
        return found

    def _check_call(self, control: str, brought: Sequence[Brought]) -> None:
        try:
            self._controls.control(control)
        except KeyError:
            why = f"The program has no control {control[:80]}."
            raise _refused("unknown_control", why, "List them with: attester program check DIR") from None
        if not 1 <= len(brought) <= MOST_FILES:
            raise _refused(
                "too_many_files", f"{len(brought)} files came at once.", f"Send 1 to {MOST_FILES} at a time."
            )

    def _judged(self, file: Brought, control: str, origin: Origin) -> Arrived:
        clean = cleaned(file.name)
        if clean != file.name:
            why = "The name of a file has a path, a control character or more than 200 characters in it."
            raise _refused("unfit_name", why, f"Call it {clean}")
        if not file.data:
            why = f"{clean} is empty, and an empty file says nothing."
            raise _refused("empty_file", why, "Send the scanner's log with its counts instead.")
        if len(file.data) > self._limit:
            why = f"{clean} has {len(file.data):,} bytes; at most {self._limit:,} are taken."
            raise _refused("file_too_large", why, "Split the report.")
        sha256 = hashlib.sha256(file.data).hexdigest()
        if file.sha256 and file.sha256 != sha256:
            why = f"{clean} has another SHA-256 than the one that was named."
            raise _refused("other_digest", why, "Send the file and its digest once more.")
        commit, repository = _about(file, origin.signed)
        recognised = self._without_secrets(file, control, origin).kind
        return Arrived(
            name=clean, sha256=sha256, size=len(file.data), kind=file.kind or recognised,
            media_type=file.media_type or MEDIA.get(recognised, "application/json"),
            kind_source="declared" if file.kind else "recognised", commit=commit, repository=repository,
            artifact=file.artifact, window=file.window, transformed=file.transformed,
        )  # fmt: skip

    def _without_secrets(self, file: Brought, control: str, origin: Origin) -> Read:
        try:
            seen = read(file.data)
        except TooLarge:
            why = f"{file.name} unpacks to more than can be looked through."
            raise _refused("file_too_large", why, "Split the report.") from None
        found = next(secrets(seen), None)
        if found is None:
            return seen
        note = RefuseEvidence(
            control=control, how=origin.how, name=file.name, size=len(file.data), rule=found.rule, where=found.where,
            signed=origin.signed,
        )  # fmt: skip
        self._runtime.act(case_of(control), note, by_system(origin.by), control=control)
        why = f"{file.name} has a secret in it ({found.rule}, at {found.where}), and the vault never forgets."
        raise Refused(
            "secret_in_report", why, f"Nothing of it was stored; the attempt is recorded. To mend it: {found.mend}"
        )


def _about(file: Brought, signed: Signed | None) -> tuple[str, str]:
    """The commit and the repository of a file: those that were signed, which a claim may repeat and never change."""
    if file.kind and not KIND.fullmatch(file.kind):
        raise _refused("unknown_kind", "The kind is no short name.", "Write one such as sarif or semgrep.")
    if file.commit and not COMMIT.fullmatch(file.commit):
        why = "The commit is no full commit id."
        raise _refused("unknown_commit", why, "Give all 40 hex digits: git rev-parse HEAD")
    if file.repository and not REPOSITORY.fullmatch(file.repository):
        why = "The repository is not written as one."
        raise _refused("unknown_repository", why, "Write owner/name, such as acme/payments.")
    repository = file.repository.lower()
    if signed is None:
        return file.commit, repository
    whole = signed.repository.lower()
    if file.commit and file.commit != signed.sha:
        why = (
            f"{cleaned(file.name)} is said to be about commit {file.commit[:12]}, and the run is of {signed.sha[:12]}."
        )
        raise _refused("other_commit", why, "Push from a run of that commit, or leave the commit out.")
    if repository and not f"{repository}/".startswith(f"{whole}/"):
        why = f"{cleaned(file.name)} is said to be about {repository}, and the run is of {whole}."
        raise _refused("other_repository", why, f"Name {whole}, a part of it such as {whole}/web, or nothing.")
    return signed.sha, repository or whole


def _refused(code: str, why: str, what_now: str) -> Refused:
    return Refused(code, why, f"Nothing was recorded. {what_now}")


def cleaned(name: str) -> str:
    """The name without path and control characters, of at most 200 characters."""
    base = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in base if c.isprintable()).strip(". ")
    return kept[-NAME_LIMIT:] or "file"
