"""Text for Slack: outside text goes in escaped, cut and without invisible characters, or not at all.

`Mrkdwn` is a type of its own, so that a raw string in a block is a type error. Lengths count UTF-16 units, the larger
of the two readings of Slack's limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit


class Mrkdwn(str):
    """Text that is safe in a `mrkdwn` object: made by `mrkdwn`, `fill`, `weblink` or `when`, never by hand."""

    __slots__ = ()


_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def units(text: str) -> int:
    """The text's length in UTF-16 units; a lone surrogate counts as one."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """The text without control, bidirectional and zero-width characters; line breaks stay, other breaks become spaces."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\t", " "))


def writable(text: str) -> bool:
    """Whether a text can be kept: canonical JSON takes no lone surrogate, and a database no NUL."""
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)


def cut(text: str, limit: int) -> str:
    """The text within ``limit`` UTF-16 units, with an ellipsis where it was cut."""
    if units(text) <= limit:
        return text
    kept, used = [], 1
    for char in text:
        used += units(char)
        if used > limit:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def mrkdwn(text: str, limit: int = 600) -> Mrkdwn:
    """Outside text as inert mrkdwn: cleaned, cut before it is escaped, so that no entity is ever cut in half."""
    # Marks such as * or _ stay: they can only change how a word looks, and an id that is shown must be the exact id.
    return Mrkdwn(cut(clean(text), limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def fill(template: str, *values: str | int | None) -> Mrkdwn:
    """Our own sentence with values in its `{}`: Mrkdwn goes in as it is, everything else is made inert."""
    return Mrkdwn(
        template.format(*(v if isinstance(v, Mrkdwn) else mrkdwn("" if v is None else str(v)) for v in values))
    )


def joined(parts: Iterable[Mrkdwn], between: str = "\n") -> Mrkdwn:
    """Several texts as one; empty ones are left out."""
    return Mrkdwn(between.join(p for p in parts if p))


def weblink(url: str, words: str) -> Mrkdwn:
    """A link of our own making. Raises ValueError unless it is https, or http to this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError(f"links are https: {url}")
    target = quote(url, safe="/:?&=#%@+,;~!$'()*[]-._")
    return Mrkdwn(f"<{target}|{mrkdwn(words)}>")


def when(at: datetime) -> Mrkdwn:
    """An instant that each reader sees in their own time zone; UTC where the client cannot."""
    stamp = int(at.timestamp())
    return Mrkdwn(f"<!date^{stamp}^{{date_short_pretty}}, {{time}}|{utc(at)}>")


def day(at: datetime) -> Mrkdwn:
    """A day that each reader sees in their own time zone."""
    stamp = int(at.timestamp())
    return Mrkdwn(f"<!date^{stamp}^{{date_short_pretty}}|{at.astimezone(UTC):%-d %b %Y}>")


def utc(at: datetime) -> str:
    """`3 Oct 2026, 06:10 UTC`"""
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def count(number: int, one: str, many: str = "") -> str:
    """`1 line`, `1,200 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
