"""Reading Markdown pages as their readers do: links, headings, blocks of code, first cells of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FENCE = re.compile(r"^( *)```([a-z]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| `([^`]+)`", re.MULTILINE)


class Block(NamedTuple):
    """A block of code: its language and its text, without the indentation of the list it stands in."""

    language: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    for indent, language, text in FENCE.findall(page):
        yield Block(language, "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True)))


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", page)


def links(page: str) -> list[str]:
    """Targets of links, outside code."""
    return LINK.findall(CODE.sub("", prose(page)))


def anchors(page: str) -> set[str]:
    """What a link may name behind `#`: headings as GitHub spells them."""
    return {slug(heading) for heading in HEADING.findall(prose(page))}


def slug(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return plain.replace(" ", "-")


def first_cells(page: str) -> list[str]:
    """The code in the first cell of every table row."""
    return ROW.findall(page)


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    start = page.index(heading + "\n") + len(heading)
    rest = page[start:]
    end = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
