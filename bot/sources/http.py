"""Reading lists over HTTP: paced, patient with a busy server, and stopped by anything that is no list."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.sources.paging import WrongWay, next_link, resolved
from bot.sources.raw import RawWriter

TRIES = 8
PAGE_SECONDS = 120.0
MAX_BODY = 50_000_000
MAX_PAGES = 100_000
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
ANSWER_SECONDS = 300.0
LOW = 0.2

Row = dict[str, Any]


class Stopped(Exception):
    """A list could not be read to its end; the message says why and what to do. ``everything``: the pull ends here too."""

    def __init__(self, why: str, *, everything: bool) -> None:
        super().__init__(why)
        self.everything = everything


@dataclass(frozen=True)
class Vendor:
    """What differs from vendor to vendor: how it is called, its limits a minute by path, and its refusals in words.

    ``envelope`` names, for a stream, the field of an answer that is not itself the list.
    """

    name: str
    headers: Mapping[str, str]
    limit: Callable[[str], tuple[str, int]]
    refusal: Callable[[int, str, bytes], tuple[str, bool]]
    envelope: Mapping[str, str]


@dataclass
class Pace:
    """When a bucket of calls may be used again: half of its limit, slower when little is left of it."""

    interval: float
    last: float | None = None


@dataclass(frozen=True)
class Answer:
    """A whole answer, read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes


class ListReader:
    """Reads lists page by page into a raw file. Nothing is redirected; a token goes to one host only."""

    def __init__(
        self,
        vendor: Vendor,
        client: httpx.Client,
        raw: RawWriter,
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
        progress: Callable[[str], None],
        max_pages: int = MAX_PAGES,
    ) -> None:
        self._vendor = vendor
        self._client = client
        self._raw = raw
        self._now = now
        self._wait = wait
        self._progress = progress
        self._max_pages = max_pages
        self._paces: dict[str, Pace] = {}
        self.retries = 0
        self.server_time: datetime | None = None

    def rows(self, stream: str, url: str, part: str = "") -> Iterator[Row]:
        """Every row of a list. Raises Stopped where it cannot be read to its end."""
        seen: set[str] = set()
        count = 0
        here: str | None = url
        while here is not None:
            if here in seen:
                raise Stopped(
                    f"{stream}: the pages run in a circle. Pull again; if it stays so, ask {self._vendor.name}.",
                    everything=False,
                )
            if len(seen) >= self._max_pages:
                raise Stopped(
                    f"{stream}: more than {self._max_pages:,} pages. This cannot be right; nothing more was read.",
                    everything=False,
                )
            seen.add(here)
            found, here = self._page(stream, part, here)
            count += len(found)
            self._progress(f"{stream}: {count:,} rows, {len(seen):,} pages{f' of {part}' if part else ''}")
            yield from found

    def _page(self, stream: str, part: str, url: str) -> tuple[list[Row], str | None]:
        answer = self._get(stream, part, url)
        if answer.status != 200:
            why, everything = self._vendor.refusal(answer.status, stream, answer.body)
            self._keep(stream, part, url, answer, 0)
            raise Stopped(why, everything=everything)
        found, problem = list_in(answer.body, self._vendor.envelope.get(stream))
        self._keep(stream, part, url, answer, len(found))
        if problem:
            kind = answer.headers.get("content-type", "no content type")[:60]
            raise Stopped(
                f"{stream}: {self._vendor.name} answered 200, but {problem} ({kind}). "
                "Look at the address of the API, then pull again.",
                everything=True,
            )
        try:
            return found, after(answer.body, answer.headers.get("link", ""), url, self._vendor.envelope.get(stream))
        except WrongWay as error:
            raise Stopped(f"{stream}: {error}. The token was not sent there.", everything=True) from error

    def _get(self, stream: str, part: str, url: str) -> Answer:
        """One answer that is neither 429 nor 5xx. Raises Stopped when patience ends."""
        spent, last = 0.0, ""
        for attempt in range(TRIES):
            self._slow_down(url)
            try:
                answer = self._once(stream, url)
            except httpx.RequestError as error:
                last = f"the connection failed ({type(error).__name__})"
                pause = _backoff(attempt)
            else:
                self._learn(url, answer)
                if answer.status != 429 and answer.status < 500:
                    return answer
                self._keep(stream, part, url, answer, 0)
                last = f"it answered {answer.status}"
                asked = asked_pause(answer.headers) if answer.status in (429, 503) else None
                pause = asked if asked is not None else _backoff(attempt)
            if attempt + 1 == TRIES or spent + pause > PAGE_SECONDS:
                break
            self.retries += 1
            spent += pause
            self._progress(f"{stream}: {last}; waiting {pause:.0f} s")
            self._wait(pause)
        raise Stopped(
            f"{stream}: {self._vendor.name} could not be read: {last}, {attempt + 1} times. Pull again later.",
            everything=True,
        )

    def _once(self, stream: str, url: str) -> Answer:
        body = bytearray()
        began = monotonic()
        with self._client.stream("GET", url, headers=self._vendor.headers) as response:
            for chunk in response.iter_bytes():
                body += chunk
                # A server that sends a byte now and then never runs into the time-out of a read.
                if monotonic() - began > ANSWER_SECONDS:
                    raise Stopped(
                        f"{stream}: one answer took more than {ANSWER_SECONDS:.0f} s. Pull again later.",
                        everything=True,
                    )
                if len(body) > MAX_BODY:
                    raise Stopped(
                        f"{stream}: one answer has more than {MAX_BODY:,} bytes. Nothing more was read.",
                        everything=True,
                    )
            return Answer(response.status_code, response.headers, bytes(body))

    def _keep(self, stream: str, part: str, url: str, answer: Answer, rows: int) -> None:
        self._raw.add(stream, part, url, answer.status, rows, answer.headers, answer.body, self._now())

    def _slow_down(self, url: str) -> None:
        name, limit = self._vendor.limit(urlsplit(url).path)
        pace = self._paces.setdefault(name, Pace(interval=2 * 60 / limit))
        if pace.last is not None and (early := pace.last + pace.interval - monotonic()) > 0:
            self._wait(early)
        pace.last = monotonic()

    def _learn(self, url: str, answer: Answer) -> None:
        """The server's clock, and how much of its limit is left."""
        self.server_time = self.server_time or http_date(answer.headers.get("date", ""))
        limit = _number(answer.headers, "x-rate-limit-limit")
        left = _number(answer.headers, "x-rate-limit-remaining")
        if limit is None or left is None or limit <= 0:
            return
        pace = self._paces[self._vendor.limit(urlsplit(url).path)[0]]
        pace.interval = 2 * 60 / limit
        until = until_reset(answer.headers)
        if left < limit * LOW and until is not None:
            pace.interval = max(pace.interval, min(until / max(left, 1.0), PAGE_SECONDS))


def list_in(body: bytes, envelope: str | None) -> tuple[list[Row], str]:
    """The rows in an answer, and what is wrong with it (empty when nothing is)."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return [], "the answer is no JSON"
    if envelope is not None:
        found = found.get(envelope) if isinstance(found, dict) else None
    if not isinstance(found, list):
        return [], "the answer is no list"
    if not all(isinstance(row, dict) for row in found):
        return [], "the list holds something that is no row"
    return found, ""


def after(body: bytes, link: str, url: str, envelope: str | None) -> str | None:
    """The page after this one: by the `Link` headers, or by `_links.next.href` of an envelope. Raises WrongWay."""
    if envelope is None:
        return next_link(link, url)
    links = json.loads(body).get("_links")
    step = links.get("next") if isinstance(links, dict) else None
    target = step.get("href") if isinstance(step, dict) else None
    return resolved(target, url) if isinstance(target, str) and target else None


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """How long the server asks us to wait: `Retry-After`, else its reset time; by its own clock, not ours."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(min(int(said[:9]), 1_000_000))
    then, date = http_date(said), http_date(headers.get("date", ""))
    if then is not None and date is not None:
        return max(0.0, (then - date).total_seconds()) + 1
    return until_reset(headers)


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds from the server's `Date` to its `X-Rate-Limit-Reset`, and one more."""
    reset, date = _number(headers, "x-rate-limit-reset"), http_date(headers.get("date", ""))
    return None if reset is None or date is None else max(0.0, reset - date.timestamp()) + 1


def http_date(text: str) -> datetime | None:
    """A date of HTTP, aware; None for anything else."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(headers: Mapping[str, str], name: str) -> float | None:
    said = headers.get(name, "").strip()
    return float(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


def _backoff(attempt: int) -> float:
    """0.5 s, doubling, with up to half of it again by chance, so that many workers do not come back together."""
    base = min(0.5 * 2.0**attempt, 30.0)
    return base * (1 + secrets.randbelow(500) / 1_000)


@cache
def _trust() -> ssl.SSLContext:
    """Whom we trust; reading the list takes longer than many answers."""
    return httpx.create_ssl_context()


def client_for(base_url: str) -> httpx.Client:
    """An HTTP client that follows no redirect; the environment's proxies are used for other machines only."""
    local = urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1")
    return httpx.Client(
        follow_redirects=False,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        trust_env=not local,
        verify=_trust(),
    )
