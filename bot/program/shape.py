"""What may stand in the files of a program folder. The JSON Schemas for editors come from these models."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
)

from bot.program.closed import checked_country, checked_zone
from bot.program.problem import Wrong, quoted
from workflows.kernel.calendar import Cadence, checked_span, span_of
from workflows.kernel.publisher import EVENTS, NEVER, REPOSITORY, WORKFLOW

CONTROL_ID = re.compile(r"[A-Z][A-Z0-9]*-[0-9]+")
SOURCE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.yaml")
CREDENTIAL = re.compile(r"env:[A-Z][A-Z0-9_]{0,99}")
_LOGIN = re.compile(r"[^\s,;<>|\"'`]{1,200}")
_EVENT = re.compile(r"[a-z][a-z_]{1,60}")
_HOURS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _stated(text: str) -> str:
    if not text.strip():
        raise Wrong("is blank.", "Write it.")
    return text.strip()


def _control_id(text: str) -> str:
    if not CONTROL_ID.fullmatch(text):
        raise Wrong(f"{quoted(text)} is no control id.", "Write capital letters, a hyphen and a number, such as AC-04.")
    return text


def _source_id(text: str) -> str:
    if not SOURCE_ID.fullmatch(text):
        raise Wrong(
            f"{quoted(text)} is no source id.",
            "Write at most 40 small letters, digits, dots and hyphens, such as payroll-csv.",
        )
    return text


def _login(text: str) -> str:
    if not _LOGIN.fullmatch(text):
        raise Wrong(f"{quoted(text)} is no login.", "Write it as the identity provider does, such as maya@acme.test.")
    return text


def _credential(text: str) -> str:
    # The text is not shown: it may be the secret itself.
    if not CREDENTIAL.fullmatch(text):
        raise Wrong(
            "does not name a variable.", "Write `env:NAME` and set NAME where Attester runs; no secret stands here."
        )
    return text


def _exact(value: Any) -> Any:
    """A span as exact time: working days and months depend on a calendar and have no fixed length."""
    if not isinstance(value, str):
        raise Wrong("has no unit.", "Write minutes, hours or days: 30m, 48h, 14d.")
    amount, unit = span_of(value)
    if unit not in _HOURS:
        raise Wrong(
            "counts working days or months, which have no exact length.", "Write minutes, hours or days: 30m, 48h, 14d."
        )
    return amount * _HOURS[unit]


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        raise Wrong("is no date.", "Write it as 2027-03-31.")
    return value


def _repository(text: str) -> str:
    if not REPOSITORY.fullmatch(text):
        raise Wrong(f"{quoted(text)} is no repository.", "Write owner/name, such as acme/payments.")
    return text


def _workflow_file(text: str) -> str:
    if not WORKFLOW.fullmatch(text):
        raise Wrong(
            f"{quoted(text)} is no workflow file.", "Write its name in .github/workflows, without the folder: scan.yml."
        )
    return text


def _event(text: str) -> str:
    if text == NEVER:
        raise Wrong("lets a stranger's change run with the repository's rights.", "Take it out; write push or release.")
    if not _EVENT.fullmatch(text):
        raise Wrong("is no event of GitHub Actions.", "Write one such as push or workflow_dispatch.")
    return text


def _opens(value: int | str) -> int:
    return Cadence.of({"opens": value}).opens


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_stated)]
LongText = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_stated)]
ControlId = Annotated[str, AfterValidator(_control_id), Field(json_schema_extra={"pattern": f"^{CONTROL_ID.pattern}$"})]
SourceId = Annotated[str, AfterValidator(_source_id), Field(json_schema_extra={"pattern": f"^{SOURCE_ID.pattern}$"})]
Login = Annotated[str, AfterValidator(_login), Field(json_schema_extra={"examples": ["maya@acme.test"]})]
Credential = Annotated[
    str, AfterValidator(_credential), Field(json_schema_extra={"pattern": f"^{CREDENTIAL.pattern}$"})
]
Day = Annotated[date, BeforeValidator(_day)]
ExactSpan = Annotated[
    timedelta,
    BeforeValidator(_exact),
    PlainSerializer(lambda span: f"{int(span.total_seconds()) // 60}m"),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]+ *(m|h|d|minutes?|hours?|days?)$", "examples": ["48h", "7d"]}
    ),
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", title=None)


class CompanyFile(_Shape):
    """`company.yaml`: whose program this is, its calendar, and who answers for controls."""

    name: Text = Field(description="The company's name as people and auditors read it.")
    time_zone: Annotated[str, AfterValidator(checked_zone)] = Field(
        "UTC", description="Where working days begin and end, such as Europe/Berlin."
    )
    holidays: Annotated[str, AfterValidator(checked_country)] = Field(
        "", description="Country whose public holidays are no working days: DE, or with a region DE-BE."
    )
    closed_days: tuple[Day, ...] = Field((), description="Further days on which nobody works.")
    fiscal_year_starts: StrictInt = Field(1, ge=1, le=12, description="Month in which quarters start to count.")
    control_owner: Login = Field(description="Answers for every control that names nobody else.")
    deputy: Login | None = Field(None, description="Stands in for the control owner; another person.")
    roles: dict[str, tuple[Login, ...]] = Field({}, description="Names for groups of people.")
    retention_years: StrictInt = Field(
        7,
        ge=1,
        le=20,
        description="How long records are kept: copies in a bucket are locked so long, and none is erased before.",
    )
    record_assurance: Literal["slack", "slack+sso", "slack+sso+mfa"] = Field(
        "slack", description="How surely it must be known who erases records or ends a signing key."
    )
    sign_in_age: StrictInt = Field(
        300,
        ge=0,
        le=3600,
        description="How many seconds old a sign-in may be at the press that it confirms; 0: only one after the press counts.",
    )


class CadenceShape(_Shape):
    """How often a control is performed, when it opens, and when it is due."""

    every: Literal["day", "week", "month", "quarter", "half", "year"] = Field(description="How often.")
    opens: Annotated[int | str, AfterValidator(_opens)] = Field(
        1, description="Working day of the period on which it opens: 5, or `5th working day`."
    )
    due: Annotated[str, AfterValidator(checked_span)] = Field(
        "14d", description="How long after it opened: 14d, 10wd (working days), 1mo."
    )


class PublisherEntry(_Shape):
    """A workflow of a repository whose runs may bring evidence to a control."""

    repository: Annotated[str, AfterValidator(_repository)] = Field(description="`owner/name`.")
    owner_id: StrictInt = Field(
        ge=1,
        description="The owner's number at GitHub (`gh api users/OWNER --jq .id`): a name can be taken by somebody else.",
    )
    workflow: Annotated[str, AfterValidator(_workflow_file)] = Field(
        description="Its file in `.github/workflows`, such as `scan.yml`."
    )
    environment: Text | None = Field(None, description="Only jobs of this environment; without one, any job.")
    events: tuple[Annotated[str, AfterValidator(_event)], ...] = Field(
        EVENTS, min_length=1, description="What may have started the run; never `pull_request_target`."
    )


class ControlFile(_Shape):
    """`controls/*.yaml`: one promise the company made. The workflow's own settings stand beside these keys."""

    id: ControlId = Field(description="Never reused. Capital letters, a hyphen, a number: AC-04.")
    title: Text = Field(description="A few words, as lists show it.")
    text: LongText = Field(description="What is promised, in the company's own words; auditors test this sentence.")
    workflow: str = Field(description="Which workflow performs it.")
    criteria: tuple[str, ...] = Field(min_length=1, description="Ids of the Trust Services Criteria that it serves.")
    owner: Login | None = Field(None, description="Answers for it; without one, the company's control owner.")
    deputy: Login | None = Field(None, description="Stands in for the owner; without one, the company's deputy.")
    cadence: CadenceShape
    starts: Day | None = Field(None, description="Day from which it counts; without one, when it is first applied.")
    publishers: tuple[PublisherEntry, ...] = Field(
        (), description="Workflows of GitHub Actions whose runs may [bring evidence](evidence.md)."
    )


class SourceEntry(_Shape):
    """A system that identity data is pulled from."""

    id: SourceId = Field(description="Short name, used in case ids. Never reused for another system.")
    kind: str = Field(description="What it is read with.")
    system: Text = Field(description="The system's name as people read it: GitHub, Payroll.")
    directory: StrictBool = Field(False, description="Whether this is the list of people; exactly one source is.")
    credential: Credential | None = Field(None, description="`env:NAME`: which variable holds the secret.")
    max_age: ExactSpan | None = Field(None, description="How old a pull may be when a review opens. 48h; files 7d.")
    owner: Login | None = Field(None, description="Decides as the application's owner.")
    remover: Login | None = Field(None, description="Is asked to take away what was revoked.")
    privileged: tuple[str, ...] = Field(
        (), description="Entitlements that are privileged; `*` at the end matches the rest."
    )
    ordinary: tuple[str, ...] = Field((), description="Entitlements that are not. What is in neither list is unknown.")
    plain: dict[str, Text] = Field({}, description="Entitlement → the sentence that reviewers read.")
    entitlement_owners: dict[str, Login] = Field({}, description="Entitlement → login of who decides over it.")
    service_accounts: dict[str, Login] = Field(
        {}, description="Login of a service account → login of who answers for it."
    )
    max_shrink: StrictFloat = Field(0.2, ge=0, le=1, description="A pull smaller by more than this share is held back.")
    min_rows: StrictInt = Field(1, ge=0, description="A pull with fewer rows is held back.")
    settings: dict[str, Any] = Field({}, description="What this kind of source needs.")


class OutOfScopeEntry(_Shape):
    """A system that is known and deliberately not reviewed."""

    id: SourceId
    reason: LongText = Field(description="Why it is not reviewed.")
    accepted_by: Login = Field(description="Who accepted that.")
    until: Day = Field(description="Until when; then it is decided again.")


class SourcesFile(_Shape):
    """`sources.yaml`: every system that is known to hold accounts, in scope or not."""

    sources: tuple[SourceEntry, ...] = Field(min_length=1)
    out_of_scope: tuple[OutOfScopeEntry, ...] = ()
