"""`GET /api/exceptions`: a run asks what people accepted in its own repository, and gets it as a signed list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog

from bot.ci.door import believed, failed
from bot.ci.ports import Said, no, said
from bot.ci.token import Believed, TokenCheck
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.model import Control
from workflows.kernel.ports import SigningFailed
from workflows.kernel.publisher import admitted, signed

NEXT = "Ask from a run of that repository."
LOG = structlog.get_logger("attester.ci")


class Accepting(Protocol):
    """Where what is accepted is known."""

    def controls(self) -> Sequence[Control]:
        """The controls of the program in force under which weaknesses are accepted."""
        ...

    def use(self, token: Believed) -> bool:
        """Use the token up; False where it was used before."""
        ...

    def drop(self, token: Believed) -> None:
        """Keep nothing of the token but that it was used."""
        ...

    def exceptions(self, repository: str) -> Mapping[str, Any]:
        """The signed list, in its envelope. Raises SigningFailed."""
        ...


class ExceptionsDoor:
    """Tells runs what is accepted."""

    def __init__(self, check: TokenCheck, desk: Accepting) -> None:
        self._check = check
        self._desk = desk

    def tell(self, repository: str, headers: Mapping[str, str]) -> Said:
        """The answer to one question."""
        token = believed(self._check, headers)
        if not isinstance(token, Believed):
            return token
        try:
            self._admit(repository, token)
            if not self._desk.use(token):
                return no(401, Refused("token_used", "This token was already used.", "Ask for a new one."))
            self._desk.drop(token)
            return said(200, self._desk.exceptions(repository))
        except Refused as refusal:
            LOG.info("exceptions_refused", code=refusal.code)
            return no(403, refusal)
        except (Conflict, Unsure, SigningFailed) as failure:
            return failed(failure)

    def _admit(self, repository: str, token: Believed) -> None:
        """Raises Refused unless the run may ask: it is of this repository, and publishes to a control of risks."""
        run = signed(token.claims)
        if not f"{repository.lower()}/".startswith(f"{run.repository.lower()}/"):
            raise Refused("other_repository", f"The run is of {run.repository}, and asks about another.", NEXT)
        refusals: list[Refused] = []
        for control in self._desk.controls():
            try:
                admitted(control.id, control.publishers, token.claims)
            except Refused as refusal:
                refusals.append(refusal)
            else:
                return
        # What is nearest to fitting says most: a repository that is known, and one thing about the run that is not.
        known = [r for r in refusals if r.code != "unknown_publisher"]
        why = Refused("no_risks", "No control of the program says who accepts risks.", "Add `risks` to one.")
        raise (known or refusals or [why])[0]
