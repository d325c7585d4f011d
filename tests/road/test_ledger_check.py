"""What was signed, what the events say and what the tables say are one thing; `attester ledger check` names what is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from bot.cli import attester
from bot.demo.stage import Stage, stage
from bot.demo.story import Story
from bot.store.replay import deviations, folding
from bot.store.restate import unfaithful


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The sample company after everybody has decided and the first removals were looked at."""
    with stage(tmp_path_factory.mktemp("demo")) as made:
        for _, act in Story(made, lambda title, said: None).steps()[:5]:
            act()
        made.settle()
        yield made


def ledger(made: Stage, command: str) -> tuple[int, str]:
    """Run `attester ledger …` on the same data."""
    environment = {"ATTESTER_DATA": str(made.product.settings.data), "ATTESTER_PROGRAM": str(made.folder)}
    done = CliRunner().invoke(attester, ["ledger", command], env=environment)
    return done.exit_code, done.output


def test_after_a_whole_review_ledger_events_and_tables_agree(decided: Stage) -> None:
    product = decided.product

    assert list(unfaithful(product.database, product.evidence)) == []
    assert list(deviations(product.database, folding(product.runtime.workflows))) == []
    assert ledger(decided, "check")[0] == 0


def test_an_event_that_was_altered_in_the_database_is_named(decided: Stage) -> None:
    database = decided.product.database
    with database.write() as session:
        session.connection().execute(text("DROP TRIGGER event_no_update"))
        changed = """UPDATE event SET body = replace(body, '"keep"', '"change"') WHERE name = 'verdicts_signed'"""
        session.connection().execute(text(changed))

    code, said = ledger_without_start(decided)

    assert code
    assert ": body is" in said


def ledger_without_start(made: Stage) -> tuple[int, str]:
    """The comparison alone: the product itself refuses to start without its guards."""
    found = [str(d) for d in unfaithful(made.product.database, made.product.evidence)]
    return len(found), "\n".join(found)


def test_rows_that_were_altered_are_named_and_made_anew(decided: Stage) -> None:
    product = decided.product
    case = product.record.summaries(top=True)[-1].case
    with product.database.write() as session:
        session.connection().execute(text("UPDATE \"case\" SET status = 'fine' WHERE case_id = :case"), {"case": case})

    code, said = ledger(decided, "check")
    mended = ledger(decided, "recover")

    assert code == 1
    assert case in said
    assert mended[0] == 0
    assert list(deviations(product.database, folding(product.runtime.workflows))) == []
