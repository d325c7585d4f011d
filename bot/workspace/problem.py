"""What is wrong with a payload, as Slack would name it: error, place, reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


def units(text: str) -> int:
    """The length of a text in UTF-16 units: of the two readings of Slack's limits, the one that refuses more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True)
class Problem:
    """One thing that Slack would refuse. ``pointer`` is a JSON pointer (`/blocks/0/text/text`), ``kind`` the type there."""

    error: str
    pointer: str
    kind: str
    reason: str

    @property
    def sentence(self) -> str:
        """Block and property, then the reason: what a developer needs to mend it."""
        return f"{self.kind or 'payload'}: {self.reason} [json-pointer:{self.pointer}]"


class SlackError(Exception):
    """An answer `{"ok": false, "error": …}`. ``more`` is merged into it (`response_metadata`, `needed`, …)."""

    def __init__(self, code: str, more: Json | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.more = more or {}

    def answer(self) -> Json:
        """The JSON body of the answer."""
        return {"ok": False, "error": self.code, **self.more}


def refuse(problems: list[Problem]) -> None:
    """Raise the first problem's error with all of them as `response_metadata.messages`; nothing where there is none."""
    if problems:
        named = [problem.sentence for problem in problems]
        messages = [f"[ERROR] {text}" for text in named]
        raise SlackError(problems[0].error, {"errors": named, "response_metadata": {"messages": messages}})
