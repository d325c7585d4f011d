"""A system's accounts as a file, one row per access."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from bot.sources.csv_file import Row
from bot.sources.csv_words import Words, why
from bot.sources.gather import UNKNOWN_USE, Gathered, Grant, Held, Right, shorten
from bot.sources.normalise import latest, spell
from bot.sources.settings import ONE_PER_ACCOUNT, CsvSettings
from workflows.kernel.identity import LastUse, Why

THREE_VALUED = ("active", "mfa")


class Accounts:
    """Collects accounts, entitlements and grants row by row. ``as_of`` is when the file was true."""

    def __init__(self, settings: CsvSettings, system: str, as_of: datetime) -> None:
        self._settings = settings
        self._system = system
        self._as_of = as_of
        self._words = Words(settings)
        self._not_used = {w.strip().lower() for w in settings.not_used}
        self._accounts: dict[str, Held] = {}
        self._facts: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._rights: dict[str, Right] = {}
        self._grants: dict[tuple[str, str, str], Grant] = {}
        self._twice: list[str] = []
        self.duplicates = 0

    def add(self, row: Row) -> None:
        """One row: an account and, where it names one, what it may do. Every row is kept."""
        key, known = self._key(row)
        use = self._use(row)
        facts = tuple(row.cells.get(field, "") for field in ONE_PER_ACCOUNT)
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = self._account(row, key, known)
            account.last_used = use
            self._facts[key] = (row.line, facts)
        elif self._facts[key][1] != facts:
            self._differ(row, key, facts)
        if not self._grant(row, key, use):
            self.duplicates += 1
        account.last_used = latest((account.last_used, use))

    def finish(self, gathered: Gathered) -> None:
        """Hand over."""
        for account in self._accounts.values():
            if account.last_used == UNKNOWN_USE:
                account.unknown["last_used"] = self._why("last_used")
        gathered.accounts = self._accounts
        gathered.rights = self._rights
        gathered.grants = list(self._grants.values())
        gathered.reasons.extend(shorten(self._twice))

    def _why(self, field: str) -> Why:
        return why(field in self._settings.columns)

    def _key(self, row: Row) -> tuple[str, bool]:
        """The native id, and whether the row names anybody; a row that does not is keyed by its content."""
        cell = row.cells.get
        named = cell("id", "") if "id" in self._settings.columns else cell("login", "") or cell("email", "").lower()
        if named:
            return named, True
        return f"row:{hashlib.sha256(spell(row.cells)).hexdigest()[:16]}", False

    def _account(self, row: Row, key: str, known: bool) -> Held:
        cell = row.cells.get
        email = cell("email", "") or None
        unknown: dict[str, Why] = {}
        facts = {field: self._words.fact(cell(field, "")) for field in THREE_VALUED}
        created = self._words.moment(cell("created_at", "")) if cell("created_at") else None
        for field, value in (*facts.items(), ("created_at", created), ("email", email)):
            if value is None:
                unknown[field] = self._why(field)
        verified = self._settings.email_verified if email else None
        if verified is None:
            unknown["email_verified"] = "not_offered"
        kind = self._words.kind(cell("kind", "")) if known else "unknown"
        if kind == "unknown":
            unknown["kind"] = self._why("kind")
        return Held(
            native_id=key,
            login=cell("login", "") or email or (key if known else ""),
            name=cell("name", ""),
            email=email,
            email_verified=verified,
            kind=kind,
            active=facts["active"],
            mfa=facts["mfa"],
            created_at=created,
            unknown=unknown,
            idp_id=cell("person", ""),
            external_id=cell("external_id", ""),
            owner=cell("owner", ""),
        )

    def _use(self, row: Row) -> LastUse:
        text = row.cells.get("last_used", "")
        if text and text.lower() in self._not_used and self._settings.observed_days:
            return LastUse(none_since=(self._as_of - timedelta(days=self._settings.observed_days)).date())
        return LastUse(at=self._words.moment(text)) if text else UNKNOWN_USE

    def _grant(self, row: Row, key: str, use: LastUse) -> bool:
        """Note what the row grants; False where every grant of it was there before."""
        cell = row.cells.get
        names = [cell("entitlement", "")] if "entitlement" in self._settings.columns else [self._settings.entitlement]
        if self._settings.split:
            names = [part.strip() for name in names for part in name.split(self._settings.split)]
        new = not any(names)
        granted = self._words.moment(cell("granted_at", "")) if cell("granted_at") else None
        via = cell("via", "") or "direct"
        for name in filter(None, names):
            right = self._right(row, name)
            new |= (key, right, via) not in self._grants
            self._grants.setdefault((key, right, via), Grant(key, right, via, granted, use))
        return new

    def _right(self, row: Row, name: str) -> str:
        cell = row.cells.get
        resource = cell("resource", "") or self._settings.resource or self._system
        key = cell("entitlement_id", "") or f"{resource}/{name}"
        privileged = self._words.fact(cell("privileged", ""))
        right = Right(key, resource, name, plain=cell("plain", ""), privileged=True if privileged else None)
        before = self._rights.setdefault(key, right)
        if before != right:
            self._twice.append(
                f"line {row.line}: the entitlement {key} stands in the file with two names, sentences or privileges. "
                "Mend the file."
            )
        return key

    def _differ(self, row: Row, key: str, facts: tuple[str, ...]) -> None:
        line, before = self._facts[key]
        fields = [f for f, a, b in zip(ONE_PER_ACCOUNT, before, facts, strict=True) if a != b]
        self._twice.append(
            f"The account {key} stands in lines {line} and {row.line} with different {', '.join(fields)}. Mend the file."
        )
