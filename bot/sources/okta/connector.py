"""Asking Okta: which lists, in which order, and what its refusals mean (identity page, section 4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from bot.sources.certified import Collected
from bot.sources.gather import Gathered
from bot.sources.http import MAX_PAGES, ListReader, Row, Stopped, Vendor, client_for, http_date
from bot.sources.okta.read import ENVELOPES, read
from bot.sources.raw import RawWriter, read_raw
from bot.sources.settings import OktaSettings
from workflows.kernel.ports import SourceFailed

EVERYBODY = 'lastUpdated gt "1970-01-01T00:00:00.000Z"'
"""Without a filter Okta leaves deprovisioned users out, and leavers are whom a review is about."""

LEAN = "application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"
LIMITS = {"apps": 100, "users": 600, "groups": 500, "logs": 120}
OTHER_LIMIT = 1_200


class OktaConnector:
    """One Okta organisation, read only. ``token`` is an API token of a read-only administrator."""

    people_only: bool

    def __init__(
        self,
        settings: OktaSettings,
        base_url: str,
        token: str,
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
        progress: Callable[[str], None],
        max_pages: int = MAX_PAGES,
    ) -> None:
        self._settings = settings
        self._base = origin(base_url)
        self._now = now
        self._wait = wait
        self._progress = progress
        self._max_pages = max_pages
        self.host = self._base
        # A digest tells which token it was and opens nothing.
        self.credential = f"API token, its SHA-256 starts with {hashlib.sha256(token.encode()).hexdigest()[:16]}"
        self.people_only = not settings.reviews
        self._vendor = Vendor(
            name="Okta",
            headers={"Authorization": f"SSWS {token}", "Accept": "application/json", "Content-Type": LEAN},
            limit=limit,
            refusal=refusal,
            envelope=ENVELOPES,
        )

    def probe(self) -> str:
        """Who the token is, and that it may list users. Raises SourceFailed."""
        try:
            with client_for(self._base) as client:
                found = client.get(f"{self._base}/api/v1/users/me", headers=self._vendor.headers)
                listed = client.get(f"{self._base}/api/v1/users?limit=1", headers=self._vendor.headers)
        except httpx.RequestError as error:
            raise SourceFailed(
                f"{self._base} does not answer ({type(error).__name__}). Check OKTA_CLIENT_ORGURL."
            ) from error
        for answer in (listed, found):
            if answer.status_code == 401 or (answer is listed and answer.status_code != 200):
                raise SourceFailed(refusal(answer.status_code, "users", answer.content)[0])
        drift = abs((self._now() - _server_time(listed, self._now())).total_seconds())
        clock = f" Its clock and ours differ by {drift:.0f} s." if drift > 60 else ""
        return f"{self._base} answers; the token belongs to {_login(found)} and may list users.{clock}"

    def collect(self, path: Path) -> Collected:
        """Every list into the raw file. A list that cannot be read is a reason; some reasons end the pull."""
        reasons: list[str] = []
        with RawWriter(path) as raw, client_for(self._base) as client:
            reader = ListReader(
                self._vendor,
                client,
                raw,
                now=self._now,
                wait=self._wait,
                progress=self._progress,
                max_pages=self._max_pages,
            )
            try:
                self._read_all(reader, reasons)
            except Stopped as error:
                reasons.append(str(error))
            digest = raw.content_sha256
        return Collected(digest, retries=reader.retries, reasons=tuple(dict.fromkeys(reasons)))

    def read(self, path: Path, as_of: datetime) -> Gathered:
        """What the raw file says."""
        return read(read_raw(path), self._settings, self._base, as_of)

    def _read_all(self, reader: ListReader, reasons: list[str]) -> None:
        def take(stream: str, path: str, part: str = "") -> list[str]:
            """Ids of the rows; a list that we may not read is noted, and the others are still read."""
            try:
                return [row["id"] for row in reader.rows(stream, f"{self._base}/api/v1{path}", part) if _has_id(row)]
            except Stopped as error:
                if error.everything:
                    raise
                reasons.append(str(error))
                return []

        wanted = self._settings.reviews
        take("users", f"/users?limit=200&filter={quote(EVERYBODY)}")
        began = reader.server_time or self._now()
        if "groups" in wanted or ("apps" in wanted and self._settings.expand_groups):
            for group in take("groups", "/groups?limit=200&expand=stats"):
                take("group_users", f"/groups/{quote(group, safe='')}/users?limit=200", group)
        if "apps" in wanted:
            for app in take("apps", "/apps?limit=200"):
                take("app_users", f"/apps/{quote(app, safe='')}/users?limit=500", app)
                take("app_groups", f"/apps/{quote(app, safe='')}/groups?limit=200", app)
        if "admin_roles" in wanted:
            for admin in dict.fromkeys(take("admins", "/iam/assignees/users?limit=100")):
                take("admin_roles", f"/users/{quote(admin, safe='')}/roles", admin)
        # A pull is not an instant: whoever changed while it ran is read once more.
        since = began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        take("users_changed", f"/users?limit=200&filter={quote(f'lastUpdated gt {json.dumps(since)}')}")


def origin(url: str) -> str:
    """The scheme and host of an organisation's address. Raises SourceFailed for what a token must not be sent to."""
    parts = urlsplit(url.strip())
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or parts.username is not None or parts.path.strip("/") or parts.query:
        raise SourceFailed(
            f"{url!r} is no address of an Okta organisation. Write https://YOURS.okta.com and nothing behind it."
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise SourceFailed(
            f"{url!r} is not https, and a token must not travel in the clear. Write https://{parts.hostname}."
        )
    return f"{parts.scheme}://{parts.netloc}"


def limit(path: str) -> tuple[str, int]:
    """The bucket of a path and Okta's documented limit a minute; everything under /apps shares one."""
    first = path.removeprefix("/api/v1/").partition("/")[0]
    return (first, LIMITS[first]) if first in LIMITS else ("other", OTHER_LIMIT)


def refusal(status: int, stream: str, body: bytes) -> tuple[str, bool]:
    """What an answer that is not 200 means, with how to mend it; and whether the whole pull ends with it."""
    said = _summary(body)
    if status == 401:
        return (
            f"{stream}: Okta refused the token{said}. A token ends 30 days after its last use, or with its creator. Make a "
            "new one as a read-only administrator and set OKTA_CLIENT_TOKEN."
        ), True
    if status == 403:
        return (
            f"{stream}: the token may not read this list{said}. Give its owner the role Read-only Administrator, or leave "
            "the list out of reviews in sources.yaml."
        ), False
    if 300 <= status < 400:
        return (
            f"{stream}: Okta answered with a redirect ({status}), which is not followed. Check OKTA_CLIENT_ORGURL.",
            True,
        )
    if status == 404:
        return f"{stream}: Okta knows no such list (404){said}. It may have gone while it was read: pull again.", False
    return (
        f"{stream}: Okta answered {status}{said}. Pull again; if it stays so, ask Okta's support with this sentence.",
        False,
    )


def _summary(body: bytes) -> str:
    """Okta's own short word for it, if it gave one."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    text = found.get("errorSummary") if isinstance(found, dict) else None
    return f" (“{text[:120]}”)" if isinstance(text, str) and text else ""


def _has_id(row: Row) -> bool:
    return isinstance(row.get("id"), str) and bool(row["id"])


def _server_time(answer: httpx.Response, otherwise: datetime) -> datetime:
    return http_date(answer.headers.get("date", "")) or otherwise


def _login(answer: httpx.Response) -> str:
    try:
        found: Any = answer.json()
        return str(found["profile"]["login"])
    except (ValueError, KeyError, TypeError):
        return "somebody it does not name"
