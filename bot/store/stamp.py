"""What is kept of outside time: who waits for a token, the tokens, and the certificates that they were signed with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update
from sqlmodel.sql.expression import SelectOfScalar

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_anchor import AuthorityRow, StampRow, TokenRow
from bot.store.table_ledger import CheckpointRow, EntryRow, LeafRow, LogRow
from workflows.kernel.checkpoint import Note, parse_note

CHECKPOINT = "checkpoint/"
BATCH = 2_000
PAGE = 500
RENEWED = timedelta(days=90)
AGAIN = timedelta(days=7)
"""Where an authority signs on with a certificate that ends soon, it is asked for another token once a week only."""


@dataclass(frozen=True)
class Wanted:
    """Something that waits for a token: ``data`` is what is stamped, ``at`` the time that it claims, ``tries`` failures."""

    subject: str
    at: datetime
    tries: int
    data: bytes


@dataclass(frozen=True)
class Token:
    """A verified RFC 3161 response over a signature or checkpoint. ``late``: over 15 minutes after what it stamps."""

    id: int
    subject: str
    gen_at: datetime
    late: bool
    data: bytes


@dataclass(frozen=True)
class AuthorityCertificate:
    """A certificate that tokens were signed with: ``chain`` is leaf, intermediates, root in PEM, one after the other."""

    leaf_sha256: str
    url: str
    chain: str
    first_at: datetime
    ends_at: datetime


class Stamps:
    """Tokens in the database, and what waits for one. Values in, values out; any number of workers at once."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def want_tokens(self, now: datetime, limit: int = BATCH) -> int:
        """Have every attestation that came into the log wait for a token; returns how many are new.

        Goes by the log's index: numbers of rows commit out of order, and one would be left out for ever.
        """
        with self._db.read() as session:
            if self._first_unwanted(session) >= (session.exec(select(LogRow.size)).first() or 0):
                return 0
        with in_words(), self._db.write() as session:
            lock(session)
            first = self._first_unwanted(session)
            query = (
                select(LeafRow.idx, EntryRow.pae_sha256, EntryRow.at)
                .join(EntryRow, col(EntryRow.id) == col(LeafRow.entry_id))
                .where(LeafRow.idx >= first)
                .order_by(col(LeafRow.idx))
                .limit(limit)
            )
            found = session.exec(query).all()
            session.add_all(StampRow(subject=i, idx=n, at=at, since_at=now, next_at=now) for n, i, at in found)
            return len(found)

    def claim_stamps(self, now: datetime, until: datetime, limit: int) -> list[Wanted]:
        """Up to ``limit`` things to stamp now; no other worker gets them before ``until``."""
        with self._db.read() as session:
            if session.exec(_due(now).limit(1)).first() is None:
                return []
        with in_words(), self._db.write() as session:
            rows = session.exec(_due(now).limit(limit).with_for_update(skip_locked=True)).all()
            for row in rows:
                row.next_at = until
                session.add(row)
            stamped = _data(session, [row.subject for row in rows])
            return [Wanted(row.subject, row.at, row.tries, stamped[row.subject]) for row in rows]

    def stamped(
        self, wanted: Wanted, data: bytes, gen_at: datetime, late: bool, authority: AuthorityCertificate
    ) -> None:
        """Keep a verified token. A second time is a no-op."""
        sha256 = hashlib.sha256(data).hexdigest()
        with in_words(), self._db.write() as session:
            row = session.get_one(StampRow, wanted.subject, with_for_update=True)
            row.next_at, row.note = None, ""
            session.add(row)
            if session.exec(select(TokenRow.id).where(TokenRow.sha256 == sha256)).first() is not None:
                return
            if session.get(AuthorityRow, authority.leaf_sha256) is None:
                session.add(AuthorityRow(**vars(authority)))
                session.flush()
            session.add(
                TokenRow(
                    subject=wanted.subject,
                    sha256=sha256,
                    gen_at=gen_at,
                    late=late,
                    leaf_sha256=authority.leaf_sha256,
                    data=data,
                )
            )

    def not_stamped(self, subjects: Sequence[str], note: str, next_at: datetime, *, tried: bool = True) -> None:
        """Have these try again at a later time; ``tried`` counts a failure of each."""
        more = {"next_at": next_at, "note": note[:500]} | ({"tries": col(StampRow.tries) + 1} if tried else {})
        with in_words(), self._db.write() as session:
            session.execute(update(StampRow).where(col(StampRow.subject).in_(subjects)).values(more))

    def waiting_for_tokens(self) -> tuple[int, datetime | None]:
        """How many wait for a token, and since when the first of them does."""
        query = select(func.count(), func.min(StampRow.since_at)).where(col(StampRow.next_at).is_not(None))
        with self._db.read() as session:
            count, since = session.exec(query).one()
            return count, since

    def newest(self) -> datetime | None:
        """The latest time that a kept token states; None before the first."""
        with self._db.read() as session:
            return session.exec(select(func.max(TokenRow.gen_at))).one()

    def want_again(self, now: datetime) -> int:
        """Have anchored checkpoints stamped again whose token's certificate ends within 90 days; old tokens stay."""
        newest = (
            select(col(TokenRow.subject), func.max(AuthorityRow.ends_at), func.max(TokenRow.gen_at))
            .join(AuthorityRow, col(AuthorityRow.leaf_sha256) == col(TokenRow.leaf_sha256))
            .where(col(TokenRow.subject).startswith(CHECKPOINT))
            .group_by(col(TokenRow.subject))
            .having(func.max(AuthorityRow.ends_at) < now + RENEWED, func.max(TokenRow.gen_at) < now - AGAIN)
        )
        with self._db.read() as session:
            subjects = [subject for subject, _, _ in session.exec(newest)]
        if subjects:
            with in_words(), self._db.write() as session:
                done = (col(StampRow.subject).in_(subjects), col(StampRow.next_at).is_(None))
                session.execute(update(StampRow).where(*done).values(next_at=now, since_at=now, tries=0))
        return len(subjects)

    def tokens(self, subjects: Sequence[str]) -> dict[str, list[Token]]:
        """The tokens of attestations (by id) and of checkpoints (`checkpoint/<size>`), oldest first."""
        query = select(TokenRow).where(col(TokenRow.subject).in_(subjects)).order_by(col(TokenRow.id))
        found: dict[str, list[Token]] = {}
        with self._db.read() as session:
            for row in session.exec(query):
                found.setdefault(row.subject, []).append(_token(row))
        return found

    def authorities(self) -> list[AuthorityCertificate]:
        """Every certificate that a token was signed with, oldest first."""
        with self._db.read() as session:
            rows = session.exec(
                select(AuthorityRow).order_by(col(AuthorityRow.first_at), col(AuthorityRow.leaf_sha256))
            )
            return [AuthorityCertificate(**row.model_dump()) for row in rows]

    def tokens_left(self, limit: int = BATCH) -> list[tuple[str, Token]]:
        """Tokens that the vault does not have yet, each with its suffix there: `.tsr`, then `.2.tsr` and so on."""
        query = select(TokenRow).where(col(TokenRow.kept_at).is_(None)).order_by(col(TokenRow.id)).limit(limit)
        with self._db.read() as session:
            rows = list(session.exec(query))
            before = [
                session.exec(
                    select(func.count()).select_from(TokenRow).where(
                        TokenRow.subject == row.subject, col(TokenRow.id) < (row.id or 0)
                    )
                ).one()
                for row in rows
            ]  # fmt: skip
            return [(f".{n + 1}.tsr" if n else ".tsr", _token(row)) for n, row in zip(before, rows, strict=True)]

    def walk(self) -> Iterator[tuple[Token, bytes]]:
        """Every token with what it stamps, oldest first and in bounded memory."""
        after = 0
        while True:
            query = select(TokenRow).where(col(TokenRow.id) > after).order_by(col(TokenRow.id)).limit(PAGE)
            with self._db.read() as session:
                rows = list(session.exec(query))
                stamped = _data(session, [row.subject for row in rows])
                found = [(_token(row), stamped.get(row.subject, b"")) for row in rows]
            yield from found
            if len(rows) < PAGE:
                return
            after = found[-1][0].id

    def token_kept(self, ids: Sequence[int], now: datetime) -> None:
        """These tokens are in the vault."""
        with in_words(), self._db.write() as session:
            session.execute(update(TokenRow).where(col(TokenRow.id).in_(ids)).values(kept_at=now))

    @staticmethod
    def _first_unwanted(session: Session) -> int:
        last = session.exec(select(func.max(StampRow.idx))).one()
        return 0 if last is None else last + 1


def own_lines(note: str) -> bytes:
    """What a token over a checkpoint stamps: its text, the empty line, the log's own line; witnesses come and go."""
    taken = parse_note(note)
    origin = taken.text.partition("\n")[0]
    return Note(taken.text, tuple(line for line in taken.lines if line.name == origin)).whole.encode()


def lock(session: Session) -> None:
    """One at a time, over all workers: whoever holds the log's row."""
    session.exec(select(LogRow).where(LogRow.id == 1).with_for_update()).first()


def _due(now: datetime) -> SelectOfScalar[StampRow]:
    return select(StampRow).where(col(StampRow.next_at) <= now).order_by(col(StampRow.next_at), col(StampRow.idx))


def _data(session: Session, subjects: Sequence[str]) -> dict[str, bytes]:
    """What a token over each of these stamps: an attestation's signature, a checkpoint's own lines."""
    signed = select(EntryRow.pae_sha256, EntryRow.signature).where(col(EntryRow.pae_sha256).in_(subjects))
    sizes = [_size(subject) for subject in subjects if subject.startswith(CHECKPOINT)]
    noted = select(CheckpointRow.size, CheckpointRow.note).where(col(CheckpointRow.size).in_(sizes))
    found = dict(session.exec(signed).all())
    return found | {f"{CHECKPOINT}{size}": own_lines(note) for size, note in session.exec(noted)}


def _size(subject: str) -> int:
    return int(subject.removeprefix(CHECKPOINT)) if subject.startswith(CHECKPOINT) else 0


def _token(row: TokenRow) -> Token:
    return Token(row.id or 0, row.subject, row.gen_at, row.late, row.data)
