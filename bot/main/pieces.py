"""The working parts of one process: runtime, facts, sources, Slack. Nothing is built before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from typing import BinaryIO

import structlog

from bot.clock import SystemClock
from bot.draft import Mill
from bot.facts import FactBook
from bot.main.keykeeping import LiveSigner
from bot.main.keys import note_keys
from bot.main.signin import SignIn, links_of, shown_by, sign_in_of
from bot.main.standing import ledger_state
from bot.main.storage import Storage, our_version
from bot.main.weakness import OpenWeaknesses
from bot.program.closed import closed_days
from bot.pull import Puller
from bot.runtime import Runtime, fresh_nonce
from bot.settings import Settings
from bot.signin.link import Linking
from bot.slack.app import BoltApp, Office, build_app, office
from bot.slack.chat import SlackWeb
from bot.slack.installation import Installed
from bot.slack.ports import Deps
from bot.sources.opening import SourceOpener
from bot.store.ci import CiTokens
from bot.store.finding import Findings
from bot.store.keys import Keys
from bot.store.outbox_queue import Queue
from bot.store.outbox_values import SLACK_LIMITS, Limit
from workflows.kernel.arrival import EVIDENCE
from workflows.kernel.erasure_view import ERASURE
from workflows.kernel.keykeeping_view import keykeeping
from workflows.kernel.ledger import LEDGER
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.ports import ChatFailure, Clock, EvidenceMissing
from workflows.registry import WORKFLOWS

SYNC_EVERY = timedelta(hours=6)
LOG = structlog.get_logger("attester")


class Pieces(Storage):
    """What a process works with, each part built at its first use."""

    def __init__(
        self, settings: Settings, clock: Clock | None = None, *, limits: Mapping[str, Limit] = SLACK_LIMITS
    ) -> None:
        super().__init__(settings, clock)
        self.wall: Clock = SystemClock()
        self.progress: Callable[[str], None] = lambda _: None
        self._limits = limits

    @cached_property
    def facts(self) -> FactBook:
        """What rules may know."""
        weak = OpenWeaknesses(Findings(self.database), self.record, self.clock)
        return FactBook(
            self.record, self.snapshots, self.programs, closed_days, self.links, WORKFLOWS, weak, self.members
        )

    @cached_property
    def links(self) -> Linking | None:
        """Slack users who are linked to persons; None where no identity provider is set."""
        return links_of(self, lambda: self.facts.directory(), lambda: self.runtime)

    @cached_property
    def sign_in(self) -> SignIn | None:
        """Signing in at the identity provider; None where none is set."""
        if self.links is None:
            return None
        return sign_in_of(self, self.links, self.facts.directory, lambda: self.runtime, self._sign_in_age)

    def _sign_in_age(self) -> int:
        return self.facts.program().company.sign_in_age

    @cached_property
    def runtime(self) -> Runtime:
        """The one path of a decision."""
        origin = self.log.origin()
        mill = Mill(LiveSigner(self.signer, Keys(self.database), self.clock), origin, our_version(), fresh_nonce)
        every = (*WORKFLOWS, LEDGER, EVIDENCE, ERASURE, IDENTITY, keykeeping(self.signer.keyid))
        made = Runtime(self.record, every, mill, self.clock, self.facts)
        note_keys(made, origin, self.signer, self.log_key)
        return made

    @cached_property
    def opener(self) -> SourceOpener:
        """Opens sources with the environment's credentials."""
        return SourceOpener(self.settings, folder=self.folder, vault=self.vault, clock=self.clock, code=our_version())

    @cached_property
    def puller(self) -> Puller:
        """Pulls sources."""
        return Puller(
            facts=self.facts,
            snapshots=self.snapshots,
            record=self.record,
            runtime=self.runtime,
            opener=self.opener,
            clock=self.clock,
            worker=self.worker,
            progress=lambda said: self.progress(said),
        )

    @cached_property
    def chat(self) -> SlackWeb:
        """Slack's Web API."""
        return SlackWeb(self.settings.slack_bot_token, self.settings.slack_api_url)

    @cached_property
    def installed(self) -> Installed:
        """The workspace that the app is installed in."""
        return Installed(self.chat, self.settings.data / "installation.json")

    @cached_property
    def queue(self) -> Queue:
        """The outbox."""
        return Queue(self.database, self.clock, self.worker, limits=self._limits)

    @cached_property
    def office(self) -> Office:
        """What Slack's listeners work with."""
        deps = Deps(
            signing_secret=self.settings.slack_signing_secret or self.settings.slack_app_token,
            installation=self.installed,
            runtime=self.runtime,
            cases=self.record,
            members=self.members,
            refusals=self.refusals,
            book=self.facts,
            chat=self.chat,
            clock=self.clock,
            resync=self.sync_members_quietly,
            stopped=lambda reason: self.queue.sound("slack_stopped", reason),
            enrol=self.sign_in.enrol if self.sign_in else None,
            step_up=self.sign_in.step_up if self.sign_in else None,
            link=shown_by(self.links) if self.links else lambda team, user: None,
            ledger=lambda: ledger_state(self, self.queue),
        )
        return office(deps)

    @cached_property
    def slack_app(self) -> BoltApp:
        """The Bolt app with its listeners."""
        return build_app(self.office.deps, self.office)

    def sync_members(self) -> int:
        """Read Slack's directory now. Raises ChatFailure."""
        self.installed.ask()
        return self.members.sync(self.chat.users(), self.clock.now())

    def sync_members_when_old(self) -> None:
        """Read Slack's directory where it is six hours old."""
        at = self.members.synced_at()
        if at is None or self.clock.now() - at > SYNC_EVERY:
            self.sync_members_quietly()

    def sync_members_quietly(self) -> None:
        """Read Slack's directory; a failure is logged, and people are refused while it is too old."""
        try:
            self.sync_members()
        except ChatFailure as failure:
            LOG.warning("members_not_read", reason=failure.code)

    def evidence(self, sha256: str) -> bytes:
        """Evidence by its digest. Raises EvidenceMissing, EvidenceAltered."""
        with self.open_evidence(sha256) as stream:
            return stream.read()

    def open_evidence(self, sha256: str) -> BinaryIO:
        """The bytes of a piece of evidence, from the vault or, before they are copied there, from the record or the tokens.

        Raises EvidenceMissing or EvidenceAltered.
        """
        try:
            return self.vault.open(sha256)
        except EvidenceMissing:
            born = self.record.evidence(sha256) or CiTokens(self.database).text(sha256)
            if born is None:
                raise
            return BytesIO(born)

    def case_link(self, case: str) -> str:
        """Where somebody reads about a case outside Slack; empty without a public address."""
        return self.settings.public_url
