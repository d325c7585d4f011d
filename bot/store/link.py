"""Who a Slack user is, asked at every click: an index over the events of links, made from them and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, func, select

from bot.store.database import Database
from bot.store.failure import in_words
from bot.store.replay import Deviation, events_of
from bot.store.table_case import CaseRow
from bot.store.table_signin import SlackLinkRow
from bot.store.write import StoredEvent
from workflows.kernel.attestation import heard
from workflows.kernel.identity import PersonId
from workflows.kernel.linking import ACCOUNTS, Account, account_of, case_of, evolve
from workflows.kernel.linking_event import EVENTS
from workflows.kernel.model import CaseId, Recorded
from workflows.kernel.signin import SlackLink

KINDS = {(kind.NAME, kind.VERSION): kind for kind in EVENTS}


class SlackLinks:
    """The links, as their events have them. A row without an attestation is in force for nobody."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def settle(self, case: CaseId) -> bool:
        """Make the rows of a Slack account what its events say; True where they were not. Safe to repeat and in parallel."""
        with self._db.read() as session:
            if not list(_difference(session, case)):
                return False
        with in_words(), self._db.write() as session:
            # No older look at the events may be written after a newer one.
            session.get(CaseRow, case, with_for_update=True)
            found = list(_difference(session, case))
            if found:
                write_links(session, case, events_of(session, case))
            return bool(found)

    def settle_all(self) -> list[Deviation]:
        """The same for every account; returns what was wrong."""
        found = list(self.deviations())
        for case in dict.fromkeys(one.case for one in found):
            self.settle(case)
        return found

    def deviations(self) -> Iterator[Deviation]:
        """Where the rows say something else than the events."""
        with self._db.read() as session:
            pairs = session.exec(select(SlackLinkRow.team, SlackLinkRow.user).distinct()).all()
            named = session.exec(
                select(CaseRow.case_id).where(col(CaseRow.case_id).startswith(ACCOUNTS, autoescape=True))
            )
            cases = sorted({*named, *(case_of(team, user) for team, user in pairs)})
        for case in cases:
            with self._db.read() as session:
                found = list(_difference(session, case))
            yield from found

    def heads(self) -> dict[CaseId, int]:
        """The number of the last event of each account."""
        with self._db.read() as session:
            query = select(CaseRow.case_id, CaseRow.n).where(col(CaseRow.case_id).startswith(ACCOUNTS, autoescape=True))
            return dict(session.exec(query).all())

    def of_user(self, team: str, user: str) -> SlackLink | None:
        """The link that stands for a Slack user; None where none does."""
        with self._db.read() as session:
            query = select(SlackLinkRow).where(*IN_FORCE, SlackLinkRow.team == team, SlackLinkRow.user == user)
            row = session.exec(query).first()
            return _link(row) if row else None

    def of_person(self, issuer: str, sub: PersonId, team: str = "") -> Sequence[SlackLink]:
        """The links that stand for a person, in one team or in all; what a sign-in proved comes first."""
        with self._db.read() as session:
            query = select(SlackLinkRow).where(*IN_FORCE, SlackLinkRow.issuer == issuer, SlackLinkRow.sub == sub)
            found = [_link(row) for row in session.exec(query) if not team or row.team == team]
            return sorted(found, key=lambda link: (link.method == "attested", link.at, link.user))

    def ever(self, issuer: str, sub: PersonId, team: str) -> int:
        """How many links a person ever had in a team."""
        with self._db.read() as session:
            query = select(func.count()).select_from(SlackLinkRow)
            return session.exec(
                query.where(SlackLinkRow.issuer == issuer, SlackLinkRow.sub == sub, SlackLinkRow.team == team)
            ).one()

    def version(self) -> tuple[int, int, int]:
        """Changes whenever a link is made, ended or suspended."""
        with self._db.read() as session:
            suspended = func.count(func.nullif(col(SlackLinkRow.suspended), ""))
            query = select(func.count(), func.count(col(SlackLinkRow.ended_at)), suspended)
            return session.exec(query.select_from(SlackLinkRow)).one()

    def standing(self, issuer: str) -> dict[str, SlackLink]:
        """The link of each Slack user who has one of this issuer."""
        with self._db.read() as session:
            query = select(SlackLinkRow).where(*IN_FORCE, SlackLinkRow.issuer == issuer)
            return {row.user: _link(row) for row in session.exec(query.order_by(col(SlackLinkRow.at)))}

    def links(self) -> Sequence[SlackLink]:
        """Every link that ever was, oldest first."""
        with self._db.read() as session:
            rows = session.exec(select(SlackLinkRow).order_by(col(SlackLinkRow.at), col(SlackLinkRow.id)))
            return [_link(row) for row in rows]


IN_FORCE: tuple[ColumnElement[bool], ...] = (col(SlackLinkRow.ended_at).is_(None), col(SlackLinkRow.attestation) != "")
TOLD = col(SlackLinkRow.ended_at).is_(None) | (col(SlackLinkRow.attestation) != "")
"""Rows that events have to tell. The others are from before links were events, and over."""


def links_by(case: CaseId, events: Sequence[StoredEvent]) -> tuple[SlackLink, ...] | None:
    """Every link that an account's events tell, oldest first; None where their texts are erased."""
    state: Account | None = None
    for event in events:
        kind = KINDS.get((event.name, event.version))
        if event.erased:
            return None
        if kind is not None:
            told = Recorded(
                case=case, n=event.n, seq=event.seq, event=kind.model_validate(event.body), at=event.at, by=heard(event.by),
                attestation=event.attestation,
            )  # fmt: skip
            state = evolve(state, told)
    return state.links if state is not None else ()


def write_links(session: Session, case: CaseId, events: Sequence[StoredEvent]) -> None:
    """The rows of an account anew, as its events tell them."""
    should, (team, user) = links_by(case, events), account_of(case)
    if should is None or not user:
        return
    session.execute(delete(SlackLinkRow).where(col(SlackLinkRow.team) == team, col(SlackLinkRow.user) == user, TOLD))
    session.flush()
    session.add_all(SlackLinkRow(**link.model_dump()) for link in should)


def _difference(session: Session, case: CaseId) -> Iterator[Deviation]:
    team, user = account_of(case)
    should = links_by(case, events_of(session, case))
    if should is None or not user:
        return
    query = select(SlackLinkRow).where(SlackLinkRow.team == team, SlackLinkRow.user == user, TOLD)
    stands = [_link(row) for row in session.exec(query.order_by(col(SlackLinkRow.at), col(SlackLinkRow.id)))]
    for number in range(max(len(stands), len(should))):
        has, wants = (links[number] if number < len(links) else None for links in (stands, should))
        if has != wants:
            yield Deviation(case, f"link {number + 1}", has and _said(has), wants and _said(wants))


def _said(link: SlackLink) -> dict[str, object]:
    return link.model_dump(exclude_defaults=True)


def _link(row: SlackLinkRow) -> SlackLink:
    return SlackLink.model_validate(row.model_dump(exclude={"id"}))
