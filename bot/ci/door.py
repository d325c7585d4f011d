"""`POST /api/evidence`: a run of a pipeline brings files, and who it is says its token (CC7.1, CC8.1).

In this order: the token, the form, the publisher, the one use of the token, the files. Nothing is stored before all of them
are fine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from bot.answers import answer
from bot.ci.keyring import KeysUnavailable
from bot.ci.meta import BadMeta, FileSaid, meta_of
from bot.ci.multipart import BadMultipart, Part, parts
from bot.ci.ports import Desk, Said, no, said
from bot.ci.token import Believed, TokenCheck
from workflows.kernel.errors import AllRefused, Conflict, Refused, Unsure
from workflows.kernel.model import Control
from workflows.kernel.ports import EvidenceAltered, EvidenceMissing, SigningFailed
from workflows.kernel.publisher import REPOSITORY, Signed, admitted, signed

TOO_LARGE = ("file_too_large", "too_many_files")
FROZEN = "ledger_frozen"
"""The record takes nothing for now; whose fault that is, is not the run's."""
RECORDED = ("secret_in_report",)
"""Refusals that are attested where they are found."""
AGAIN = "Nothing was stored. Ask for a new token and send it again."
FAILURES = (Conflict, SigningFailed, OSError, EvidenceAltered, EvidenceMissing)
LOG = structlog.get_logger("attester.ci")


class EvidenceDoor:
    """Takes what runs bring."""

    def __init__(self, check: TokenCheck, desk: Desk) -> None:
        self._check = check
        self._desk = desk

    def stranger(self, headers: Mapping[str, str]) -> Said | None:
        """The answer to a request whose token is not believed, or whose repository the program names nowhere, before its body
        is read; None for all others. Everybody at GitHub can get a token for our address."""
        token = believed(self._check, headers)
        if not isinstance(token, Believed):
            return token
        repository = token.claims.get("repository")
        if isinstance(repository, str) and self._desk.publishes(repository):
            return None
        named = repository if isinstance(repository, str) and REPOSITORY.fullmatch(repository) else "of the run"
        why = f"Repository {named} is not declared for any control."
        refusal = Refused("unknown_publisher", why, "Nothing was stored. Add it under `publishers`.")
        LOG.info("run_refused", repository=named, code=refusal.code)
        self._desk.count(refusal)
        return no(403, refusal)

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Said:
        """The answer to a whole request."""
        token = believed(self._check, headers)
        if not isinstance(token, Believed):
            return token
        try:
            return self._form(token, parts(body, headers.get("content-type", "")))
        except (BadMultipart, BadMeta) as bad:
            return no(
                400, Refused("bad_form", str(bad), "Nothing was stored. Send `meta`, then a part `file` for each.")
            )

    def _form(self, token: Believed, form: Sequence[Part]) -> Said:
        if not form or form[0].name != "meta" or any(part.name != "file" for part in form[1:]):
            raise BadMultipart("The form is not one part `meta` and then parts `file`.")
        meta = meta_of(form[0].data)
        if len(meta.files) != len(form) - 1:
            raise BadMeta(f"`meta` names {len(meta.files)} files, and {len(form) - 1} came.")
        name = meta.control or self._desk.control_of(meta.case)
        control = self._desk.control(name) if name else None
        if control is None:
            what = f"case {meta.case[:120]}" if meta.case else f"control {meta.control[:80]}"
            return no(
                404, Refused("unknown_control", f"There is no {what} here.", "Nothing was stored. Correct its id.")
            )
        files = [(one, part.data) for one, part in zip(meta.files, form[1:], strict=True)]
        return self._admitted(token, control, meta.case, files)

    def _admitted(self, token: Believed, control: Control, about: str, files: Sequence[tuple[FileSaid, bytes]]) -> Said:
        try:
            run = signed(token.claims)
        except Refused as refusal:
            LOG.info("run_refused", code=refusal.code)
            return no(403, refusal)
        try:
            admitted(control.id, control.publishers, token.claims)
        except Refused as refusal:
            ours = any(p.repository.lower() == run.repository.lower() for p in control.publishers)
            self._note(control.id, run, refusal, ours=ours)
            return no(403, refusal)
        try:
            fresh = self._desk.use(token)
        except (Conflict, Unsure) as failure:
            return failed(failure)
        if not fresh:
            used = Refused("token_used", "This token was already used.", "Nothing was stored. Ask for a new one.")
            self._note(control.id, run, used, ours=True)
            return no(401, used)
        return self._taken(token, control.id, about, files, run)

    def _taken(
        self, token: Believed, control: str, about: str, files: Sequence[tuple[FileSaid, bytes]], run: Signed
    ) -> Said:
        try:
            fresh, told = self._desk.take(control, about, files, run, token)
        except Refused as refusal:
            if refusal.code == FROZEN:
                return no(503, refusal)
            self._drop(token)
            wrong = refusal.parts if isinstance(refusal, AllRefused) else (refusal,)
            for part in wrong:
                if part.code not in RECORDED:
                    self._note(control, run, part, ours=True)
            return no(413 if all(part.code in TOO_LARGE for part in wrong) else 422, refusal)
        except (*FAILURES, Unsure) as failure:
            return failed(failure)
        LOG.info("run_brought", control=control, repository=run.repository, files=len(files))
        about_it = {"repository": run.repository, "commit": run.sha, "run": run.run_id, "ref": run.ref}
        case = {"case": about} if about else {}
        return said(
            201 if fresh else 200, {"stored": True, "control": control, **case, **about_it, "files": list(told)}
        )

    def _note(self, control: str, run: Signed, refusal: Refused, *, ours: bool) -> None:
        """Record a refusal; where that is not possible it stands in the log, and whoever asked is told all the same."""
        LOG.info("run_refused", control=control, repository=run.repository, code=refusal.code)
        try:
            self._desk.refused(control, run, refusal, ours=ours)
        except (*FAILURES, Unsure, Refused) as failure:
            LOG.warning("run_refusal_not_recorded", error=type(failure).__name__)

    def _drop(self, token: Believed) -> None:
        try:
            self._desk.drop(token)
        except (Conflict, Unsure) as failure:  # then it is kept as if it were evidence: too much, and harmless
            LOG.warning("token_not_dropped", error=type(failure).__name__)


def believed(check: TokenCheck, headers: Mapping[str, str]) -> Believed | Said:
    """The token of a request, or the answer to one that is not believed."""
    try:
        return check.check(headers.get("authorization", ""))
    except KeysUnavailable as failure:
        return unavailable(failure)
    except Refused as refusal:
        return no(401, refusal)


def unavailable(failure: KeysUnavailable) -> Said:
    """The issuer's keys cannot be had, so that no token can be judged."""
    LOG.warning("ci_keys_unavailable", why=str(failure))
    why = "Who signed the token cannot be checked now."
    return no(503, Refused("keys_unavailable", why, AGAIN), retry_after="30")


def failed(failure: Exception) -> Said:
    """Something of ours did not work; the sentence says what is known."""
    LOG.warning("ci_failed", error=type(failure).__name__)
    if isinstance(failure, Unsure):
        why = "It is not known whether this was stored."
        return no(503, Refused("unsure", why, "Send it again with a new token: the same bytes are stored once."))
    code = answer(failure).code
    return no(503, Refused(code, "It could not be stored now.", AGAIN), retry_after="10")
