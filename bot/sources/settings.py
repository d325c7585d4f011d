"""What a source's `settings` may say in the program, for each kind of source. Pure: no input or output.

Every model refuses a key that it does not know, so that a mistyped one is a problem and not a silence.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workflows.kernel.identity import Kind

ManagerKey = Literal["id", "login", "email", "number"]

PEOPLE_COLUMNS = frozenset(
    [
        "id",
        "login",
        "name",
        "email",
        "number",
        "manager",
        "employed",
        "ended_on",
        "slack_user",
        "time_zone",
        "department",
        "title",
        "absent_until",
    ]
)
"""What a file of people may give. ``number`` is the employee number, of use only where managers are named by it."""

ACCOUNT_COLUMNS = frozenset(
    [
        "id",
        "login",
        "name",
        "email",
        "person",
        "external_id",
        "kind",
        "active",
        "mfa",
        "created_at",
        "owner",
        "entitlement",
        "entitlement_id",
        "resource",
        "plain",
        "privileged",
        "granted_at",
        "last_used",
        "via",
    ]
)
"""What a file of accounts may give. ``person`` is the id in the identity provider, ``external_id`` the same as set by
provisioning; ``owner`` is the login of the person who answers for a service or shared account."""

ONE_PER_ACCOUNT = ("login", "name", "email", "person", "external_id", "kind", "active", "mfa", "created_at", "owner")
"""Facts of the account: several rows of one account must agree on them, or the pull is partial."""


class SourceSettings(BaseModel):
    """What every kind of source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    domains: tuple[str, ...] = ()
    """The company's own mail domains: an account with an address elsewhere is external, not an orphan. Left out: the
    domains of the directory's logins and addresses."""


class CsvSettings(SourceSettings):
    """A file in the program folder, exported from a system by a person. A header that is not named here is refused."""

    file: str
    """The file, from the program folder."""

    role: Literal["directory", "accounts"] = "accounts"
    """`directory` for people; `accounts` for a system's accounts and what they may do, one row for each access."""

    columns: dict[str, str]
    """Our name of a field → the file's header. For people: id, login, name, email, number, manager, employed, ended_on,
    slack_user, time_zone, department, title, absent_until. For accounts: id, login, name, email, person, external_id, kind,
    active, mfa, created_at, owner, entitlement, entitlement_id, resource, plain, privileged, granted_at, last_used, via."""

    ignore: tuple[str, ...] = ()
    """Headers that are known and not read."""

    delimiter: Literal["auto", ",", ";", "\t"] = "auto"
    """What stands between cells; `auto` takes the one under which the header fits."""

    yes: tuple[str, ...] = ("yes", "true", "1", "y")
    """Words for a fact that holds, in any case. A word in neither list is unknown."""

    no: tuple[str, ...] = ("no", "false", "0", "n")
    """Words for a fact that does not hold."""

    kinds: dict[str, Kind] = {}
    """A word of the file → the kind of account: human, service, shared, external, unknown."""

    dates: tuple[str, ...] = ()
    """How dates are written (`%d.%m.%Y`), tried in order before ISO 8601. A time without a zone is UTC."""

    as_of: Literal["modified", "pulled"] | date = "modified"
    """When the file was true: `modified` (the file's time), `pulled` (it is exported for each pull), or a day."""

    rows: int | None = Field(default=None, ge=0)
    """How many rows the exporting person saw: a second figure that the pull must agree with."""

    uploaded_by: str = ""
    """The login of the person who exports the file."""

    came_from: str = ""
    """Where in the system it is exported."""

    issuer: str = ""
    """For a directory: who issues its ids; left out, the source itself."""

    manager_by: ManagerKey = "login"
    """For a directory: what the column `manager` holds."""

    entitlement: str = "account"
    """What an account holds where the file has no column for it."""

    resource: str = ""
    """Where it holds it, if the file has no column for that; left out, the system's name."""

    split: str = ""
    """What stands between several entitlements in one cell."""

    not_used: tuple[str, ...] = ()
    """Words of `last_used` that mean: not in the last `observed_days`."""

    observed_days: int | None = Field(default=None, ge=1)
    """How many days the system looks back for uses."""

    email_verified: bool | None = None
    """Whether the system itself verifies addresses; only then is a link by address strong."""

    @model_validator(mode="after")
    def _columns_fit_the_role(self) -> CsvSettings:
        known = PEOPLE_COLUMNS if self.role == "directory" else ACCOUNT_COLUMNS
        unknown = sorted(set(self.columns) - known)
        if unknown:
            raise ValueError(
                f"columns: {', '.join(unknown)} is no field of a file with role {self.role}. "
                f"Take one of: {', '.join(sorted(known))}."
            )
        headers = [*self.columns.values(), *self.ignore]
        twice = sorted({h for h in headers if headers.count(h) > 1})
        if twice:
            raise ValueError(f"columns and ignore name the header {', '.join(twice)} twice. Name each header once.")
        if self.role == "directory" and not {"id", "login"} <= set(self.columns):
            raise ValueError("columns: a directory needs id and login. Name the headers that hold them.")
        if self.role == "accounts" and not {"id", "login", "email"} & set(self.columns):
            raise ValueError("columns: accounts need id, login or email. Name the header that says whose row it is.")
        if self.not_used and self.observed_days is None:
            raise ValueError("not_used needs observed_days: say for how many days the system looks back.")
        return self


class OktaSettings(SourceSettings):
    """An Okta organisation, read with an API token of a read-only administrator."""

    org_url: str = ""
    """https://YOURS.okta.com, if it is not to come from OKTA_CLIENT_ORGURL."""

    reviews: tuple[Literal["groups", "apps", "admin_roles"], ...] = ("groups", "apps", "admin_roles")
    """Which accesses become lines; empty: the source is a directory only."""

    expand_groups: bool = False
    """Whether an application that somebody has through a group is a line of theirs too. Without it the membership of the
    group is what is reviewed."""

    manager: str = "managerId"
    """The profile attribute that names the manager."""

    manager_by: ManagerKey = "id"
    """What that attribute holds."""

    number: str = "employeeNumber"
    """The profile attribute of the employee number."""

    slack_user: str = ""
    """The profile attribute of the Slack user id."""

    absent_until: str = ""
    """The profile attribute of the last day of an absence."""

    ended_on: str = ""
    """The profile attribute of the last day of employment."""


class AwsSettings(SourceSettings):
    """The IAM users, groups, policies and keys of one AWS account, read with the standard AWS credentials."""

    email_tags: tuple[str, ...] = ("email",)
    """Tags of a user that hold the person's address, in order."""

    owner_tags: tuple[str, ...] = ("owner",)
    """Tags of a user that name the person who answers for it."""

    kind_tag: str = "kind"
    """The tag that says what a user is: human, service, shared, external."""

    access_keys: bool = True
    """Whether each access key is a line of its own."""

    report_tries: int = Field(default=20, ge=1, le=200)
    """How often to ask whether the credential report is ready, with a second between."""


SETTINGS: dict[str, type[BaseModel]] = {"csv": CsvSettings, "okta": OktaSettings, "aws": AwsSettings}
"""The model of `settings` for each `kind` of a source."""
