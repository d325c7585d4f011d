"""GitHub's REST API as we use it: one host, no redirects, answers read whole and kept as they came."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, NoReturn
from urllib.parse import quote, urlsplit

import httpx

from bot.github.token import KeyUnusable, Tokens

MAX_BODY = 20_000_000
PAGES = 10
"""Of 100 rows each. What is longer is not read to its end, and whoever asks must take that for unknown."""
HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28", "user-agent": "attester"}
Trouble = Literal["later", "unsure", "failed"]


class GitHubFailed(Exception):
    """GitHub did not do it. `later`: busy, again after ``seconds``; `unsure`: it may have happened, or it is down;
    `failed`: it said no, with ``status``."""

    def __init__(self, kind: Trouble, why: str, *, seconds: float = 0.0, status: int = 0) -> None:
        super().__init__(why)
        self.kind: Trouble = kind
        self.seconds = seconds
        self.status = status


@dataclass(frozen=True)
class Answer:
    """A whole answer. ``raw`` are its exact bytes, ``said`` what they say, ``request_id`` is GitHub's name of the request."""

    status: int
    raw: bytes
    said: Any
    request_id: str = ""


@dataclass(frozen=True)
class Listed:
    """A list over several pages. ``whole`` is False where it was too long to be read to its end."""

    rows: Sequence[dict[str, Any]]
    raw: Sequence[bytes]
    whole: bool = True


def path(*segments: str) -> str:
    """A path of the API, each segment percent-encoded. Raises GitHubFailed for a segment that would lead elsewhere."""
    # A client resolves `..` before it asks: the address would be another one, and with DELETE another thing is gone.
    if any(s in ("", ".", "..") for s in segments):
        raise GitHubFailed("failed", "a name that is empty or only dots cannot be asked about")
    return "".join(f"/{quote(s, safe='')}" for s in segments)


def of(repository: str, *segments: str) -> str:
    """A path within a repository, `owner/name`."""
    return path("repos", *repository.split("/"), *segments)


class GitHub:
    """One API, as one App. Every method may raise GitHubFailed."""

    def __init__(self, api: str, tokens: Tokens) -> None:
        self.api = api.rstrip("/")
        self._tokens = tokens
        local = urlsplit(api).hostname in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.Client(
            follow_redirects=False,
            timeout=httpx.Timeout(10.0, connect=5.0),
            trust_env=not local,
            verify=_trust(),
            headers=HEADERS,
        )

    @property
    def host(self) -> str:
        """The API's host: the name of what waits for it in the outbox, and the source of its evidence."""
        return urlsplit(self.api).netloc

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def read(self, installation: str, where: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """The answer to a question; anything but 200 is a failure."""
        answer = self._as_installation(installation, "GET", where, parameters=parameters)
        if answer.status != 200:
            _refused(answer, where)
        return answer

    def rows(
        self, installation: str, where: str, field: str = "", parameters: Mapping[str, str] | None = None
    ) -> Listed:
        """All rows of a list, at most 1,000; ``field`` names the part of the answer that is the list."""
        found: list[dict[str, Any]] = []
        raw: list[bytes] = []
        for page in range(1, PAGES + 1):
            asked = {"per_page": "100", "page": str(page), **(parameters or {})}
            answer = self.read(installation, where, asked)
            part = answer.said.get(field) if field and isinstance(answer.said, dict) else answer.said
            if not isinstance(part, list) or not all(isinstance(row, dict) for row in part):
                raise GitHubFailed("failed", f"{where} is no list", status=answer.status)
            found += part
            raw.append(answer.raw)
            if len(part) < 100:
                return Listed(found, raw)
        return Listed(found, raw, whole=False)

    def post(self, installation: str, where: str, body: Mapping[str, Any]) -> Answer:
        """Say something; the answer is given back whatever its status, unless GitHub is busy or down."""
        return self.tell(installation, "POST", where, body)

    def tell(
        self,
        installation: str,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        where: str,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """The answer whatever its status, unless GitHub is busy or down."""
        return self._as_installation(installation, method, where, body=body)

    def as_app(self, where: str) -> Answer:
        """The answer to a question that the App asks for itself."""
        answer = self._once("GET", where, self._app_token())
        if answer.status != 200:
            _refused(answer, where)
        return answer

    def _as_installation(
        self,
        installation: str,
        method: str,
        where: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        for again in (True, False):
            try:
                token = self._tokens.installation(installation, self._exchange)
            except KeyUnusable as problem:
                raise GitHubFailed("failed", str(problem)) from problem
            answer = self._once(method, where, token, parameters=parameters, body=body)
            if answer.status != 401 or not again:
                return answer
            self._tokens.forget(installation)
        return answer

    def _app_token(self) -> str:
        try:
            return self._tokens.app()
        except KeyUnusable as problem:
            raise GitHubFailed("failed", str(problem)) from problem

    def _exchange(self, app: str, installation: str) -> tuple[str, datetime]:
        where = path("app", "installations", installation, "access_tokens")
        answer = self._once("POST", where, app)
        if answer.status != 201:
            _refused(answer, where)
        token, ends = answer.said.get("token"), answer.said.get("expires_at")
        if not isinstance(token, str) or not isinstance(ends, str):
            raise GitHubFailed("failed", "GitHub gave no token of the installation")
        try:
            return token, datetime.fromisoformat(ends)
        except ValueError:
            raise GitHubFailed("failed", "GitHub gave a token whose end cannot be read") from None

    def _once(
        self,
        method: str,
        where: str,
        token: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        # The address is ours to the letter: nothing that came in with a request ever decides where a token goes.
        headers = {"authorization": f"Bearer {token}"}
        try:
            with self._client.stream(
                method, f"{self.api}{where}", params=parameters, json=body, headers=headers
            ) as response:
                raw = bytearray()
                for part in response.iter_bytes():
                    raw += part
                    if len(raw) > MAX_BODY:
                        raise GitHubFailed("failed", f"{where} answered more than {MAX_BODY:,} bytes")
        except httpx.RequestError as error:
            raise GitHubFailed("unsure", f"GitHub could not be reached ({type(error).__name__})") from None
        _busy(response, where)
        named = response.headers.get("x-github-request-id", "")[:200]
        return Answer(response.status_code, bytes(raw), _said(bytes(raw)), named)


def _busy(response: httpx.Response, where: str) -> None:
    """Raise where GitHub asks us to wait, or is down: 429, a 403 with a pause, 5xx."""
    status = response.status_code
    pause = response.headers.get("retry-after", "")
    spent = response.headers.get("x-ratelimit-remaining") == "0"
    if status == 429 or (status == 403 and (pause or spent)):
        seconds = float(pause) if pause.isascii() and pause.isdigit() and len(pause) < 6 else 60.0
        raise GitHubFailed("later", f"{where} answered {status}", seconds=seconds, status=status)
    if status >= 500:
        raise GitHubFailed("unsure", f"{where} answered {status}", status=status)


def _said(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        return {}


def _refused(answer: Answer, where: str) -> NoReturn:
    said = answer.said.get("message", "") if isinstance(answer.said, dict) else ""
    why = f"{where} answered {answer.status}: {str(said)[:200]}"
    raise GitHubFailed("failed", why, status=answer.status)


@cache
def _trust() -> ssl.SSLContext:
    """Whom we trust; reading the list takes longer than many answers."""
    return httpx.create_ssl_context()
