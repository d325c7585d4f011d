"""The support itself: each real thing starts, is what it says, and is reachable from this machine only."""

from __future__ import annotations

import socket
from pathlib import Path

import psycopg
from playwright.sync_api import Page
from psycopg.conninfo import conninfo_to_dict
from slack_sdk import WebClient
from sqlalchemy import make_url

from tests.support.node import running_emulate

SEED = {
    "slack": {
        "team": {"name": "Acme", "domain": "acme"},
        "users": [{"name": "maya", "real_name": "Maya Chen", "email": "maya@acme.test"}],
        "tokens": [{"token": "xoxb-acme", "type": "bot"}],
    }
}


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    parsed = make_url(url)
    return psycopg.connect(host=str(parsed.query["host"]), user=parsed.username, dbname=parsed.database)


def test_each_test_gets_an_empty_postgres_database(postgres_url: str) -> None:
    with _connect(postgres_url) as connection:
        version = connection.info.server_version
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()

    assert version >= 15_00_00
    assert tables == (0,)


def test_postgres_listens_on_no_network_address(postgres_url: str) -> None:
    with _connect(postgres_url) as connection:
        listens = connection.execute("SHOW listen_addresses").fetchone()
        reached_by = conninfo_to_dict(connection.info.dsn)["host"]

    assert listens == ("",)
    assert str(reached_by).startswith("/")


def test_a_page_renders_and_runs_scripts(page: Page) -> None:
    page.set_content("<p id=who></p><script>document.getElementById('who').textContent = 'Maya'</script>")

    assert page.locator("#who").inner_text() == "Maya"


def test_emulate_answers_slack_calls(tmp_path: Path) -> None:
    with running_emulate("slack", SEED, tmp_path) as emulate:
        client = WebClient(token="xoxb-acme", base_url=f"{emulate.url}/api/")
        found = client.users_lookupByEmail(email="maya@acme.test")

    assert found["user"]["real_name"] == "Maya Chen"


def test_emulate_listens_on_loopback_only(tmp_path: Path) -> None:
    with running_emulate("slack", SEED, tmp_path) as emulate, socket.socket() as probe:
        probe.settimeout(2)
        port = int(emulate.url.rpartition(":")[2])
        # Another loopback address on Linux: a server on all interfaces would answer there too.
        refused = probe.connect_ex(("127.0.0.2", port))

    assert refused != 0
