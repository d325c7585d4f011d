"""What IAM's answers say: users, root, policies by every path, keys. Reads the raw file alone."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from bot.sources.aws.policy import ADMINISTRATORS, allows_everything, document
from bot.sources.aws.user import account, root
from bot.sources.aws.wire import AnswerBroken, parsed
from bot.sources.gather import UNKNOWN_USE, Gathered, Grant, Right, shorten
from bot.sources.raw import Entry
from bot.sources.reading import text
from bot.sources.settings import AwsSettings
from workflows.kernel.identity import LastUse, Stream

ROOT = "<root_account>"
KEYS_TRACKED = date(2015, 4, 22)
"""Since when AWS notes the use of access keys."""

Row = Mapping[str, Any]


@dataclass
class Tally:
    """One stream so far; ``open`` holds the parts whose last page said that there is more."""

    pages: int = 0
    rows: int = 0
    parts: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)


class Reading:
    """Reads answer by answer; `finish` gives the whole."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._tallies: dict[str, Tally] = {}
        self._users: dict[str, Row] = {}
        self._groups: dict[str, Row] = {}
        self._policies: dict[str, Row] = {}
        self._report: dict[str, dict[str, str]] = {}
        self._generated: datetime | None = None
        self._summary: int | None = None
        self._keys: list[tuple[str, Row]] = []
        self._key_use: dict[str, LastUse] = {}
        self._twice = 0
        self._gathered = Gathered()

    def add(self, entry: Entry) -> None:
        """One answer. One that AWS's own description does not fit leaves its stream unfinished."""
        tally = self._tallies.setdefault(entry.stream, Tally())
        if entry.status != 200:
            return
        tally.pages += 1
        tally.open.add(entry.part)
        try:
            found = parsed(entry)
        except AnswerBroken as error:
            self._gathered.reasons.append(str(error))
            return
        tally.rows += self._take(entry, found)
        tally.parts.add(entry.part)
        if not found.get("IsTruncated"):
            tally.open.discard(entry.part)

    def _take(self, entry: Entry, found: Row) -> int:
        """What one answer says; returns its rows."""
        if entry.stream == "users":
            users = found.get("UserDetailList", ())
            for user in self._whole("users", users, "UserId", "UserName", "CreateDate"):
                self._twice += user["UserId"] in self._users
                self._users[user["UserId"]] = user
            self._groups |= {
                group["GroupName"]: group
                for group in self._whole("groups", found.get("GroupDetailList", ()), "GroupName", "GroupId")
            }
            self._policies |= {p["Arn"]: p for p in self._whole("policies", found.get("Policies", ()), "Arn")}
            return len(users)
        if entry.stream == "keys":
            keys = found.get("AccessKeyMetadata", ())
            self._keys.extend((entry.part, key) for key in self._whole("keys", keys, "AccessKeyId"))
            return len(keys)
        if entry.stream == "report":
            rows = list(csv.DictReader(found.get("Content", b"").decode("utf-8", "replace").splitlines()))
            self._report = {row["user"]: row for row in rows if row.get("user")}
            self._generated = found.get("GeneratedTime")
            return len(rows)
        if entry.stream == "summary":
            self._summary = found.get("SummaryMap", {}).get("Users")
        if entry.stream == "key_use":
            used = found.get("AccessKeyLastUsed", {}).get("LastUsedDate")
            if isinstance(used, datetime):
                self._key_use[entry.part] = LastUse(at=used.astimezone(UTC))
        return 1

    def _whole(self, what: str, rows: Iterable[Row], *fields: str) -> list[Row]:
        """The rows that have these fields; one that lacks an id cannot be used, and is counted as such."""
        found = [row for row in rows if all(row.get(name) for name in fields)]
        lacking = sum(1 for row in rows) - len(found)
        self._gathered.rejected.extend([f"{what}: a row without {' or '.join(fields)}"] * lacking)
        return found

    def finish(self) -> Gathered:
        """Everything, with streams and reasons."""
        gathered = self._gathered
        users = self._stream("users", duplicates=self._twice)
        if self._summary is not None:
            users = users.model_copy(
                update={"expected": self._summary, "expected_from": "Users of get_account_summary"}
            )
        names = {user["UserName"] for user in self._users.values()}
        gathered.streams = [users, self._stream("summary"), self._stream("report")]
        if self._settings.access_keys:
            keys = {key["AccessKeyId"] for _, key in self._keys}
            gathered.streams += [self._stream("keys", names), self._stream("key_use", keys)]
        for user in self._users.values():
            self._user(user)
        self._root()
        self._access_keys()
        self._reconcile()
        if self._generated is not None:
            gathered.as_of = self._generated.astimezone(UTC)
        return gathered

    def _stream(self, name: str, parts: Iterable[str] = ("",), duplicates: int = 0) -> Stream:
        tally = self._tallies.get(name, Tally())
        done = set(parts) <= tally.parts and not tally.open
        return Stream(name=name, path=PATHS[name], pages=tally.pages, rows=tally.rows, duplicates=duplicates, done=done)

    def _user(self, user: Row) -> None:
        key = user["UserId"]
        held = account(user, self._report.get(user["UserName"]), self._settings)
        self._gathered.accounts[key] = held
        self._policies_of(key, key, user, "direct", "UserPolicyList")
        for name in user.get("GroupList", ()):
            group = self._groups.get(name)
            if group is None:
                self._gathered.reasons.append(
                    f"users: {held.login} is in the group {name}, which AWS did not list. Pull again."
                )
                continue
            if not self._policies_of(key, group["GroupId"], group, f"group:{name}", "GroupPolicyList"):
                self._grant(key, Right(group["GroupId"], "IAM groups", name, purpose="assignment"), "direct")
        if (self._report.get(user["UserName"]) or {}).get("password_enabled") == "true":
            self._grant(key, Right("console-password", "AWS console", "console password"), "direct", held.last_used)

    def _policies_of(self, account: str, owner: str, holder: Row, via: str, inline: str) -> int:
        """Grants by the managed and inline policies of a user or group; returns how many."""
        count = 0
        for attached in self._whole("policies", holder.get("AttachedManagedPolicies", ()), "PolicyArn", "PolicyName"):
            arn, name = attached["PolicyArn"], attached["PolicyName"]
            known = self._policies.get(arn)
            versions = known.get("PolicyVersionList", ()) if known else ()
            current = next((v.get("Document") for v in versions if v.get("IsDefaultVersion")), None)
            admin = True if arn in ADMINISTRATORS else allows_everything(document(current))
            # A customer's policy can be deleted and made again under the same ARN; its id cannot.
            native = str(known["PolicyId"]) if known and known.get("PolicyId") else arn
            self._grant(account, Right(native, "IAM policies", name, privileged=admin), via)
            count += 1
        for written in self._whole("policies", holder.get(inline, ()), "PolicyName"):
            name = written["PolicyName"]
            admin = allows_everything(document(written.get("PolicyDocument")))
            self._grant(account, Right(f"inline:{owner}/{name}", "IAM inline policies", name, privileged=admin), via)
            count += 1
        return count

    def _grant(
        self, account: str, right: Right, via: str, used: LastUse = UNKNOWN_USE, at: datetime | None = None
    ) -> None:
        self._gathered.rights.setdefault(right.native_id, right)
        self._gathered.grants.append(Grant(account, right.native_id, via, at, used))

    def _root(self) -> None:
        """The root user is a row of its own, and the most privileged one."""
        row = self._report.get(ROOT)
        if row is not None:
            held = root(row)
            self._gathered.accounts[held.native_id] = held
            right = Right("root", "AWS account", "root user", purpose="ownership", privileged=True)
            self._grant(held.native_id, right, "direct", held.last_used, held.created_at)

    def _access_keys(self) -> None:
        by_name = {user["UserName"]: key for key, user in self._users.items()}
        for name, key in self._keys:
            if name not in by_name:
                continue
            off = "" if key.get("Status") == "Active" else f" ({text(key.get('Status')).lower()})"
            native = key["AccessKeyId"]
            made = key.get("CreateDate")
            at = made.astimezone(UTC) if isinstance(made, datetime) else None
            asked = native in self._tallies.get("key_use", Tally()).parts
            since = LastUse(none_since=max(at.date(), KEYS_TRACKED)) if at and asked else UNKNOWN_USE
            right = Right(native, "access keys", f"access key {native}{off}")
            self._grant(by_name[name], right, "direct", self._key_use.get(native, since), at)

    def _reconcile(self) -> None:
        """Every user who is older than the report stands in it; AWS makes a new one at most every four hours."""
        if self._generated is None:
            return
        lacking = [
            f"report: {user['UserName']} is older than the credential report and not in it. Pull again in four hours."
            for user in self._users.values()
            if user["UserName"] not in self._report and user["CreateDate"] < self._generated
        ]
        self._gathered.reasons.extend(shorten(lacking))


PATHS = {
    "users": "iam:GetAccountAuthorizationDetails",
    "summary": "iam:GetAccountSummary",
    "report": "iam:GetCredentialReport",
    "keys": "iam:ListAccessKeys",
    "key_use": "iam:GetAccessKeyLastUsed",
}


def read(entries: Iterable[Entry], settings: AwsSettings) -> Gathered:
    """What the raw file of a pull says."""
    reading = Reading(settings)
    for entry in entries:
        reading.add(entry)
    return reading.finish()
