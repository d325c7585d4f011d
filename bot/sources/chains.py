"""Counting lists in a raw file: pages, rows, repetitions, and whether each was read to its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.sources.http import Row, after, list_in
from bot.sources.paging import WrongWay
from bot.sources.raw import Entry
from workflows.kernel.identity import Stream


@dataclass
class Tally:
    """One stream so far. ``ends`` says for each part whether its last page named no next one."""

    path: str = ""
    pages: int = 0
    rows: int = 0
    duplicates: int = 0
    rejected: int = 0
    ends: dict[str, bool] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)


class Chains:
    """All streams of one raw file. ``envelope`` names the field that holds a list which is not the answer itself."""

    def __init__(self, envelope: Mapping[str, str]) -> None:
        self._envelope = envelope
        self._tallies: dict[str, Tally] = {}

    def rows(self, entry: Entry) -> list[Row]:
        """The rows of one answer, counted. An answer that is no list leaves its stream unfinished."""
        tally = self._tallies.setdefault(entry.stream, Tally(path=entry.url))
        if entry.status != 200:
            tally.ends.setdefault(entry.part, False)
            return []
        tally.pages += 1
        envelope = self._envelope.get(entry.stream)
        found, problem = list_in(entry.body, envelope)
        tally.rows += len(found)
        tally.ends[entry.part] = False
        if not problem:
            try:
                tally.ends[entry.part] = after(entry.body, entry.headers.get("link", ""), entry.url, envelope) is None
            except WrongWay:
                return found
        return found

    def repeated(self, stream: str, part: str, key: str) -> bool:
        """Whether this row was there before, counted; overlapping pages repeat rows."""
        tally = self._tallies[stream]
        if (part, key) in tally.seen:
            tally.duplicates += 1
            return True
        tally.seen.add((part, key))
        return False

    def reject(self, stream: str) -> None:
        """Count a row that cannot be used."""
        self._tallies[stream].rejected += 1

    def kept(self, stream: str, part: str) -> int:
        """How many different rows a part has."""
        tally = self._tallies.get(stream)
        return sum(1 for p, _ in tally.seen if p == part) if tally else 0

    def stream(self, name: str, parts: Iterable[str] = ("",), parent: bool = True, path: str = "") -> Stream:
        """A stream of the certificate: done when its ``parent`` list is and each of its parts was read to the end."""
        tally = self._tallies.get(name, Tally(path=path))
        address, _, parameters = tally.path.partition("?")
        return Stream(
            name=name,
            path=address,
            parameters=parameters,
            pages=tally.pages,
            rows=tally.rows,
            duplicates=tally.duplicates,
            rejected=tally.rejected,
            done=parent and all(tally.ends.get(part, False) for part in parts),
        )
