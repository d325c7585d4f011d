"""A ledger with real keys and real statements, and ways to damage it, for the tests of the log."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from bot.signing import load_log_key, load_signer
from bot.store.database import Database
from bot.store.ledger import Log
from bot.store.table_ledger import APPEND_ONLY, EntryRow, PayloadRow, PendingRow
from workflows.kernel.attestation import instant
from workflows.kernel.bundle import leaf_body
from workflows.kernel.checkpoint import LogKey
from workflows.kernel.dsse import attestation_id, pae
from workflows.kernel.ports import Signer
from workflows.kernel.statement import statement

MONDAY = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
ORIGIN = "ledger.example.com"
KIND = "urn:attester:access_review/verdicts_signed/v1"
SUBJECT = {"name": "ask.json", "digest": {"sha256": "a" * 64}, "mediaType": "application/json"}


class Acme:
    """One company's ledger: database, keys, log. ``decide`` records attestations as the product's record does."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.database = Database(url)
        self.signer: Signer = load_signer(f"file:{folder / 'signing.key'}", create=True)
        self.key: LogKey = load_log_key(f"file:{folder / 'log.key'}", create=True)
        self.log = Log(self.database)
        self.log.open(ORIGIN, MONDAY)
        self.log.add_key(self.signer.keyid, self.signer.public_pem.decode(), MONDAY)
        self.heads: dict[str, tuple[int, str | None]] = {}

    def payload(self, case: str, at: datetime, **more: Any) -> tuple[bytes, int]:
        """The next statement of a case, and its number."""
        seq, previous = self.heads.get(case, (0, None))
        nonce = base64.b64encode(os.urandom(16)).decode()
        predicate = {"case": case, "seq": seq + 1, "previous": previous, "at": instant(at), "nonce": nonce}
        return statement([SUBJECT], KIND, predicate | {"body": {"reason": "Ravi still deploys."}} | more), seq + 1

    def decide(self, case: str = "access_review/maya", at: datetime = MONDAY, *, times: int = 1) -> list[str]:
        """Record attestations of one case in one transaction each; returns their ids."""
        return [self._decide(case, at) for _ in range(times)]

    def _decide(self, case: str, at: datetime) -> str:
        payload, seq = self.payload(case, at)
        name, signature = attestation_id(payload), self.signer.sign(pae(payload))
        with self.database.write() as session:
            self.record(session, [(self.entry(case, seq, at, payload, signature), payload)])
        self.heads[case] = (seq, name)
        return name

    def entry(self, case: str, seq: int, at: datetime, payload: bytes, signature: bytes) -> EntryRow:
        """The row of one attestation."""
        name = attestation_id(payload)
        return EntryRow(
            place=f"{case}#{seq}",
            case_id=case,
            seq=seq,
            at=at,
            keyid=self.signer.keyid,
            signature=signature,
            pae_sha256=name,
            leaf=leaf_body(bytes.fromhex(name), signature, self.signer.public_der),
        )

    def many(self, count: int, *, case: str = "access_review/ravi", step: timedelta = timedelta()) -> None:
        """Record many attestations of one case in one transaction; ``step`` apart."""
        made = []
        for n in range(count):
            payload, seq = self.payload(case, MONDAY + n * step)
            made.append((self.entry(case, seq, MONDAY + n * step, payload, self.signer.sign(pae(payload))), payload))
            self.heads[case] = (seq, attestation_id(payload))
        with self.database.write() as session:
            self.record(session, made)

    def record(self, session: Session, made: Sequence[tuple[EntryRow, bytes]]) -> None:
        """The rows of attestations: entry, payload, pending."""
        session.add_all([row for row, _ in made])
        session.flush()
        for row, payload in made:
            assert row.id is not None
            session.add_all([PayloadRow(entry_id=row.id, payload=payload), PendingRow(id=row.id)])

    def integrate(self, limit: int = 4096) -> int:
        """Integrate until nothing is pending; returns the size."""
        while self.log.integrate(self.key, MONDAY, limit):
            pass
        return self.log.size()

    def fresh(self) -> Log:
        """The same log as a process that has seen nothing yet."""
        return Log(self.database)

    @contextmanager
    def behind_the_guards(self) -> Iterator[Session]:
        """What somebody with the database owner's rights can do: a session without the append-only triggers."""
        with self.database.write() as session:
            connection = session.connection()
            if self.database.sqlite:
                kept = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
                for name, _ in kept:
                    connection.execute(text(f"DROP TRIGGER {name}"))
            else:
                for table in APPEND_ONLY:
                    connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            yield session
            session.flush()
            if self.database.sqlite:
                for _, sql in kept:
                    connection.execute(text(sql))
            else:
                for table in APPEND_ONLY:
                    connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))

    def run(self, statement_sql: str, **values: Any) -> None:
        """Change something behind the guards."""
        with self.behind_the_guards() as session:
            session.connection().execute(text(statement_sql), values)

    def value(self, query: str) -> Any:
        """One stored value."""
        with self.database.read() as session:
            found = session.connection().execute(text(query)).scalar_one()
            return bytes(found) if isinstance(found, memoryview) else found

    def close(self) -> None:
        self.database.close()
