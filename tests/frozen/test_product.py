"""A process whose database is frozen says so where people look, and `attester ledger thaw` ends it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import settings
from bot.cli.ledger import ledger
from bot.main import Product, outside
from bot.main.standing import ledger_state
from bot.store.frozen import STANDS, freeze, frozen


def test_readiness_home_and_the_command_line_say_that_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTESTER_DATA", str(tmp_path))
    with closing(Product(settings.load({"ATTESTER_DATA": str(tmp_path)}))) as product:
        size = product.log.size()
        freeze(product.database, "The database was older.", size + 1, product.clock.now())

        ready, home = product.unready(), ledger_state(product, product.queue).trouble
        ran = outside.comparing_first(product, product.queue, lambda: None)()

        assert STANDS in ready
        assert STANDS in home
        assert ran is None

    done = CliRunner().invoke(ledger, ["thaw"])

    assert done.exit_code == 1
    assert "holds no checkpoint of the 1 attestations for which the ledger was frozen" in done.output
    with closing(Product(settings.load({"ATTESTER_DATA": str(tmp_path)}))) as product:
        assert frozen(product.database) is not None
