"""A user of Okta as a person and as an account: the status is read word for word, an unknown word is unknown."""

from __future__ import annotations

from datetime import datetime

from bot.sources.gather import UNKNOWN_USE, Held
from bot.sources.http import Row
from bot.sources.reading import day, inner, moment, text
from bot.sources.settings import OktaSettings
from bot.sources.zone import known_zone
from workflows.kernel.identity import LastUse, Person, PersonId, Why

ACTIVE = {
    "ACTIVE": True, "PROVISIONED": True, "RECOVERY": True, "LOCKED_OUT": True, "PASSWORD_EXPIRED": True,
    "STAGED": False, "SUSPENDED": False, "DEPROVISIONED": False,
}  # fmt: skip
"""Whether an account may come to life without an administrator. A locked one unlocks by itself."""

EMPLOYED = {
    "ACTIVE": True, "PROVISIONED": True, "RECOVERY": True, "LOCKED_OUT": True, "PASSWORD_EXPIRED": True,
    "DEPROVISIONED": False,
}  # fmt: skip
"""What a status says of employment. Suspended and staged say nothing: they may be on leave, or not here yet."""


class Users:
    """People and accounts by id; a user who is read twice is what was read last."""

    def __init__(self, settings: OktaSettings, issuer: str, as_of: datetime) -> None:
        self._settings = settings
        self._issuer = issuer
        self._as_of = as_of
        self._people: dict[PersonId, Person] = {}
        self.accounts: dict[str, Held] = {}
        self.managers: dict[PersonId, str] = {}
        self.numbers: dict[PersonId, str] = {}

    @property
    def people(self) -> list[Person]:
        """Everybody, in order of id."""
        return [self._people[key] for key in sorted(self._people)]

    def add(self, key: str, row: Row) -> None:
        """One user."""
        self._people[key] = person = self._person(key, row)
        self.accounts[key] = _account(key, row, person)
        self.managers[key] = self._attribute(row, self._settings.manager)
        self.numbers[key] = self._attribute(row, self._settings.number)

    def _person(self, key: str, row: Row) -> Person:
        status = text(row.get("status"))
        employed = EMPLOYED.get(status)
        ended_on = day(self._attribute(row, self._settings.ended_on))
        if ended_on is None and status == "DEPROVISIONED":
            ended_on = day(row.get("statusChanged"))
        if ended_on is not None and ended_on <= self._as_of.date():
            employed = False
        names = [self._attribute(row, part) for part in ("firstName", "lastName")]
        login = self._attribute(row, "login")
        zone = self._attribute(row, "timezone")
        return Person(
            id=key,
            issuer=self._issuer,
            login=login,
            name=self._attribute(row, "displayName") or " ".join(filter(None, names)) or login or key,
            email=self._attribute(row, "email") or None,
            employed=employed,
            ended_on=ended_on,
            department=self._attribute(row, "department"),
            title=self._attribute(row, "title"),
            time_zone=zone if known_zone(zone) else "UTC",
            slack_user=self._attribute(row, self._settings.slack_user) or None,
            absent_until=day(self._attribute(row, self._settings.absent_until)),
        )

    def _attribute(self, row: Row, name: str) -> str:
        return text(inner(row, "profile", name)) if name else ""


def _account(key: str, row: Row, person: Person) -> Held:
    used = moment(row.get("lastLogin"))
    active = ACTIVE.get(text(row.get("status")))
    created = moment(row.get("created"))
    # Okta has no list of second factors; asking person by person is too dear.
    unknown: dict[str, Why] = {"mfa": "not_fetched", "email_verified": "not_offered"}
    for name, value in (("active", active), ("created_at", created), ("last_used", used), ("email", person.email)):
        if value is None:
            unknown[name] = "absent"
    return Held(
        native_id=key,
        login=person.login,
        name=person.name,
        email=person.email,
        kind="human",
        active=active,
        created_at=created,
        last_used=LastUse(at=used) if used else UNKNOWN_USE,
        unknown=unknown,
        idp_id=key,
    )
