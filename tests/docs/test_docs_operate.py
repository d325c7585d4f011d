"""What an operator is told to type works, and what is said of paths, limits and ticks is so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from bot import cli, settings
from bot.main import Product
from bot.outbox import IDLE
from bot.signing import load_log_key, load_signer
from bot.sources.csv_file import MAX_BYTES, MAX_ROWS
from bot.store.outbox_settle import LANE_ATTEMPTS, MAX_ATTEMPTS, PATIENCE
from bot.store.outbox_values import SLACK_LIMITS
from tests.docs.markdown import blocks, section, text
from tests.docs.reference import ROOT

OPERATE = text(ROOT / "docs" / "operate.md")


def follow(script: str, folder: Path, patch: pytest.MonkeyPatch) -> list[int]:
    """Do what shell lines say, in this process: set what they export, run each `attester`; returns the exit codes."""
    patch.chdir(folder)
    for name in [n for n in os.environ if n.startswith(("ATTESTER_", "SLACK_", "OKTA_", "DATABASE_"))]:
        patch.delenv(name)
    codes = []
    for line in script.splitlines():
        words = shlex.split(line.replace("$PWD", str(folder)), comments=True)
        if words[:1] == ["export"]:
            for pair in words[1:]:
                patch.setenv(*pair.split("=", 1))
        elif words[:1] == ["attester"]:
            codes.append(cli.main(words[1:]))
    return codes


def test_the_keys_that_an_operator_makes_are_ones_that_sign(tmp_path: Path) -> None:
    script = next(b.text for b in blocks(OPERATE) if "genpkey" in b.text)

    subprocess.run(["bash", "-euc", script], cwd=tmp_path, capture_output=True, timeout=60, check=True)

    assert load_signer(f"file:{tmp_path}/signing.key").sign(b"a decision")
    assert load_log_key(f"file:{tmp_path}/log.key").sign(b"a checkpoint")


def test_the_paths_of_the_web_server_are_all_listed(tmp_path: Path) -> None:
    environment = {
        "ATTESTER_DATA": str(tmp_path), "ATTESTER_PUBLIC_URL": "https://attester.acme.test",
        "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s3cret",
        "OKTA_OIDC_ISSUER": "https://acme.okta.com", "OKTA_OIDC_CLIENT_ID": "client",
    }  # fmt: skip
    product = Product(settings.load(environment))

    served = {re.sub(r"\{.*\}", "…", str(route.path)) for route in product.web().routes}
    product.close()

    table = section(OPERATE, "## The web server")
    listed = {word for line in table.splitlines() if line.startswith("| `") for word in line.split("|")[1].split("`")}
    assert {path.removeprefix("POST ") for path in listed if "/" in path} == served


def test_the_limits_are_those_of_the_code() -> None:
    table = section(OPERATE, "## Limits")

    assert f"{SLACK_LIMITS['chat.postMessage'].per_minute:.0f} a minute in all" in table
    assert f"{SLACK_LIMITS['chat.update'].per_minute:.0f} a minute" in table
    assert f"{SLACK_LIMITS['views.publish'].per_minute:.0f} a minute" in table
    assert f"{MAX_BYTES // 1_000_000} MB, {MAX_ROWS:,} rows" in table
    assert f"{MAX_ATTEMPTS} that fail, or {PATIENCE.days} days while Slack is down" in table
    assert f"after {LANE_ATTEMPTS} the others pass it" in table


def test_how_often_a_worker_looks_is_what_the_page_says(tmp_path: Path) -> None:
    product = Product(settings.load({"ATTESTER_DATA": str(tmp_path)}))
    seconds = {tick.name: tick.seconds for tick in product.jobs(product.deliverer())._ticks.values()}
    product.close()

    assert (IDLE, seconds["integrate"], seconds["wake"], seconds["open"]) == (0.25, 0.2, 5.0, 30.0)
    assert (seconds["pull"], seconds["members"]) == (300.0, 60.0)
    assert "the outbox at least four times a second, the log five times a second" in " ".join(OPERATE.split())


def test_the_steps_of_the_readme_work_up_to_slack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = section(text(ROOT / "README.md"), "## Run it for real")
    lines = [line for block in blocks(readme) for line in block.text.splitlines()]
    typed = [line for line in lines if line.startswith(("attester ", "export ")) and "attester run" not in line]

    # There is no Slack app yet, so its variables are left out and the doctor is not content.
    codes = follow("\n".join(line for line in typed if "SLACK_" not in line), tmp_path, monkeypatch)

    said = capsys.readouterr().out
    assert "The program is sound." in said
    assert "is now in force." in said
    assert "MEND  slack" in said
    assert codes == [0, 0, 0, 0, 1]


def test_a_start_without_slack_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = follow("attester run", tmp_path, monkeypatch)

    assert codes == [1]
    assert "SLACK_BOT_TOKEN is not set." in capsys.readouterr().err
