"""An instance of any event class, made from its annotations alone: events that no named history tells are covered too."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from workflows.kernel.model import Event

DAY = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
TEXTS = (
    "Ravi still deploys the shop every week.",
    "Nicht mehr nötig: Straße, Größe, Œuvre",
    "🔐👩🏽‍🚒 keep 🇩🇪 until 2027 🏳️‍🌈",
    "\u202eexe.png\u202c and \u200bzero width, e\u0301 against é",
    "הגישה הזו עדיין נחוצה, עד סוף הרבעון",
    "هذا الوصول لم يعد مطلوبًا",
    "Tom <!channel> <https://evil.example|Approve> <@U0EVIL> & =HYPERLINK(1)",
    'tab\tnew line\nquote " backslash \\ slash / nul-free \x01\x1f',
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 beyond the first plane \U0010fffd",
    "A long reason, as somebody types who has had enough of reviews. " * 40,
)
DIGESTS = ("sha256", "digest", "previous", "program", "shown", "attestation")
NOT_TYPED = frozenset({"id", "case", "review", "collection", *DIGESTS})
LARGEST = 2**53 - 1


class Specimens:
    """Makes values. ``digests`` makes every text a SHA-256: for classes that take nothing else."""

    def __init__(self, seed: int, *, digests: bool = False) -> None:
        self._random = Random(seed)
        self._digests = digests

    def of(self, kind: type[Event]) -> Event:
        """An event of this class. Raises ValueError where the class refuses what its annotations allow."""
        return kind.model_validate(self._model(kind))

    def retold(self, event: Event) -> Event:
        """The same event with what people typed in other words, as far as its class takes them."""
        for name, value in event:
            if isinstance(value, str) and name not in NOT_TYPED:
                changed = {**event.model_dump(mode="json"), name: self._random.choice(TEXTS)}
                try:
                    event = type(event).model_validate(changed)
                except ValueError:
                    continue
        return event

    def _model(self, kind: type[BaseModel]) -> dict[str, Any]:
        return {name: self._value(field.annotation, name) for name, field in kind.model_fields.items()}

    def _value(self, annotation: Any, name: str) -> Any:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Literal:
            return self._random.choice(arguments)
        if origin in (Union, UnionType):
            return self._value(self._random.choice([a for a in arguments if a is not NoneType]), name)
        if hasattr(annotation, "__metadata__"):
            return self._value(arguments[0], name)
        if hasattr(annotation, "__value__"):
            return self._value(annotation.__value__, name)
        if origin is tuple and arguments[-1:] != (Ellipsis,):
            return tuple(self._value(a, name) for a in arguments)
        if origin in (tuple, list, set, frozenset):
            return [self._value(arguments[0], name) for _ in range(self._random.randint(1, 3))]
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {self._value(arguments[0], name): self._value(arguments[1], name)}
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self._model(annotation)
        return self._plain(annotation, name)

    def _plain(self, annotation: Any, name: str) -> Any:
        if annotation is bool:
            return self._random.random() < 0.5
        if annotation is int:
            return self._random.choice([0, 1, 7, 1_000_000, LARGEST])
        if annotation in (datetime, AwareDatetime):
            return DAY + timedelta(
                seconds=self._random.randint(0, 10**7), microseconds=self._random.randint(0, 999_999)
            )
        if annotation is date:
            return date(2026, 1, 1) + timedelta(days=self._random.randint(0, 700))
        if annotation is timedelta:
            return timedelta(days=self._random.randint(1, 90))
        if annotation is NoneType:
            return None
        text = self._random.choice(TEXTS)
        named = name == "id" or any(word in name for word in DIGESTS)
        return hashlib.sha256(text.encode()).hexdigest() if self._digests or named else text
