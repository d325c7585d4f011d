"""Append-only, enforced in the database: a trigger on each guarded table refuses UPDATE and DELETE.

They stop our own defects and a careless hand at the console. Whoever owns the database can remove them: that is found by
the signatures and the log, not prevented here.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from bot.store.table_ledger import APPEND_ONLY

_SQLITE = """CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON "{table}"
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
_BODY = "\nBEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END "
_FUNCTION = "CREATE OR REPLACE FUNCTION attester_append_only() RETURNS trigger LANGUAGE plpgsql AS $$" + _BODY + "$$"
_POSTGRES = """CREATE OR REPLACE TRIGGER {table}_no_{verb} BEFORE {VERB} ON "{table}"
FOR EACH STATEMENT EXECUTE FUNCTION attester_append_only()"""
SAME = ("id", "case_id", "n", "seq", "name", "version", "at", "attestation")
"""What an event keeps when its text is erased: that it happened, when, and the attestation of it."""
_BLANK = """NEW."body" = '{}' AND NEW."by" = '{}' AND NEW."actor" = ''"""
_AGREED = "EXISTS (SELECT 1 FROM erased_case WHERE erased_case.case_id = OLD.case_id)"
_ERASING_SQLITE = " AND ".join([*(f'NEW."{name}" IS OLD."{name}"' for name in SAME), _BLANK, _AGREED])
_ERASING_POSTGRES = " AND ".join(
    [*(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in SAME), _BLANK, _AGREED]
)
_EVENT_SQLITE = f"""CREATE TRIGGER event_no_update BEFORE UPDATE ON "event" WHEN NOT ({_ERASING_SQLITE})
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END"""
_EVENT_BODY = f"""
BEGIN IF {_ERASING_POSTGRES} THEN RETURN NEW; END IF; RAISE EXCEPTION 'event is append-only'; END """
_EVENT_FUNCTION = (
    "CREATE OR REPLACE FUNCTION attester_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$"
    + _EVENT_BODY
    + "$$"
)
_EVENT_POSTGRES = """CREATE OR REPLACE TRIGGER event_no_update BEFORE UPDATE ON "event"
FOR EACH ROW EXECUTE FUNCTION attester_event_append_only()"""
_VERBS = {"sqlite": ("update", "delete"), "postgresql": ("update", "delete", "truncate")}

_STANDING_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
_STANDING_POSTGRES = text(
    """SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL
    AND t.tgname LIKE c.relname || '\\_no\\_%' AND pg_table_is_visible(c.oid)
    AND ((p.proname = 'attester_append_only' AND p.prosrc = :body AND t.tgname <> 'event_no_update')
    OR (p.proname = 'attester_event_append_only' AND p.prosrc = :event AND t.tgname = 'event_no_update'))"""
)


def install(connection: Connection) -> None:
    """Create the triggers anew; safe to repeat. A migration that recreates a guarded table loses them: run this after it."""
    backend = connection.dialect.name
    if backend == "postgresql":
        connection.exec_driver_sql(_FUNCTION.replace("%", "%%"))
        connection.exec_driver_sql(_EVENT_FUNCTION)
    for name, statement in _wanted(backend).items():
        if backend == "sqlite":
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(statement)


def missing(connection: Connection) -> list[str]:
    """The guards that should stand and do not, or not as we made them; the product refuses to start while there are any."""
    backend = connection.dialect.name
    wanted = _wanted(backend)
    if backend == "postgresql":
        there = {row[0] for row in connection.execute(_STANDING_POSTGRES, {"body": _BODY, "event": _EVENT_BODY})}
    else:
        there = {name for name, sql in connection.exec_driver_sql(_STANDING_SQLITE) if sql == wanted.get(name)}
    return [name for name in wanted if name not in there]


def _wanted(backend: str) -> dict[str, str]:
    """The statement that makes each guard, by its name."""
    form = _POSTGRES if backend == "postgresql" else _SQLITE
    wanted = {
        f"{table}_no_{verb}": form.format(table=table, verb=verb, VERB=verb.upper())
        for table in APPEND_ONLY
        for verb in _VERBS[backend]
    }
    return wanted | {"event_no_update": _EVENT_POSTGRES if backend == "postgresql" else _EVENT_SQLITE}
