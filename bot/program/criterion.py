"""The 61 Trust Services Criteria by id, in official order, each with a short wording of our own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from workflows.kernel.identity import Value


class Criterion(Value):
    """A criterion's id, where it belongs, and what it is about in our words (never the standard's own text)."""

    id: str
    category: str
    series: str
    short: str


@cache
def criteria() -> dict[str, Criterion]:
    """Every criterion by id, in official order."""
    rows = YAML(typ="safe", pure=True).load((Path(__file__).parent / "criteria.yaml").read_text(encoding="utf-8"))
    return {row["id"]: Criterion.model_validate(row) for row in rows["criteria"]}
