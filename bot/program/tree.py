"""YAML 1.2 text → a tree that knows its lines; everything wrong with the text is collected, not only the first thing.

ruamel.yaml gives the events; which value a plain word means (core schema, YAML 1.2 section 10.3) is decided here, so
that `no` stays a word and a repeated key cannot win silently. Anchors, aliases and tags are refused: they make a file
mean more than it shows, and a few lines of aliases can unfold to gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from bot.program.problem import Problem, quoted
from bot.program.secret import secret_in

MAX_DEPTH = 20
MAX_VALUES = 20_000
MAX_OF_A_KIND = 20
SAFE_INTEGER = 2**53 - 1

_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
# Text that is displayed otherwise than it is stored: controls, zero-width, bidirectional overrides, byte order marks.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)

Loc = tuple[int | str, ...]


@dataclass
class Node:
    """A value and where it stands. ``value`` is a scalar, a list of nodes or a dict from key to node.

    ``keys`` holds the place of each key, ``written`` the text of a scalar; ``broken`` nodes were refused already.
    """

    line: int
    column: int
    value: Any = None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    broken: bool = False
    written: str = ""

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def get(self, key: str | int) -> Node | None:
        """The node under a key or at an index, or None."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and isinstance(key, int) and key < len(self.value):
            return self.value[key]  # type: ignore[no-any-return]
        return None

    def find(self, loc: Iterable[int | str]) -> tuple[Node, tuple[int, int], bool]:
        """The deepest node along ``loc``, the place to point at, and whether the way led through a broken node.

        Steps that are not in the text (names of union members, missing keys) are passed over.
        """
        here, place, broken = self, (self.line, self.column), self.broken
        for step in loc:
            below = here.get(step)
            if below is not None:
                place = here.keys.get(str(step), (below.line, below.column))
                here, broken = below, broken or below.broken
        return here, place, broken


def read_tree(file: str, text: str) -> tuple[Node | None, list[Problem]]:
    """The tree of a YAML text and everything wrong with the text; no tree where it cannot be read to its end. Never raises."""
    problems = list(_text_problems(file, text))
    calm = _INVISIBLE.sub(" ", text.removeprefix("\ufeff").replace("\t", "  "))
    builder = _Builder(file)
    try:
        for event in YAML(typ="safe", pure=True).parse(calm):
            if not builder.take(event):
                break
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        builder.stop(line, column, f"This is not valid YAML: {error.problem or error.context or 'unreadable'}.", _LOOK)
    except (YAMLError, ValueError, LookupError, AssertionError, AttributeError, TypeError, RecursionError):
        # The library's scanner stumbles over a few malformed texts with plain Python errors; the text is at fault.
        builder.stop(
            1,
            1,
            "This cannot be read as YAML.",
            "Make the file smaller until it can; the part taken out last is wrong.",
        )
    if builder.root is None and not builder.problems:
        builder.stop(1, 1, "The file is empty.", "Write its content or delete it.")
    # After a tab the rest may only look wrong: a syntax error that follows from it is not told beside it.
    tabbed = any("tab" in p.what for p in problems)
    found = [p for p in builder.problems if not (tabbed and p.what.startswith("This is not valid YAML"))]
    return (None if builder.stopped else builder.root), problems + found


_LOOK = (
    "Look at this line and the one above: indentation, a space after each colon, quotes around text with `: ` or `#`."
)


def _text_problems(file: str, text: str) -> Iterator[Problem]:
    """Tabs, invisible characters and secrets, line by line."""
    tabs = unseen = secrets = 0
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        at = line.find("\t")
        if at >= 0 and (tabs := tabs + 1) <= MAX_OF_A_KIND:
            yield Problem(file, number, at + 1, "A tab stands here.", "YAML wants spaces: write two per level.")
        hidden = _INVISIBLE.search(line)
        if hidden and (unseen := unseen + 1) <= MAX_OF_A_KIND:
            name = f"U+{ord(hidden[0]):04X}"
            yield Problem(
                file, number, hidden.start() + 1, f"An invisible character ({name}) stands here.", "Delete it."
            )
        held = secret_in(line)
        if held and (secrets := secrets + 1) <= MAX_OF_A_KIND:
            what = f"This looks like {held[0]}."
            mend = "Take it out, make a new one where it is used, and write `credential: env:NAME` here."
            yield Problem(file, number, held[1] + 1, what, mend)


def _whole(text: str) -> str:
    """The text with pairs of surrogates joined, as JSON's escapes write characters beyond U+FFFF."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class _Builder:
    """Puts events together to a tree, with a stack of its own: no input can exhaust Python's."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stopped = False
        self._open: list[tuple[Node, list[Node]]] = []
        self._values = 0
        self._documents = 0

    def stop(self, line: int, column: int, what: str, mend: str) -> None:
        """Report and give up on this file."""
        self.tell(line, column, what, mend)
        self.stopped = True

    def tell(self, line: int, column: int, what: str, mend: str) -> None:
        """Report; many problems of one kind become tiresome before they become useful."""
        if sum(p.what == what for p in self.problems) < MAX_OF_A_KIND:
            self.problems.append(Problem(self.file, line, column, what, mend))

    def take(self, event: Event) -> bool:
        """Take the next event; False where reading on makes no sense."""
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if event.version or event.tags:
                self.tell(line, column, "A `%` directive stands here.", "Take it out: files are read as YAML 1.2.")
            if self._documents > 1:
                self.stop(line, column, "A second document starts here (`---`).", "Put it into a file of its own.")
        elif isinstance(event, NodeEvent):
            self._node(event, line, column)
        elif isinstance(event, SequenceEndEvent | MappingEndEvent):
            self._close()
        return not self.stopped

    def _node(self, event: NodeEvent, line: int, column: int) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            self.stop(line, column, f"The file has more than {MAX_VALUES:,} values.", "Split it into several files.")
            return
        node = Node(line, column)
        if isinstance(event, AliasEvent):
            node.broken = True
            self.tell(line, column, f"An alias ({quoted('*' + str(event.anchor))}) stands here.", _NO_ANCHORS)
        elif event.anchor is not None:
            self.tell(line, column, f"An anchor ({quoted('&' + str(event.anchor))}) stands here.", _NO_ANCHORS)
        tag = getattr(event, "ctag", None)
        if tag is not None:
            node.broken = True
            self.tell(line, column, f"A tag ({quoted(str(tag))}) stands here.", "Take it out: plain values are enough.")
        if isinstance(event, SequenceStartEvent | MappingStartEvent):
            node.value = [] if isinstance(event, SequenceStartEvent) else {}
            self._open.append((node, []))
            if len(self._open) > MAX_DEPTH:
                self.stop(
                    line,
                    column,
                    f"Values are nested more than {MAX_DEPTH} deep.",
                    "Nothing in a program is: write it flatter.",
                )
        else:
            if isinstance(event, ScalarEvent):
                self._scalar(node, event)
            self._add(node)

    def _close(self) -> None:
        node, items = self._open.pop()
        if isinstance(node.value, list):
            node.value = items
        else:
            self._pairs(node, items)
        self._add(node)

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.root = node

    def _pairs(self, mapping: Node, items: list[Node]) -> None:
        """Keys and values by turns → a dict; a key said twice is refused, whichever was meant."""
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key.value, list | dict):
                self.tell(
                    key.line,
                    key.column,
                    "A list or mapping stands where a key belongs.",
                    "Write a plain word as the key.",
                )
                continue
            name = key.written
            if name == "<<":
                self.tell(key.line, key.column, "A merge key (`<<`) stands here.", _NO_ANCHORS)
            elif name in mapping.value:
                first = mapping.keys[name][0]
                what = f"{quoted(name)} stands here a second time; the first is in line {first}."
                self.tell(key.line, key.column, what, "Keep one of them.")
            else:
                mapping.value[name] = value
                mapping.keys[name] = (key.line, key.column)

    def _scalar(self, node: Node, event: ScalarEvent) -> None:
        """What a scalar means by the core schema; quoted text and blocks are always text."""
        text = _whole(str(event.value))
        hidden = _INVISIBLE.search(text)
        if hidden:
            # Escapes in double quotes can write what may not stand in the text itself.
            node.broken = True
            what = f"An escape stands here for an invisible character (U+{ord(hidden[0]):04X})."
            self.tell(node.line, node.column, what, "Take it out.")
            text = _INVISIBLE.sub(" ", text)
        node.value = node.written = text
        if event.style is not None or node.broken:
            return
        if text in _WORDS:
            node.value = _WORDS[text]
        elif len(text) <= 40 and (_INTEGER.fullmatch(text) or _BASED.fullmatch(text)):
            node.value = int(text, 0) if _BASED.fullmatch(text) else int(text)
        elif len(text) <= 40 and _FLOAT.fullmatch(text):
            node.value = float(text)
        if _NOT_A_NUMBER.fullmatch(text) or (isinstance(node.value, int | float) and abs(node.value) > SAFE_INTEGER):
            node.broken = True
            self.tell(
                node.line,
                node.column,
                f"{quoted(text)} is a number that JSON cannot carry.",
                "Write a smaller one, or quote it if it is text.",
            )


_NO_ANCHORS = "Write the value out where it is needed; anchors, aliases and merges are not read."
