"""A user of IAM, and the root user, as accounts: the credential report says whether they are alive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from bot.sources.gather import UNKNOWN_USE, Held
from bot.sources.link import address
from bot.sources.reading import moment, text
from bot.sources.settings import AwsSettings
from workflows.kernel.identity import Kind, LastUse, Why

TRACKED = date(2015, 4, 22)
"""Since when AWS notes both the use of passwords and that of access keys."""

KINDS: dict[str, Kind] = {"human": "human", "service": "service", "shared": "shared", "external": "external"}
WORDS = {"true": True, "false": False}
USES = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")

ReportRow = Mapping[str, str]


def account(user: Mapping[str, Any], row: ReportRow | None, settings: AwsSettings) -> Held:
    """A user with their row of the credential report, if it has one."""
    tags = {text(tag.get("Key")): text(tag.get("Value")) for tag in user.get("Tags", ())}
    kind = KINDS.get(tags.get(settings.kind_tag, "").lower(), "unknown")
    mails = [tags[name] for name in settings.email_tags if tags.get(name)]
    owners = [tags[name] for name in settings.owner_tags if tags.get(name)]
    created = user["CreateDate"].astimezone(UTC)
    active = _active(row)
    mfa = WORDS.get(row.get("mfa_active", "")) if row else None
    used = _used(row, created)
    unknown: dict[str, Why] = {"email_verified": "not_offered"}
    if kind == "unknown":
        unknown["kind"] = "absent"
    for name, value in (("email", mails), ("active", active), ("mfa", mfa)):
        if value is None or value == []:
            unknown[name] = "absent"
    if used == UNKNOWN_USE:
        unknown["last_used"] = "absent"
    machine = kind in ("service", "shared")
    return Held(
        native_id=user["UserId"],
        login=user["UserName"],
        name=user["UserName"],
        email=next((mail for mail in mails if address(mail)), None),
        kind=kind,
        active=active,
        mfa=mfa,
        created_at=created,
        last_used=used,
        unknown=unknown,
        # The owner of a machine's account answers for it and is not the person behind it.
        addresses=tuple(mails if machine else [*mails, *([] if mails else owners)]),
        owner=owners[0] if owners else "",
    )


def root(row: ReportRow) -> Held:
    """The root user of the account, known from the credential report alone."""
    created = moment(row.get("user_creation_time"))
    mfa = WORDS.get(row.get("mfa_active", ""))
    used = _used(row, created)
    unknown: dict[str, Why] = {"email": "not_offered", "email_verified": "not_offered"}
    if mfa is None:
        unknown["mfa"] = "absent"
    if used == UNKNOWN_USE:
        unknown["last_used"] = "absent"
    return Held(
        native_id=text(row.get("arn")) or "root",
        login="<root_account>",
        name="root user",
        kind="shared",
        # The root user of an account cannot be switched off, whatever its keys are.
        active=True,
        mfa=mfa,
        created_at=created,
        last_used=used,
        unknown=unknown,
    )


def _active(row: ReportRow | None) -> bool | None:
    """Alive if a password or a key works; off only where all three are said not to."""
    if row is None:
        return None
    said = [WORDS.get(row.get(name, "")) for name in ("password_enabled", "access_key_1_active", "access_key_2_active")]
    if True in said:
        return True
    return None if None in said else False


def _used(row: ReportRow | None, created: datetime | None) -> LastUse:
    """The last use of password or key; not since it was made where AWS was asked and saw none."""
    if row is None:
        return UNKNOWN_USE
    said = [row.get(name, "") for name in USES]
    times = [at for at in map(moment, said) if at is not None]
    if times:
        return LastUse(at=max(times))
    if created is not None and all(word in ("N/A", "no_information") for word in said):
        return LastUse(none_since=max(created.date(), TRACKED))
    return UNKNOWN_USE
