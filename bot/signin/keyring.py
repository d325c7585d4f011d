"""The issuer's public keys: fetched when needed, kept for an hour, and never asked for in a storm.

What Okta's library does by itself is not enough: it ignores the HTTP status, so that the body of a 429
counts as keys for two minutes, and asks again for every unknown key id, so that bad tokens become requests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import anyio
import httpx

from workflows.kernel.ports import Clock

TTL = timedelta(hours=1)
COOL_DOWN = timedelta(seconds=30)
"""After a fetch, an unknown key id causes no other one for so long: a key rotated in that time is refused until then."""
AFTER_FAILURE = timedelta(seconds=5)
LARGEST = 256 * 1024
SHORTEST = 342
"""Characters of base64url in a modulus of 2,048 bits, the fewest that RS256 may have (RFC 7518, 3.3)."""
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
WHOLE_SECONDS = 15.0


class KeysUnavailable(Exception):
    """The issuer's keys could not be had; nothing can be said of any token. The message says why, without addresses."""


@dataclass(frozen=True)
class Fetched:
    """The issuer's reply, byte for byte, and the usable keys in it by id."""

    raw: bytes
    keys: dict[str, dict[str, Any]]
    at: datetime


class KeyRing:
    """Keys of one issuer, shared by every check of the process. ``url`` is where the library says that they are."""

    def __init__(self, url: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url
        self.requests = 0
        self._clock = clock
        self._transport = transport
        self._lock = anyio.Lock()
        self._fetched: Fetched | None = None
        self._failed: tuple[datetime, str] | None = None

    async def keys(self, *, unknown_key: bool = False) -> Fetched:
        """The keys as of at most an hour ago; ``unknown_key``: as of now, unless they are younger than 30 s.

        Raises KeysUnavailable; keys that are older than an hour are not used then, because one may have been withdrawn.
        """
        async with self._lock:  # one request, however many wait for it
            now = self._clock.now()
            if self._fetched is not None:
                age = now - self._fetched.at
                if timedelta() <= age < (COOL_DOWN if unknown_key else TTL):
                    return self._fetched
            if self._failed is not None and timedelta() <= now - self._failed[0] < AFTER_FAILURE:
                raise KeysUnavailable(self._failed[1])
            try:
                self._fetched = Fetched(*await self._fetch(), at=now)
            except KeysUnavailable as failure:
                self._failed = (now, str(failure))
                raise
            self._failed = None
            return self._fetched

    async def _fetch(self) -> tuple[bytes, dict[str, dict[str, Any]]]:
        self.requests += 1
        try:
            with anyio.fail_after(WHOLE_SECONDS):  # the library's limits are for each read: a trickle has none
                return await self._read()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise KeysUnavailable(f"the address of the keys did not answer ({type(error).__name__})") from error

    async def _read(self) -> tuple[bytes, dict[str, dict[str, Any]]]:
        raw = b""
        async with (
            httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT, follow_redirects=False) as client,
            client.stream("GET", self.url, headers={"accept": "application/json"}) as reply,
        ):
            if reply.status_code != 200:
                raise KeysUnavailable(f"the address of the keys answered {reply.status_code}")
            async for part in reply.aiter_bytes():
                raw += part
                if len(raw) > LARGEST:
                    raise KeysUnavailable("the list of keys is too long")
        return raw, _usable(raw)


def _usable(raw: bytes) -> dict[str, dict[str, Any]]:
    """RSA keys for signatures, by id; one that has no id or is for something else is left out."""
    try:
        listed = json.loads(raw)["keys"]
        found = {
            key["kid"]: key
            for key in listed
            if isinstance(key, dict)
            and isinstance(key.get("kid"), str)
            and key.get("kty") == "RSA"
            and key.get("use", "sig") == "sig"
            and key.get("alg", "RS256") == "RS256"
            and len(str(key.get("n", ""))) >= SHORTEST
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KeysUnavailable("what stands at the address of the keys is no list of keys") from error
    if not found:
        raise KeysUnavailable("the list of keys has none that signs with RS256")
    return found
