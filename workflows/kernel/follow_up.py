"""Whether what was decided is now true in the world: only a later, complete pull can say so.

A report ("done", or a 2xx of an API) is a claim. Absence from a partial or an older pull is no evidence.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from workflows.kernel.identity import Collection, Line

Finding = Literal["nothing", "done", "not_done"]


class Seen(NamedTuple):
    """What a pull shows about a removal, and what is seen where it is not done."""

    finding: Finding
    cause: str = ""
    paths: tuple[str, ...] = ()


def proves(collection: Collection, after: datetime) -> bool:
    """Whether a pull can prove anything about what happened at ``after``."""
    return collection.verdict == "complete" and collection.as_of > after


def removal_seen(
    collection: Collection,
    after: datetime,
    before: Line,
    now: Line | None,
    *,
    wants_target: bool = False,
    target: Line | None = None,
    grace: timedelta = timedelta(),
) -> Seen:
    """What the pull shows: no path left is done; for a change the target must be there too.

    ``before`` is the line as it was judged, ``now`` the same line in the pull. Within ``grace`` of ``after`` the cause
    says that the change may still be on its way.
    """
    if not proves(collection, after):
        return Seen("nothing")
    if now is None and wants_target and target is None:
        return Seen("not_done", "the old access is gone, but the new one is not there")
    if now is None:
        return Seen("done")
    cause = still_there(before.via, now.via)
    if collection.as_of <= after + grace:
        cause += "; the change may still be on its way"
    return Seen("not_done", cause, now.via)


def still_there(before: tuple[str, ...], now: tuple[str, ...]) -> str:
    """Why an access is still there, as far as its paths show it."""
    fresh = [p for p in now if p not in before]
    causes = [_path(p, new=p in fresh) for p in (fresh or list(now))]
    return "; ".join(causes) or "the source still lists it and names no path"


def _path(path: str, *, new: bool) -> str:
    kind, _, name = path.partition(":")
    if kind == "direct":
        return "another direct grant" if new else "the direct grant is still there"
    if kind == "group":
        nested = ">" in name or "/" in name
        word = "nested group" if nested else "group"
        return f"the {word} {name} gives it{' now' if new else ' still'}"
    if kind == "role":
        return f"the role {name} gives it{' now' if new else ' still'}"
    return f"{path} gives it{' now' if new else ' still'}"
