"""Runs of pipelines, wired: what they bring goes the way of all evidence, and their tokens are kept as proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import structlog

from bot.ci.door import EvidenceDoor
from bot.ci.exceptions import ExceptionsDoor
from bot.ci.keyring import KeyRing, KeysUnavailable, fetched, usable
from bot.ci.meta import FileSaid
from bot.ci.ports import origin_of
from bot.ci.token import Believed, TokenCheck
from bot.evidence.finding import scans
from bot.evidence.intake import Brought, Intake, Origin
from bot.evidence.report import read
from bot.facts import NoProgram
from bot.main.keykeeping import LiveSigner
from bot.main.pieces import Pieces
from bot.main.scan import Report, acceptances, alone, reports_of
from bot.store.ci import CiTokens
from bot.store.keys import Keys
from workflows.kernel.arrival import Arrived, RefuseEvidence, case_of
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.exceptions import listed, sealed, to_sign
from workflows.kernel.model import Actor, CaseId, Control, EvidenceRef, by_system
from workflows.kernel.publisher import Signed

STRANGER = "stranger"
"""Who is named nowhere, or not at this control, counts as one in the table of refusals."""
LOG = structlog.get_logger("attester.ci")


class Ci:
    """Everything of runs in one process."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._tokens = CiTokens(pieces.database)

    @cached_property
    def check(self) -> TokenCheck | None:
        """Who a run is; None without a public address, because tokens are made for that address."""
        p = self._pieces
        where = origin_of(p.settings.public_url)
        return TokenCheck(where, KeyRing(p.settings.ci_issuer, p.wall)) if where else None

    def door(self) -> EvidenceDoor | None:
        """`POST /api/evidence`."""
        return EvidenceDoor(self.check, CiDesk(self._pieces, self._tokens)) if self.check else None

    def exceptions(self) -> ExceptionsDoor | None:
        """`GET /api/exceptions`."""
        return ExceptionsDoor(self.check, CiDesk(self._pieces, self._tokens)) if self.check else None

    def seen(self) -> Iterator[tuple[bool, str]]:
        """What `attester doctor` says about runs; nothing where the program names no publisher."""
        try:
            controls = [c for c in self._pieces.facts.program().controls if c.publishers]
        except NoProgram:
            return
        if not controls:
            return
        if self.check is None:
            yield False, "The program names publishers, and ATTESTER_PUBLIC_URL is not set: no run can push. Set it."
            return
        issuer = self._pieces.settings.ci_issuer
        try:
            keys = usable(fetched(issuer))
        except KeysUnavailable as failure:
            yield False, f"No token of a run can be checked: {failure}. Let this machine reach {issuer}."
            return
        count = sum(len(c.publishers) for c in controls)
        yield (
            True,
            f"{count} publisher(s) may bring evidence for {self.check.audience}; {issuer} has {len(keys)} key(s).",
        )

    def keep(self) -> int:
        """Put the tokens that have ended into the vault, and forget the others; returns how many were put."""
        now = self._pieces.wall.now()
        kept = [self._pieces.vault.put(text.encode()) for text in self._tokens.ended(now)]
        self._tokens.forget(now, kept)
        return len(kept)


class CiDesk:
    """Where what a run brings ends up."""

    def __init__(self, pieces: Pieces, tokens: CiTokens) -> None:
        self._pieces = pieces
        self._tokens = tokens

    def control(self, control: str) -> Control | None:
        """The control of the program in force."""
        try:
            return self._pieces.facts.control(control)
        except (KeyError, NoProgram):
            return None

    def publishes(self, repository: str) -> bool:
        """Whether any control names a publisher of this repository."""
        try:
            controls = self._pieces.facts.program().controls
        except NoProgram:
            return False
        return any(p.repository.lower() == repository.lower() for c in controls for p in c.publishers)

    def count(self, refusal: Refused) -> None:
        """Count a stranger, however many repositories they have: else anybody could make the tables grow."""
        try:
            self._pieces.refusals.add(
                self._pieces.clock.now(), "ci", STRANGER, None, None, "push", refusal.code, refusal.why
            )
        except (Conflict, Unsure) as failure:
            LOG.warning("stranger_not_counted", error=type(failure).__name__)

    def control_of(self, case: CaseId) -> str:
        """The control of a case; empty where there is no such case."""
        head = self._pieces.record.head(case)
        return head.control if head else ""

    def controls(self) -> Sequence[Control]:
        """The controls under which weaknesses are accepted."""
        try:
            known = self._pieces.facts.program().controls
        except NoProgram:
            return ()
        return tuple(c for c in known if c.workflow == "approval" and c.settings.get("risks"))

    def exceptions(self, repository: str) -> Mapping[str, Any]:
        """What is accepted in a repository now, signed with the key of attestations."""
        p = self._pieces
        accepted = tuple(acceptances(p, "approval/exception/"))
        payload = listed(repository, p.log.origin(), accepted, p.clock.now())
        signer = LiveSigner(p.signer, Keys(p.database), p.clock)
        return sealed(payload, signer.sign(to_sign(payload)), signer.keyid)

    def use(self, token: Believed) -> bool:
        """Use the token up; False where it was used before."""
        return self._tokens.use(token.claims["iss"], token.claims["jti"], token.text, token.ends)

    def drop(self, token: Believed) -> None:
        """Keep nothing of the token but that it was used."""
        self._tokens.drop(token.claims["iss"], token.claims["jti"])

    def refused(self, control: str, signed: Signed, refusal: Refused, *, ours: bool) -> None:
        """Attest that a run was turned away, once an hour for each reason; the others are counted."""
        p, case = self._pieces, case_of(control)
        who = signed.repository.lower() if ours else STRANGER
        first = p.refusals.add(p.clock.now(), "ci", who, None, case, "push", refusal.code, refusal.sentence)
        if first:
            note = RefuseEvidence(
                control=control, how="ci", name="", size=0, rule=refusal.code, where="", signed=signed
            )  # fmt: skip
            p.runtime.act(case, note, by_run(signed), control=control)

    def take(
        self, control: str, about: CaseId, files: Sequence[tuple[FileSaid, bytes]], signed: Signed, token: Believed
    ) -> tuple[bool, Sequence[Mapping[str, Any]]]:
        """Store all of the files, or none: whether anything of it is new, and what each of them is."""
        p = self._pieces
        proof = {"token": _sha256(token.text.encode()), "keys": _sha256(token.keys)}
        run = signed.model_copy(update=proof)
        brought = [_brought(told, data) for told, data in files]
        fresh = not all(p.vault.has(told.sha256) for told, _ in files)
        origin = Origin("ci", by_run(signed).system, run, (token.keys,), about)
        taken = Intake(p.vault, p.runtime, p.facts).take(control, brought, origin)
        reports = alone([r for file, (_, data) in zip(taken, files, strict=True) for r in self._reports(file, data)])
        return fresh, [_said(file, [r for r in reports if r.file.sha256 == file.sha256]) for file in taken]

    def _reports(self, file: Arrived, data: bytes) -> Iterator[Report]:
        ref = EvidenceRef(name=file.name, sha256=file.sha256, kind=file.kind)
        yield from reports_of(scans(read(data)), file.repository, file.commit, ref, self._pieces.clock.now())


def _said(file: Arrived, reports: Sequence[Report]) -> Mapping[str, Any]:
    shown = [
        {"tool": r.tool, "repository": r.repository, "findings": len(r.found), "whole": not r.why, "why": r.why}
        for r in reports
    ]
    return {
        "name": file.name, "sha256": file.sha256, "size": file.size, "kind": file.kind, "known": file.kind_source,
        "commit": file.commit, "repository": file.repository, "scans": shown,
    }  # fmt: skip


def by_run(signed: Signed) -> Actor:
    """A run as an actor: no person."""
    return by_system(f"github:{signed.repository} run {signed.run_id}")


def _brought(told: FileSaid, data: bytes) -> Brought:
    return Brought(
        told.name, data, kind=told.kind, commit=told.commit, repository=told.repository, sha256=told.sha256,
        media_type=told.media_type or "", artifact=told.artifact, window=told.window, transformed=told.transformed,
    )  # fmt: skip


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
