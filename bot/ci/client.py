"""A job of GitHub Actions as a client of Attester: it asks for a token of its run, and pushes or asks with it.

A token is for one request: whatever is sent again is sent with a new one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from bot.ci.ports import origin_of

TRIES = 3
LONGEST_PAUSE = 30.0
AGAIN = (429, 502, 503, 504)
TIMEOUT = httpx.Timeout(180.0, connect=15.0)
LOCAL = ("127.0.0.1", "localhost")


class PushFailed(Exception):
    """It was not done. ``lines`` say why, each a sentence with what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.lines = lines


class RunClient:
    """Speaks to one installation. ``url`` is its public address; the other two come from the job's environment."""

    def __init__(
        self, url: str, request_url: str, request_token: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        where = urlsplit(url)
        if not where.hostname or (where.scheme != "https" and where.hostname not in LOCAL):
            raise PushFailed(
                "Attester's address is no https address. Write https://HOST as ATTESTER_PUBLIC_URL or --url."
            )
        if not request_url or not request_token:
            raise PushFailed("The job may not ask for a token. Give it `permissions: id-token: write` in the workflow.")
        self._origin = origin_of(url)
        self._request_url = request_url
        self._request_token = request_token
        self._pause = pause
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=where.hostname not in LOCAL)

    def push(self, about: Mapping[str, str], files: Sequence[tuple[Mapping[str, Any], bytes]]) -> Mapping[str, Any]:
        """Bring files, all of them or none: the answer. Raises PushFailed."""
        named = [{**told, "sha256": hashlib.sha256(data).hexdigest()} for told, data in files]
        meta = json.dumps({**about, "files": named}).encode()
        form: list[tuple[str, Any]] = [("meta", ("meta.json", meta, "application/json"))]
        form += [("file", (f"file-{n}", data, "application/octet-stream")) for n, (_, data) in enumerate(files, 1)]
        return self._answered("POST", "/api/evidence", form)

    def exceptions(self, repository: str) -> Mapping[str, Any]:
        """The signed list of what is accepted, in its envelope. Raises PushFailed."""
        return self._answered("GET", f"/api/exceptions?repository={quote(repository, safe='/')}", None)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _answered(self, method: str, path: str, form: Any) -> Mapping[str, Any]:
        lines: tuple[str, ...] = ()
        for attempt in range(TRIES):
            headers = {"authorization": f"Bearer {self._token()}"}
            wait = 2.0
            try:
                reply = self._client.request(method, f"{self._origin}{path}", headers=headers, files=form)
            except httpx.HTTPError as error:
                lines = (f"Attester did not answer ({type(error).__name__}). Check the address, then run it again.",)
            else:
                if reply.status_code in (200, 201):
                    return _object(reply)
                lines = _lines(reply)
                if reply.status_code not in AGAIN:
                    raise PushFailed(*lines)
                asked = reply.headers.get("retry-after", "")
                wait = float(asked) if asked.isdigit() else wait
            if attempt < TRIES - 1:
                self._pause(min(wait, LONGEST_PAUSE))
        raise PushFailed(*lines)

    def _token(self) -> str:
        mark = "&" if "?" in self._request_url else "?"
        url = f"{self._request_url}{mark}audience={quote(self._origin, safe='')}"
        try:
            reply = self._client.get(url, headers={"authorization": f"Bearer {self._request_token}"})
            value = _object(reply).get("value") if reply.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PushFailed(f"GitHub gave no token ({type(error).__name__}). Run the job again.") from error
        if not isinstance(value, str) or not value:
            raise PushFailed(f"GitHub gave no token (status {reply.status_code}). Run the job again.")
        return value


def _object(reply: httpx.Response) -> Mapping[str, Any]:
    try:
        said = reply.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise PushFailed("The answer cannot be read. Check that the address is Attester's.")
    return said


def _lines(reply: httpx.Response) -> tuple[str, ...]:
    """What an answer says is wrong, a line each."""
    try:
        problems = reply.json()["problems"]
        return tuple(f"{p['why']} {p['next']}" for p in problems) or ("Nothing was stored.",)
    except (ValueError, KeyError, TypeError):
        return (f"Attester answered {reply.status_code}. Nothing was stored. Check that the address is Attester's.",)
