"""The way in: size and digest, what it is, no secret, into the vault and read back, then the record. Never half of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.evidence.report import DOCUMENT, Read, TooLarge, read
from bot.evidence.secret import secrets
from workflows.kernel.arrival import Arrived, ReceiveEvidence, RefuseEvidence, Way, case_of
from workflows.kernel.errors import Refused
from workflows.kernel.model import Actor, Command, Control, by_system
from workflows.kernel.ports import Vault

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
    """A file as somebody brings it."""

    name: str
    data: bytes


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

    def take(
        self,
        control: str,
        brought: Sequence[Brought],
        how: Way,
        by: str,
        *,
        kind: str = "",
        commit: str = "",
        repository: str = "",
    ) -> list[Arrived]:
        """All of the files or none. Raises Refused with what to do; then nothing of any file was stored.

        A refusal for what stands in a file is attested, without a byte of it. Raises OSError where the vault is away,
        EvidenceAltered where it gives back other bytes; and what the runtime raises.
        """
        self._check_call(control, brought, kind, commit)
        if repository and not REPOSITORY.fullmatch(repository):
            why = "The repository is not written as one."
            raise _refused("unknown_repository", why, "Write owner/name, such as acme/payments.")
        told = {"commit": commit, "repository": repository.lower()}
        found = [self._judged(file, kind, control, how, by).model_copy(update=told) for file in brought]
        for file, arrived in zip(brought, found, strict=True):
            if self._vault.put(file.data) != arrived.sha256:
                raise OSError(f"the vault filed {file.name} under another digest")
            self._vault.get(arrived.sha256)
        command = ReceiveEvidence(control=control, how=how, files=tuple(found))
        self._runtime.act(case_of(control), command, by_system(by), control=control)
        return found

    def _check_call(self, control: str, brought: Sequence[Brought], kind: str, commit: str) -> None:
        try:
            self._controls.control(control)
        except KeyError:
            why = f"The program has no control {control[:80]}."
            raise _refused("unknown_control", why, "List them with: attester program check DIR") from None
        if not 1 <= len(brought) <= MOST_FILES:
            raise _refused(
                "too_many_files", f"{len(brought)} files came at once.", f"Send 1 to {MOST_FILES} at a time."
            )
        if kind and not KIND.fullmatch(kind):
            raise _refused("unknown_kind", "The kind is no short name.", "Write one such as sarif or semgrep.")
        if commit and not COMMIT.fullmatch(commit):
            why = "The commit is no full commit id."
            raise _refused("unknown_commit", why, "Give all 40 hex digits: git rev-parse HEAD")

    def _judged(self, file: Brought, kind: str, control: str, how: Way, by: str) -> Arrived:
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
        recognised = self._without_secrets(file, control, how, by).kind
        return Arrived(
            name=clean,
            sha256=hashlib.sha256(file.data).hexdigest(),
            size=len(file.data),
            media_type=MEDIA.get(recognised, "application/json"),
            kind=kind or recognised,
            kind_source="declared" if kind else "recognised",
        )

    def _without_secrets(self, file: Brought, control: str, how: Way, by: str) -> Read:
        try:
            seen = read(file.data)
        except TooLarge:
            why = f"{file.name} unpacks to more than can be looked through."
            raise _refused("file_too_large", why, "Split the report.") from None
        found = next(secrets(seen), None)
        if found is None:
            return seen
        note = RefuseEvidence(
            control=control, how=how, name=file.name, size=len(file.data), rule=found.rule, where=found.where
        )
        self._runtime.act(case_of(control), note, by_system(by), control=control)
        why = f"{file.name} has a secret in it ({found.rule}, at {found.where}), and the vault never forgets."
        raise Refused(
            "secret_in_report", why, f"Nothing of it was stored; the attempt is recorded. To mend it: {found.mend}"
        )


def _refused(code: str, why: str, what_now: str) -> Refused:
    return Refused(code, why, f"Nothing was recorded. {what_now}")


def cleaned(name: str) -> str:
    """The name without path and control characters, of at most 200 characters."""
    base = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in base if c.isprintable()).strip(". ")
    return kept[-NAME_LIMIT:] or "file"
