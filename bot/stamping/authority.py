"""The timestamp authority over HTTP: one request, ten seconds, and nothing believed that does not verify (RFC 3161 3.4)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import httpx
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from bot.stamping.token import AuthorityUnusable, Stamped, TokenRefused, Trust, judge, read_trust

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
SECONDS = 10.0
LARGEST = 64 * 1024
"""A token with a long chain has about 6 kB."""


class AuthorityAway(Exception):
    """The timestamp authority cannot be reached or did not answer in time; nothing else need be asked now."""


class Authority:
    """Asks one authority for tokens. Safe for many threads."""

    def __init__(self, url: str, trust: Trust, seconds: float = SECONDS) -> None:
        self.url = url
        self._trust = trust
        self._seconds = seconds
        # A redirect could lead anywhere, and a proxy of the environment is not part of the contract with the authority.
        self._client = httpx.Client(timeout=seconds, follow_redirects=False)

    def stamp(self, data: bytes) -> Stamped:
        """A verified token over the SHA-256 of ``data``. Raises AuthorityAway, TokenRefused; nothing is to be kept then."""
        request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        return judge(self._ask(request.as_bytes()), hashlib.sha256(data).digest(), request.nonce, self._trust)

    def judge(self, response: bytes, data: bytes) -> Stamped:
        """A token that is kept already, judged again. Raises TokenRefused."""
        return judge(response, hashlib.sha256(data).digest(), None, self._trust)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _ask(self, query: bytes) -> bytes:
        """The answer within the time: in a thread of its own, because a host that sends a byte now and then never ends."""
        answered: SimpleQueue[bytes | AuthorityAway | TokenRefused] = SimpleQueue()
        Thread(target=self._exchange, args=(query, answered), name="stamp", daemon=True).start()
        try:
            found = answered.get(timeout=self._seconds)
        except Empty:
            raise AuthorityAway(f"{self.url} did not answer within {self._seconds:g} s. It is tried again.") from None
        if isinstance(found, bytes):
            return found
        raise found

    def _exchange(self, query: bytes, answered: SimpleQueue[bytes | AuthorityAway | TokenRefused]) -> None:
        try:
            answered.put(self._post(query))
        except (AuthorityAway, TokenRefused) as failure:
            answered.put(failure)

    def _post(self, query: bytes) -> bytes:
        heads = {"content-type": QUERY, "accept": REPLY}
        answer = bytearray()
        try:
            with self._client.stream("POST", self.url, content=query, headers=heads) as response:
                for piece in response.iter_bytes():
                    answer += piece
                    if len(answer) > LARGEST:
                        raise TokenRefused(f"{self.url} answers with over {LARGEST:,} bytes. Look at ATTESTER_TSA_URL.")
        except httpx.HTTPError as error:
            raise AuthorityAway(
                f"The timestamp authority at {self.url} did not answer ({type(error).__name__}). It is tried again."
            ) from error
        self._check_answer(response)
        return bytes(answer)

    def _check_answer(self, response: httpx.Response) -> None:
        """An error page is an authority that is away, whatever it says."""
        if response.status_code != 200:
            raise AuthorityAway(f"The timestamp authority at {self.url} answered HTTP {response.status_code}.")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != REPLY:
            raise TokenRefused(f"{self.url} answered {kind[:60] or 'no type'}, not {REPLY}. Look at ATTESTER_TSA_URL.")


def open_authority(url: str, trust: Path) -> Authority:
    """The authority at ATTESTER_TSA_URL, trusted by the PEM file ATTESTER_TSA_CA. Raises AuthorityUnusable."""
    try:
        pem = trust.read_bytes()
    except OSError as error:
        raise AuthorityUnusable(
            f"ATTESTER_TSA_CA names {trust}: {error.strerror}. Name a readable PEM file."
        ) from error
    return Authority(url, read_trust(pem))
