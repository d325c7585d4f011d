"""What Okta's answers say: people, accounts, groups, applications and administrator roles. Reads the raw file alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from bot.sources.chains import Chains
from bot.sources.gather import Gathered, Grant, Right, shorten
from bot.sources.http import Row
from bot.sources.manager import with_managers
from bot.sources.okta.user import Users
from bot.sources.raw import Entry
from bot.sources.reading import inner, moment, text
from bot.sources.settings import OktaSettings
from workflows.kernel.identity import Stream

ENVELOPES = {"admins": "value"}


class Reading:
    """Reads answer by answer; `finish` gives the whole."""

    def __init__(self, settings: OktaSettings, issuer: str, as_of: datetime) -> None:
        self._settings = settings
        self._chains = Chains(ENVELOPES)
        self._users = Users(settings, issuer, as_of)
        self._groups: dict[str, Row] = {}
        self._apps: dict[str, str] = {}
        self._admins: list[str] = []
        self._members: list[tuple[str, str]] = []
        self._member_counts: Counter[str] = Counter()
        self._assigned: list[tuple[str, str, str, datetime | None]] = []
        self._app_groups: dict[str, list[str]] = {}
        self._gathered = Gathered()

    def add(self, entry: Entry) -> None:
        """One answer."""
        for row in self._chains.rows(entry):
            key = row.get("id")
            if not isinstance(key, str) or not key or text(key) != key:
                self._chains.reject(entry.stream)
                self._gathered.rejected.append(
                    f"{entry.stream}: a row without a usable id{f' in {entry.part}' if entry.part else ''}"
                )
            elif entry.stream == "users_changed":
                self._users.add(key, row)
            elif not self._chains.repeated(entry.stream, entry.part, key) or entry.stream == "users":
                self._row(entry.stream, entry.part, key, row)

    def _row(self, stream: str, part: str, key: str, row: Row) -> None:
        if stream == "users":
            self._users.add(key, row)
        elif stream == "groups":
            self._groups[key] = row
        elif stream == "group_users":
            self._members.append((part, key))
            self._member_counts[part] += 1
        elif stream == "apps":
            off = "" if row.get("status") in ("ACTIVE", None) else f" ({text(row['status']).lower()})"
            self._apps[key] = (text(row.get("label")) or text(row.get("name")) or key) + off
        elif stream == "app_users":
            self._assigned.append((part, key, text(row.get("scope")), moment(row.get("created"))))
        elif stream == "app_groups":
            self._app_groups.setdefault(part, []).append(key)
        elif stream == "admins":
            self._admins.append(key)
        elif stream == "admin_roles":
            self._admin_role(part, key, row)

    def finish(self) -> Gathered:
        """Everything, with streams and reasons."""
        gathered = self._gathered
        wanted = self._settings.reviews
        users = self._chains.stream("users")
        gathered.streams.append(users)
        if "groups" in wanted or ("apps" in wanted and self._settings.expand_groups):
            gathered.streams.extend(self._group_streams())
        if "apps" in wanted:
            apps = self._chains.stream("apps")
            gathered.streams.append(apps)
            for name in ("app_users", "app_groups"):
                gathered.streams.append(self._chains.stream(name, self._apps, apps.done))
            self._applications()
        if "groups" in wanted:
            self._memberships()
        if "admin_roles" in wanted:
            admins = self._chains.stream("admins")
            gathered.streams.extend([admins, self._chains.stream("admin_roles", self._admins, admins.done)])
        gathered.streams.append(self._chains.stream("users_changed"))
        gathered.people = with_managers(
            self._users.people, self._users.managers, self._settings.manager_by, self._users.numbers
        )
        gathered.accounts = self._users.accounts
        return gathered

    def _group_streams(self) -> list[Stream]:
        """Groups and their members, reconciled with Okta's own count of each group."""
        groups = self._chains.stream("groups")
        members = self._chains.stream("group_users", self._groups, groups.done)
        said = {key: _count(row) for key, row in self._groups.items()}
        off = [
            f"group_users: the group {_name(self._groups[key])} has {self._member_counts[key]} members here, "
            f"Okta reports {count}. "
            "It may have changed while it was read: pull again."
            for key, count in said.items()
            if count is not None and count != self._member_counts[key] and members.done
        ]
        self._gathered.reasons.extend(shorten(off))
        counts = [count for count in said.values() if count is not None]
        if groups.done and len(counts) == len(said) and said:
            source = "usersCount of groups?expand=stats, summed"
            members = members.model_copy(update={"expected": sum(counts), "expected_from": source})
        return [groups, members]

    def _memberships(self) -> None:
        """A group is reviewed as a group: one line for each member, naming the applications that the group gives."""
        gives: dict[str, list[str]] = {}
        for app, groups in self._app_groups.items():
            for group in groups:
                gives.setdefault(group, []).append(self._apps.get(app, app))
        for key, row in self._groups.items():
            everybody = row.get("type") == "BUILT_IN" and _name(row) == "Everyone"
            resource = ", ".join(sorted(gives.get(key, []))) or "Okta"
            right = Right(key, resource, _name(row), purpose="assignment", privileged=False if everybody else None)
            self._gathered.rights[key] = right
        self._gathered.grants.extend(Grant(user, group) for group, user in self._members)

    def _applications(self) -> None:
        members: dict[str, set[str]] = {}
        if self._settings.expand_groups:
            for group, user in self._members:
                members.setdefault(group, set()).add(user)
        for key, label in self._apps.items():
            self._gathered.rights[key] = Right(key, label, label, purpose="assignment")
        for app, user, scope, created in self._assigned:
            direct = scope != "GROUP"
            if direct:
                self._gathered.grants.append(Grant(user, app, granted_at=created))
            for group in self._app_groups.get(app, ()) if self._settings.expand_groups else ():
                if user in members.get(group, ()):
                    via = f"group:{_name(self._groups.get(group, {'id': group}))}"
                    self._gathered.grants.append(Grant(user, app, via=via, granted_at=None if direct else created))

    def _admin_role(self, user: str, key: str, row: Row) -> None:
        kind = text(row.get("type")) or "CUSTOM"
        right = f"role:{kind}" if kind != "CUSTOM" else f"role:{text(row.get('role')) or key}"
        name = text(row.get("label")) or kind
        self._gathered.rights.setdefault(right, Right(right, "Okta administration", name, privileged=True))
        via = "direct" if row.get("assignmentType") in ("USER", None) else "group"
        self._gathered.grants.append(Grant(user, right, via=via, granted_at=moment(row.get("created"))))


def read(entries: Iterable[Entry], settings: OktaSettings, issuer: str, as_of: datetime) -> Gathered:
    """What the raw file of a pull says."""
    reading = Reading(settings, issuer, as_of)
    for entry in entries:
        reading.add(entry)
    return reading.finish()


def _name(row: Row) -> str:
    return text(inner(row, "profile", "name")) or text(row.get("id"))


def _count(row: Row) -> int | None:
    found = inner(row, "_embedded", "stats", "usersCount")
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None
