"""Tokens of the GitHub App: a signed claim to be the App, and short-lived tokens of its installations. Never logged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

import jwt

from workflows.kernel.ports import Clock

BEFORE = timedelta(seconds=60)
"""GitHub's clock may be behind ours; it says so in its guide to App tokens."""
LIFE = timedelta(minutes=9)
"""GitHub takes at most 10 minutes."""
SPARE = timedelta(minutes=5)

Exchange = Callable[[str, str], tuple[str, datetime]]
"""(App token, installation) → (installation token, when it ends)."""


class KeyUnusable(Exception):
    """GITHUB_APP_PRIVATE_KEY is no RSA key: copy the PEM file that GitHub gave once more."""


class Tokens:
    """Tokens of one App, kept until shortly before they end. ``wall`` is the clock on the wall: GitHub compares with its own."""

    def __init__(self, app: str, key: str, wall: Clock) -> None:
        self._app = app
        self._key = key
        self._wall = wall
        self._held: dict[str, tuple[str, datetime]] = {}
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Tokens(app={self._app})"

    def app(self) -> str:
        """A token that says that we are the App (RS256). Raises KeyUnusable."""
        now = self._wall.now()
        claims = {"iat": int((now - BEFORE).timestamp()), "exp": int((now + LIFE).timestamp()), "iss": self._app}
        try:
            return jwt.encode(claims, self._key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise KeyUnusable("GITHUB_APP_PRIVATE_KEY cannot sign. Copy the App's PEM file once more.") from None

    def installation(self, installation: str, exchange: Exchange) -> str:
        """A token of an installation: the one at hand, else a new one."""
        with self._lock:
            held = self._held.get(installation)
        if held is not None and held[1] - SPARE > self._wall.now():
            return held[0]
        fresh = exchange(self.app(), installation)
        with self._lock:
            self._held[installation] = fresh
        return fresh[0]

    def forget(self, installation: str) -> None:
        """Drop a token that GitHub does not take any more."""
        with self._lock:
            self._held.pop(installation, None)
