"""What a company may settle for an access review, with defaults; printed with every campaign.

Spans are written `30m`, `48h`, `14d`, `5wd` (working days), `6mo`. People are logins of the identity provider.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from workflows.kernel.assured import surer
from workflows.kernel.calendar import checked_span
from workflows.kernel.identity import Value
from workflows.kernel.model import Assurance

Span = Annotated[str, AfterValidator(checked_span)]
Candidate = Literal["entitlement_owner", "app_owner", "manager"]
OnSilence = Literal["hold"]


class ScopedSource(Value):
    """A source of the program in this control, or named as out of scope: why, accepted by whom, until when."""

    id: str
    max_age: Span = "48h"
    out_of_scope: str = ""
    accepted_by: str = ""
    until: date | None = None

    @model_validator(mode="after")
    def _whole(self) -> ScopedSource:
        if self.out_of_scope and not (self.accepted_by and self.until):
            raise ValueError("a source out of scope needs accepted_by and until")
        return self


class Reviewers(Value):
    """Who is asked, in this order; the first independent one gets the line, then the named fallbacks."""

    order: tuple[Candidate, ...] = ("entitlement_owner", "app_owner", "manager")
    fallback: tuple[str, ...] = Field(min_length=1)


class NoResponse(Value):
    """What silence leads to after five working days: the lines stay open and are asked again. Silence is never keep."""

    privileged: OnSilence = "hold"
    plain: OnSilence = "hold"


class RemovalDue(Value):
    """How long a removal may take, counted from the signature."""

    privileged: Span = "1wd"
    other: Span = "5wd"


class Care(Value):
    """From which figures on a signature raises a signal, and whether a signal sends lines to a second person.

    `fast`: so many lines, more than so many percent kept, the median line had less than so many milliseconds.
    `privileged_fast`: a privileged line kept within so many milliseconds. `one_reason`: one reason on more lines than that.
    """

    fast_lines: int = Field(default=20, ge=1)
    fast_keep_percent: int = Field(default=95, ge=0, le=100)
    fast_median_ms: int = Field(default=5_000, ge=0)
    privileged_ms: int = Field(default=3_000, ge=0)
    one_reason: int = Field(default=20, ge=1)
    second_look: bool = True


class Wanted(Value):
    """Where it must be known more surely who decides than ``assurance`` says; None is the same as there.

    `privileged`: a signature that keeps privileged or flagged access. `closing`: closing, exceptions and second signatures.
    """

    privileged: Assurance | None = None
    closing: Assurance | None = None


class Settings(Value):
    """The settings of an access-review control."""

    sources: tuple[ScopedSource, ...] = Field(min_length=1)
    reviewers: Reviewers
    no_response: NoResponse = NoResponse()
    removal_due: RemovalDue = RemovalDue()
    assurance: Assurance = "slack"
    wanted: Wanted = Wanted()
    reason_min: int = Field(default=10, ge=1, le=1000)
    unused_days: int = Field(default=90, ge=1)
    lines_per_review: int = Field(default=500, ge=1, le=500)
    lines_per_signature: int = Field(default=200, ge=1, le=200)
    grace: Span = "24h"
    care: Care = Care()

    @property
    def level_privileged(self) -> Assurance:
        """How well it must be known who keeps privileged or flagged access."""
        return surer(self.assurance, self.wanted.privileged)

    @property
    def level_closing(self) -> Assurance:
        """How well it must be known who closes, makes an exception or signs second."""
        return surer(self.assurance, self.wanted.closing)

    def scope(self) -> tuple[ScopedSource, ...]:
        """The sources whose lines are reviewed."""
        return tuple(s for s in self.sources if not s.out_of_scope)
