"""Pulling 10,000 people from Okta against the barest loop over the same pages: what certifying them costs."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import httpx

from benchmarks.measure import Stopwatch, in_own_process, peak_mb
from benchmarks.table import Table
from bot.clock import SystemClock
from bot.sources.opening import open_source
from bot.vault import open_vault
from tests.sources.okta import Okta, organisation, user
from tests.sources.world import TOKEN
from workflows.kernel.identity import Directory
from workflows.kernel.program import SourceConfig

PEOPLE = 10_000
FILTER = 'lastUpdated gt "1970-01-01T00:00:00.000Z"'
CONFIG = SourceConfig(id="okta", kind="okta", system="Okta", directory=True, settings={"reviews": []})


def company() -> Okta:
    """An organisation of so many people, and nothing else."""
    okta = Okta()
    okta.users = [user(f"00u{n:08}", f"staff{n}@borealis.test", managerId=f"00u{n // 10:08}") for n in range(PEOPLE)]
    okta.groups, okta.members, okta.apps, okta.roles = {}, {}, {}, {}
    okta.app_users, okta.app_groups = {}, {}
    return okta


def bare(base: str) -> dict[str, float]:
    """Read every page and parse it; nothing is checked and nothing kept."""
    watch, count = Stopwatch(), 0
    headers = {"authorization": f"SSWS {TOKEN}", "accept": "application/json"}
    with watch.phase("all"), httpx.Client(headers=headers, trust_env=False) as http:
        url = str(httpx.URL(f"{base}/api/v1/users", params={"limit": 200, "filter": FILTER}))
        while url:
            answer = http.get(url)
            count += len(json.loads(answer.content))
            url = answer.links.get("next", {}).get("url", "")
    assert count == PEOPLE, count
    return {"cpu": watch.cpu["all"], "wall": watch.wall["all"], "peak_mb": peak_mb()}


def ours(base: str) -> dict[str, float]:
    """The whole pull: pages, raw file, people, managers, digests, certificate, all in the vault."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="attester-") as folder:
        source = open_source(
            CONFIG, credential=TOKEN, base_url=base, base_folder=Path(folder), clock=SystemClock(), code="0",
            vault=open_vault(f"file://{folder}/vault"), spool=Path(folder) / "pulls", wait=lambda _: None,
        )  # fmt: skip
        with watch.phase("all"):
            pull = source.pull(Directory(people={}), None, "benchmark")
    assert pull.certificate.verdict == "complete", pull.certificate.reasons
    assert len(pull.people) == PEOPLE
    return {"cpu": watch.cpu["all"], "wall": watch.wall["all"], "peak_mb": peak_mb()}


def tables() -> list[Table]:
    """Both, each in a process of its own, against one server."""
    table = Table(
        f"Reading {PEOPLE:,} people from Okta",
        ("", "processor, s", "wall, s", "peak memory, MB"),
        note="Peer: httpx over the same pages, which checks nothing, keeps nothing and certifies nothing.",
    )
    with organisation(company()) as base:
        found = {name: in_own_process("benchmarks.okta", name, base) for name in ("bare", "ours")}
    for name, words in (("bare", "peer: bare httpx loop"), ("ours", "ours: certified pull")):
        table.add(words, *(f"{found[name][key]:.2f}" for key in ("cpu", "wall")), f"{found[name]['peak_mb']:.0f}")
    table.add("ratio", *(f"{found['ours'][key] / found['bare'][key]:.1f}" for key in ("cpu", "wall", "peak_mb")))
    return [table]


if __name__ == "__main__":
    print(json.dumps({"bare": bare, "ours": ours}[sys.argv[1]](sys.argv[2])))
