"""Events that Slack sends without anybody waiting: a Home tab opened, a member changed, the app removed.

All of them are idempotent: Slack re-delivers an event that was not acknowledged, and may do so in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from bot.slack.decide import Desk
from bot.slack.home import acts, enrol_url, home_view, refused_view
from bot.slack.home_ledger import ledger_blocks
from bot.slack.home_link import own_link
from bot.slack.identify import Identify
from bot.slack.lookup import LookUp
from bot.slack.member import read_member
from bot.slack.payload import Incoming, Where, read_where
from bot.slack.ports import Deps, Installation
from bot.slack.who import may_act
from workflows.kernel.blocks import Block
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.model import Via

EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked", "user_change")
"""What we subscribe to; the manifest declares the same ones."""

LOOKED_AT = 40
"""Events looked at for the receipts: one act may lead to many."""

NOBODY = Refused("not_linked", "Your Slack account is not linked yet.", "Link it to see what waits for you.")
LOG = structlog.get_logger("attester.slack")


class Events:
    """What each event leads to."""

    def __init__(self, deps: Deps, desk: Desk, identify: Identify, lookup: LookUp) -> None:
        self._deps = deps
        self._desk = desk
        self._identify = identify
        self._lookup = lookup

    def home(self, body: Mapping[str, Any]) -> Callable[[], None] | None:
        """What publishes the tab of somebody who opened it; None for our Messages tab. Whether they may see it is noted now."""
        if body["event"].get("tab", "home") != "home":
            return None
        seen = Incoming(kind="event", where=read_where(body), via=Via(interaction="app_home_opened", action_id="home"))
        refusal = self._desk.refusal(seen, self._deps.installation(), "person")
        return lambda: self._publish(seen.where, refusal)

    def _publish(self, where: Where, refusal: Refused | None) -> None:
        chat, installed = self._deps.chat, self._deps.installation()
        chat.publish_home(where.user, self.render(where.user, installed))
        if refusal is not None and refusal.code == "unverified":
            self._lookup.ask(where)
            chat.publish_home(where.user, self.render(where.user, installed))

    def render(self, user: str, installed: Installation | None) -> Block:
        """A Slack user's Home tab as it should be now: a refusal and nothing else where they may not act."""
        deps, now = self._deps, self._deps.clock.now()
        who = self._identify.member(user, installed)
        refusal, person = may_act(who.facts, "person", now), who.facts.person
        if refusal is not None or person is None:
            return refused_view(refusal or NOBODY, user, enrol_url(deps, refusal, user, installed))
        summaries = deps.cases.summaries(open_only=True)
        titles = {s.case: s.title for s in summaries}
        lately = acts(deps.cases.lately(person.id, LOOKED_AT))
        for case in {c for c, _ in lately if c not in titles}:
            ended = deps.cases.summary(case)
            titles[case] = ended.title if ended else case
        return home_view(
            deps.cases.asks(person.id),
            [s for s in summaries if s.owner == person.id],
            lately,
            now,
            deps.case_url,
            titles,
            self._ledger(person, now),
            own_link(deps, user, installed),
        )

    def _ledger(self, person: Person, now: datetime) -> list[Block]:
        """How the ledger stands, where this person answers for a control or stands in for who does."""
        if self._deps.ledger is None:
            return []
        controls = self._deps.book.program().controls
        if person.login not in {login for control in controls for login in (control.owner, control.deputy)}:
            return []
        return ledger_blocks(self._deps.ledger(), now)

    def member_changed(self, body: Mapping[str, Any]) -> None:
        """Take over a member's row: somebody deactivated now is refused from now on, not from the next sync."""
        row = body["event"].get("user")
        installed = self._deps.installation()
        if not isinstance(row, Mapping) or installed is None:
            return
        try:
            member = read_member(row)
        except ValueError:
            LOG.warning("member_unreadable")
            return
        self._deps.members.update(member, self._deps.clock.now())

    def removed(self, body: Mapping[str, Any]) -> None:
        """The app was uninstalled or its token revoked: sending stops, asks stay open, readiness says why."""
        tokens = body["event"].get("tokens")
        ours = body["event"]["type"] == "app_uninstalled" or (isinstance(tokens, Mapping) and bool(tokens.get("bot")))
        if ours:
            self._deps.stopped(str(body["event"]["type"]))
