"""Slack's directory as last synced, and the attempts that were refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.table_case import RefusalRow, SlackUserRow
from workflows.kernel.ports import ChatUser

SAME_ATTEMPT = timedelta(hours=1)


class SlackPeople:
    """Who is in the workspace, as Slack said when it was last asked."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def sync(self, users: Iterable[ChatUser], at: datetime) -> int:
        """Take over everybody; somebody Slack no longer lists is kept as deleted. Returns how many were listed.

        Raises ValueError where nobody is listed: a workspace has at least one member, so the list was not read.
        """
        # Read to the end first: no writer's lock is held while Slack answers page by page.
        listed = {(user.team, user.user): user for user in users}
        if not listed:
            raise ValueError("Slack listed nobody; what was known stays as it is. Ask again.")
        with in_words(), self._db.write() as session:
            known = {(r.team, r.user): r for r in session.exec(select(SlackUserRow))}
            for key, user in listed.items():
                session.add(_taken_over(known.pop(key, _new(user)), user, at))
            for row in known.values():
                row.deleted = True
                row.synced_at = at
                session.add(row)
        return len(listed)

    def update(self, user: ChatUser, at: datetime) -> None:
        """Take over what Slack said of one person; that says nothing of how old the rest of the directory is."""
        with in_words(), self._db.write() as session:
            row = session.get(SlackUserRow, (user.team, user.user)) or _new(user)
            session.add(_taken_over(row, user, row.synced_at))

    def find(self, team: str, user: str) -> ChatUser | None:
        """The person's row, or None where Slack never told us of them."""
        with self._db.read() as session:
            row = session.get(SlackUserRow, (team, user))
            return ChatUser.model_validate(row.model_dump(exclude={"synced_at"})) if row else None

    def deactivated(self) -> set[tuple[str, str]]:
        """(team, user) of everybody whom Slack calls deactivated, or lists no more."""
        with self._db.read() as session:
            query = select(SlackUserRow.team, SlackUserRow.user).where(col(SlackUserRow.deleted).is_(True))
            return {(team, user) for team, user in session.exec(query)}

    def synced_at(self) -> datetime | None:
        """When the whole directory was last read; None before the first time."""
        with self._db.read() as session:
            return session.exec(select(func.min(col(SlackUserRow.synced_at)))).first()


def _new(user: ChatUser) -> SlackUserRow:
    return SlackUserRow(team=user.team, user=user.user, name=user.name, time_zone=user.time_zone)


def _taken_over(row: SlackUserRow, user: ChatUser, synced_at: datetime | None) -> SlackUserRow:
    """The person's row as Slack describes them now; e-mail addresses are not kept, they prove nothing."""
    for name, value in user.model_dump(exclude={"team", "user", "email"}).items():
        setattr(row, name, value)
    row.synced_at = synced_at
    return row


class Refusals:
    """Attempts that were refused, counted per hour so that nobody grows the record by clicking."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        at: datetime,
        team: str,
        user: str,
        person: str | None,
        case: str | None,
        act: str,
        reason: str,
        sentence: str,
    ) -> bool:
        """Note an attempt; True where it is the first of its kind within the hour."""
        team, user, act, reason = (text[:64] for text in (team, user, act, reason))
        with in_words(), self._db.write() as session:
            query = select(RefusalRow).where(
                RefusalRow.team == team,
                RefusalRow.user == user,
                RefusalRow.case_id == case,
                RefusalRow.act == act,
                RefusalRow.reason == reason,
                col(RefusalRow.at) > at - SAME_ATTEMPT,
            )
            row = session.exec(query).first()
            if row is not None:
                row.count += 1
                row.last_at = at
                session.add(row)
                return False
            session.add(
                RefusalRow(
                    at=at,
                    last_at=at,
                    team=team,
                    user=user,
                    person=person,
                    case_id=case,
                    act=act,
                    reason=reason,
                    sentence=sentence,
                )
            )
            return True

    def all(self) -> list[tuple[datetime, str, str | None, str, str, int]]:
        """(at, user, case, act, reason, count) of every refusal, oldest first."""
        with self._db.read() as session:
            rows = session.exec(select(RefusalRow).order_by(col(RefusalRow.id)))
            return [(r.at, r.user, r.case_id, r.act, r.reason, r.count) for r in rows]
