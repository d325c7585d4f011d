"""How carefully was it decided? Figures from events alone, and the signals that they raise. A signal voids nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from workflows.access_review.model import Care, SignedVerdict


def dwell(verdicts: Iterable[SignedVerdict]) -> list[tuple[SignedVerdict, int]]:
    """For each line decided on its own, the milliseconds it had: since it was shown, or since the mark before it.

    Ten lines are shown at once, so the time since showing alone would make the tenth look well considered.
    """
    found = []
    last = None
    for v in sorted((v for v in verdicts if not v.in_group), key=lambda v: (v.marked_at, v.ref)):
        since = max((t for t in (v.shown_at, last) if t is not None and t <= v.marked_at), default=v.marked_at)
        found.append((v, round((v.marked_at - since).total_seconds() * 1000)))
        last = v.marked_at
    return found


def figures(verdicts: Sequence[SignedVerdict], reasons: Mapping[str, str], care: Care) -> dict[str, int]:
    """The figures of one signature (or of a whole review): counts, percent and milliseconds."""
    times = dwell(verdicts)
    spent = sorted(t for _, t in times)
    kept = [v for v in verdicts if v.verdict == "keep"]
    privileged = [v for v in verdicts if v.tier == "privileged"]
    repeated = Counter(r.strip().lower() for r in reasons.values() if r.strip())
    return {
        "lines": len(verdicts),
        "kept_percent": _percent(len(kept), len(verdicts)),
        "privileged": len(privileged),
        "privileged_kept_percent": _percent(sum(v.verdict == "keep" for v in privileged), len(privileged)),
        "in_groups_percent": _percent(sum(bool(v.in_group) for v in verdicts), len(verdicts)),
        "median_ms": round(median(spent)) if spent else 0,
        "p10_ms": spent[len(spent) // 10] if spent else 0,
        "privileged_kept_fast": sum(
            v.tier == "privileged" and v.verdict == "keep" and t < care.privileged_ms for v, t in times
        ),
        "same_reason": max(repeated.values(), default=0),
    }


def signals(found: Mapping[str, int], care: Care) -> tuple[str, ...]:
    """What stands out in the figures: `fast`, `privileged_fast`, `one_reason`."""
    raised = {
        "fast": found["lines"] >= care.fast_lines
        and found["kept_percent"] > care.fast_keep_percent
        and found["median_ms"] < care.fast_median_ms,
        "privileged_fast": found["privileged_kept_fast"] > 0,
        "one_reason": found["same_reason"] > care.one_reason,
    }
    return tuple(name for name, here in raised.items() if here)


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0
