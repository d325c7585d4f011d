"""The public keys of the issuer of runs' tokens: fetched when a token names one that is not known, and never in a storm.

A fetch that fails, or brings no key, leaves the keys as they are: an outage of the issuer is none of ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx

from workflows.kernel.ports import Clock

COOL_DOWN = timedelta(seconds=60)
"""After a fetch an unknown key causes no other one for so long: bad tokens must not become requests."""
AFTER_FAILURE = timedelta(seconds=5)
"""The same while there are no keys at all."""
OLDEST = timedelta(days=1)
"""Keys are asked for again after so long, because one may have been withdrawn."""
LARGEST = 256 * 1024
SHORTEST = 342
"""Characters of base64url in a modulus of 2,048 bits, the fewest that RS256 may have (RFC 7518, 3.3)."""
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
WHOLE_SECONDS = 15.0
DESCRIPTION = "/.well-known/openid-configuration"


class KeysUnavailable(Exception):
    """The issuer's keys could not be had; nothing can be said of any token. The message says why, without addresses."""


@dataclass(frozen=True)
class Fetched:
    """The issuer's reply, byte for byte, and the usable keys in it by id."""

    raw: bytes
    keys: Mapping[str, Mapping[str, Any]]
    at: datetime


class KeyRing:
    """Keys of one issuer, shared by every thread of the process. ``clock`` is the one on the wall."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self.issuer = issuer
        self.fetches = 0
        self._clock = clock
        self._lock = Lock()
        self._fetched: Fetched | None = None
        self._tried: datetime | None = None

    def keys(self, kid: str) -> Fetched:
        """The keys, asked for once more where none of this id is known. Raises KeysUnavailable while there are none."""
        with self._lock:  # one request, however many wait for it
            now, held = self._clock.now(), self._fetched
            if held is not None and kid in held.keys and timedelta() <= now - held.at < OLDEST:
                return held
            wait = COOL_DOWN if held is not None else AFTER_FAILURE
            if self._tried is None or not timedelta() <= now - self._tried < wait:
                self._tried = now
                self._fetch(now)
            if self._fetched is None:
                raise KeysUnavailable("the issuer's keys cannot be had")
            return self._fetched

    def _fetch(self, now: datetime) -> None:
        self.fetches += 1
        try:
            raw = fetched(self.issuer)
            self._fetched = Fetched(raw, usable(raw), now)
        except KeysUnavailable:
            if self._fetched is None:
                raise


def fetched(issuer: str) -> bytes:
    """The issuer's list of keys, from where its own description says. Raises KeysUnavailable."""
    local = urlsplit(issuer).hostname in ("127.0.0.1", "localhost")
    try:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=not local) as client:
            described = json.loads(_read(client, f"{issuer}{DESCRIPTION}"))
            where = described.get("jwks_uri") if isinstance(described, dict) else None
            if not isinstance(where, str) or described.get("issuer") != issuer:
                raise KeysUnavailable("the issuer describes itself as another one")
            if urlsplit(where).scheme != "https" and not (
                local and urlsplit(where).hostname == urlsplit(issuer).hostname
            ):
                raise KeysUnavailable("the issuer's keys are not at an https address")
            return _read(client, where)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise KeysUnavailable(f"the issuer did not answer as it should ({type(error).__name__})") from error


def _read(client: httpx.Client, url: str) -> bytes:
    raw, ends = b"", time.monotonic() + WHOLE_SECONDS
    with client.stream("GET", url, headers={"accept": "application/json"}) as reply:
        if reply.status_code != 200:
            raise KeysUnavailable(f"the issuer answered {reply.status_code}")
        for part in reply.iter_bytes():
            raw += part
            if len(raw) > LARGEST or time.monotonic() > ends:
                raise KeysUnavailable("the issuer's answer is too long")
    return raw


def usable(raw: bytes) -> dict[str, dict[str, Any]]:
    """RSA keys for signatures, by id; one that has no id or is for something else is left out. Raises KeysUnavailable
    where none is left."""
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
