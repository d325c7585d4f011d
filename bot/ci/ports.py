"""What the doors for runs need of the rest, and how they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from prometheus_client import Counter

from bot.ci.meta import FileSaid
from bot.ci.token import Believed
from workflows.kernel.errors import AllRefused, Refused
from workflows.kernel.model import CaseId, Control
from workflows.kernel.publisher import Signed

Said = tuple[int, dict[str, str], str]
"""Status, headers, body."""
HEARD = Counter("attester_ci_requests", "Requests of runs that bring or ask, by the status they got", ["status"])


class Desk(Protocol):
    """Where what a run brings ends up."""

    def control(self, control: str) -> Control | None:
        """The control of the program in force; None where it has none of this id."""
        ...

    def control_of(self, case: CaseId) -> str:
        """The control of a case; empty where there is no such case."""
        ...

    def publishes(self, repository: str) -> bool:
        """Whether any control names a publisher of this repository."""
        ...

    def count(self, refusal: Refused) -> None:
        """Count that somebody was turned away whom the program names nowhere; nothing of it is attested."""
        ...

    def use(self, token: Believed) -> bool:
        """Use the token up; False where it was used before."""
        ...

    def drop(self, token: Believed) -> None:
        """Keep nothing of the token but that it was used."""
        ...

    def refused(self, control: str, signed: Signed, refusal: Refused, *, ours: bool) -> None:
        """Record that a run was turned away; ``ours`` where the program knows it as a publisher."""
        ...

    def take(
        self, control: str, about: CaseId, files: Sequence[tuple[FileSaid, bytes]], signed: Signed, token: Believed
    ) -> tuple[bool, Sequence[Mapping[str, Any]]]:
        """Store all of the files, or none: whether anything of it is new, and what each of them is.

        Raises Refused, and what a runtime and a vault raise.
        """
        ...


def said(status: int, told: Mapping[str, Any], **headers: str) -> Said:
    """An answer as JSON."""
    HEARD.labels(str(status)).inc()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(told, ensure_ascii=False)


def no(status: int, refusal: Refused, **headers: str) -> Said:
    """A refusal with everything that is wrong; it says that nothing was stored."""
    parts = refusal.parts if isinstance(refusal, AllRefused) else (refusal,)
    problems = [{"code": p.code, "why": p.why, "next": p.next_step} for p in parts]
    return said(status, {"stored": False, "problems": problems}, **headers)


def origin_of(url: str) -> str:
    """The origin of an address: what tokens for it name as their audience. Empty for no address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else ""
