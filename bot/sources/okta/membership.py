"""Adding somebody to one Okta group, and taking them out again. The one place that writes to Okta."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from bot.sources.http import asked_pause, client_for
from bot.sources.okta.connector import origin
from workflows.kernel.granting import NotNow, Said, Unwilling, said

MOST_BODY = 20_000
PAUSE = 60.0


class OktaGroup:
    """One group of one organisation. ``token`` belongs to somebody with the role Group Membership Administrator for this
    group. Raises SourceFailed for an address that a token must not go to."""

    def __init__(self, base_url: str, token: str, group: str, now: Callable[[], datetime]) -> None:
        self._base = origin(base_url)
        self._headers = {"Authorization": f"SSWS {token}", "Accept": "application/json"}
        self._group = group
        self._now = now

    def add(self, member: str) -> Said:
        """Have a user in the group, by id. Raises NotNow, Unwilling."""
        return self._ask("PUT", member)

    def remove(self, member: str) -> Said:
        """Have a user out of the group. Okta says the same whether they were in it. Raises NotNow, Unwilling."""
        return self._ask("DELETE", member)

    def look(self) -> str:
        """The group's name, where it is one whose members can be changed. Raises NotNow, Unwilling."""
        status, _, body = self._call("GET", self._path())
        if status != 200:
            raise Unwilling(_why(status, body), ours=True)
        found = _read(body)
        profile = found.get("profile")
        name = str(profile.get("name", "")) if isinstance(profile, dict) else ""
        if found.get("type") != "OKTA_GROUP":
            raise Unwilling(f"The members of {name or self._group} are not Okta's to change.", ours=True)
        return name

    def _ask(self, method: str, member: str) -> Said:
        if member in ("", ".", ".."):
            # A client resolves `..` before it asks: with DELETE the whole group would be gone.
            raise Unwilling("An account whose id is empty or only dots cannot be asked about.")
        path = self._path("users", member)
        status, headers, body = self._call(method, path)
        if status != 204:
            raise Unwilling(_why(status, body), ours=status in (401, 403))
        named = headers.get("x-okta-request-id", "")
        return said(self._base, f"{method} {path}", status, named[:200], self._now())

    def _path(self, *rest: str) -> str:
        return "/api/v1/groups/" + "/".join(quote(part, safe="") for part in (self._group, *rest))

    def _call(self, method: str, path: str) -> tuple[int, httpx.Headers, bytes]:
        try:
            with (
                client_for(self._base) as client,
                client.stream(method, f"{self._base}{path}", headers=self._headers) as answer,
            ):
                body = _start(answer)
        except httpx.RequestError as error:
            raise NotNow(f"Okta could not be reached ({type(error).__name__})", PAUSE) from None
        status = answer.status_code
        if status == 429 or status >= 500:
            asked = asked_pause(answer.headers)
            raise NotNow(f"Okta answered {status}", PAUSE if asked is None else asked)
        return status, answer.headers, body


def _start(answer: httpx.Response) -> bytes:
    """The start of a body: enough for the sentence in it."""
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > MOST_BODY:
            break
    return bytes(body)


def _why(status: int, body: bytes) -> str:
    said_by_okta = _sentence(body)
    if status == 401:
        return f"Okta refused the token{said_by_okta}."
    if status == 403:
        return f"Okta does not let the token change this group{said_by_okta}."
    if status == 404:
        return f"Okta knows no such group or user{said_by_okta}."
    return f"Okta answered {status}{said_by_okta}."


def _sentence(body: bytes) -> str:
    """Okta's own words for it; the causes say more than the summary."""
    found = _read(body)
    causes = found.get("errorCauses")
    rows = [*(causes if isinstance(causes, list) else []), found]
    words = [row.get("errorSummary") for row in rows if isinstance(row, dict)]
    text = next((w for w in words if isinstance(w, str) and w), "")
    return f" (“{text[:200]}”)" if text else ""


def _read(body: bytes) -> dict[str, Any]:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
