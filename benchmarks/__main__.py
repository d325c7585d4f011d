"""Run the benchmarks and print their tables: all, or those that are named (`python -m benchmarks slack bulk`)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from benchmarks import bulk, campaign, ledger, okta, outbox, proof, slack
from benchmarks.measure import StepFailed
from benchmarks.table import Table

ALL: dict[str, Callable[[], list[Table]]] = {
    "slack": slack.tables,
    "outbox": outbox.tables,
    "bulk": bulk.tables,
    "ledger": ledger.tables,
    "proof": proof.tables,
    "okta": okta.tables,
    "campaign": campaign.tables,
    "campaign-postgresql": lambda: campaign.tables("postgresql"),
}
USUAL = [name for name in ALL if name != "campaign-postgresql"]
"""What runs without a name; the other one takes as long as all these together."""


def main(names: list[str]) -> int:
    """Exit code 0; 1 where a benchmark could not be run; 2 for a name that there is none of."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"There is no benchmark {unknown[0]}. There are: {', '.join(ALL)}.", file=sys.stderr)
        return 2
    for name in names or USUAL:
        began = time.perf_counter()
        try:
            tables = ALL[name]()
        except StepFailed as failed:
            print(f"{name} could not be run. {failed}", file=sys.stderr)
            return 1
        for table in tables:
            print(f"{table}\n", flush=True)
        print(f"({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
