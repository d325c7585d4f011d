"""How sure a sign-in makes us of a person, and what a token must say for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.kernel.model import Assurance

LEVELS: tuple[Assurance, ...] = ("slack", "slack+sso", "slack+sso+mfa")
SECOND_FACTOR = frozenset({"urn:okta:loa:2fa:any", "phr", "phrh"})
"""Okta's context classes that always mean two factors. One that ends in `ifpossible` may be one factor, so none does here."""

MAX_AGE = 300


@dataclass(frozen=True)
class Asked:
    """What a control asks of a sign-in. ``max_age`` is how many seconds before the click it may be; 0: after the click.

    ``acr`` are the context classes that count as a second factor. Raises ValueError for an empty set, which would let
    everybody through, for one that may be one factor, and for a level that no sign-in here reaches.
    """

    level: Assurance = "slack+sso"
    max_age: int = MAX_AGE
    acr: frozenset[str] = SECOND_FACTOR

    def __post_init__(self) -> None:
        if self.level not in ("slack+sso", "slack+sso+mfa"):
            raise ValueError(f"a sign-in does not reach the level {self.level}")
        if not self.acr or any(value.endswith("ifpossible") or not value for value in self.acr):
            raise ValueError("name context classes that always mean two factors")
        if not 0 <= self.max_age <= 86_400:
            raise ValueError("a sign-in may be 0 to 86,400 seconds old")

    @property
    def mfa(self) -> bool:
        """Whether a second factor is asked for."""
        return self.level == "slack+sso+mfa"

    def parameters(self) -> dict[str, str]:
        """What is asked of Okta. They can be taken out in the browser: only what the token says counts."""
        asked = {"max_age": str(self.max_age)}
        if self.mfa:
            preferred = "urn:okta:loa:2fa:any"
            asked["acr_values"] = preferred if preferred in self.acr else min(self.acr)
        return asked

    def reached(self, claims: Mapping[str, Any]) -> Assurance:
        """The level that these verified claims prove."""
        acr, amr = claims.get("acr"), claims.get("amr")
        second = (isinstance(acr, str) and acr in self.acr) or (isinstance(amr, list) and "mfa" in amr)
        return "slack+sso+mfa" if second else "slack+sso"


def at_least(reached: Assurance, wanted: Assurance) -> bool:
    """Whether one level is as high as another; a level of another kind is as high as none."""
    if reached not in LEVELS or wanted not in LEVELS:
        return False
    return LEVELS.index(reached) >= LEVELS.index(wanted)
