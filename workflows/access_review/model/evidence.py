"""A pull's files, as events name them."""

from __future__ import annotations

from workflows.kernel.identity import Collection
from workflows.kernel.model import EvidenceRef


def population(collection: Collection) -> EvidenceRef:
    """The population certificate of a pull, as evidence."""
    return EvidenceRef(
        name=f"{collection.source}/population.json",
        sha256=collection.id,
        kind="population",
        source=collection.source,
        collected_at=collection.ended_at,
    )


def lines_file(collection: Collection) -> EvidenceRef:
    """The normalised lines of a pull, as evidence."""
    return EvidenceRef(
        name=f"{collection.source}/lines.jsonl",
        sha256=collection.lines_sha256,
        media_type="application/jsonl",
        kind="lines",
        source=collection.source,
        collected_at=collection.ended_at,
    )
