"""The composition root: the only place where adapters are built and handed to each other. Nothing is built before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from typing import BinaryIO

import structlog

from bot.clock import SystemClock
from bot.delivery import Cards, CardsThenHome, Copies, Handler, Homes, Mender, Pulls
from bot.draft import Mill
from bot.due import Due
from bot.facts import FactBook, NoProgram
from bot.jobs import Jobs, Tick
from bot.main import outside
from bot.main.keys import note_keys
from bot.main.signin import SignIn, links_of, sign_in_of
from bot.main.storage import Storage, our_version
from bot.outbox import Deliverer
from bot.packet.source import PacketSource
from bot.program.closed import closed_days
from bot.pull import Puller, PullRunning
from bot.receipt import ReceiptsInThreads
from bot.reconcile import Reconciler, open_cards
from bot.runtime import Runtime, fresh_nonce
from bot.settings import Settings
from bot.signin.link import Linking
from bot.slack.app import BoltApp, Office, build_app, office
from bot.slack.chat import SlackWeb
from bot.slack.door import Door
from bot.slack.installation import Installed
from bot.slack.ports import Deps
from bot.sources.opening import SourceOpener
from bot.store.outbox_listen import Listener
from bot.store.outbox_queue import Queue
from bot.store.outbox_values import SLACK_LIMITS, Limit
from bot.web.app import WebApp, build_web
from bot.web.ports import WebDeps
from workflows.kernel.ledger import LEDGER
from workflows.kernel.ports import ChatFailure, Clock, EvidenceMissing, SourceFailed
from workflows.registry import WORKFLOWS

SYNC_EVERY = timedelta(hours=6)
PENDING_TOO_LONG = 60.0
UNREADY = frozenset({"slack_stopped", "clock_went_back"})
"""Alarms with which a process cannot do its work; the others are for an operator, and `attester doctor` names them."""
LOG = structlog.get_logger("attester")


class Product(Storage):
    """Everything of one process, built at its first use. `close` gives it back."""

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
        return FactBook(self.record, self.snapshots, self.programs, closed_days, self.links)

    @cached_property
    def links(self) -> Linking | None:
        """Slack users whom a sign-in linked to persons; None where no identity provider is set."""
        return links_of(self, lambda: self.facts.directory())

    @cached_property
    def sign_in(self) -> SignIn | None:
        """Signing in at the identity provider; None where none is set."""
        return sign_in_of(self, self.links, self.facts.directory) if self.links is not None else None

    @cached_property
    def runtime(self) -> Runtime:
        """The one path of a decision."""
        origin = self.log.origin()
        mill = Mill(self.signer, origin, our_version(), fresh_nonce)
        made = Runtime(self.record, (*WORKFLOWS, LEDGER), mill, self.clock, self.facts)
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
        )
        return office(deps)

    @cached_property
    def slack_app(self) -> BoltApp:
        """The Bolt app with its listeners."""
        return build_app(self.office.deps, self.office)

    def web(self, jobs: Jobs | None = None) -> WebApp:
        """The web app of this process; ``jobs`` are those that run in it too, and count for its health."""
        door = Door(self.slack_app, self.office.deps.signing_secret, self.wall)
        answer = door.receive if self.settings.slack_signing_secret else None
        sick = jobs.sick if jobs else list
        pages = self.sign_in.site if self.sign_in else None
        return build_web(
            WebDeps(wall=self.wall, slack=answer, log=self.log, sign_in=pages, unhealthy=sick, unready=self.unready)
        )

    @cached_property
    def due(self) -> Due:
        """Looks at what time alone causes."""
        return Due(self.record, self.runtime, self.facts, self.clock)

    def deliverer(self) -> Deliverer:
        """Delivers what the outbox holds."""
        handlers: dict[str, Handler] = {
            "card": CardsThenHome(Cards(self.chat, self.case_link, self._undeliverable), self.queue.enqueue),
            "home": Homes(self.chat, lambda user: self.office.events.render(user, self.installed())),
            "copy": Copies(self.record.evidence, self.vault),
            "pull": Pulls(self.puller.pull),
            "receipt": ReceiptsInThreads(self.chat, self.receipts.card),
        }
        return Deliverer(self.queue, handlers, self.clock)

    def jobs(self, deliverer: Deliverer, *, without: frozenset[str] = frozenset()) -> Jobs:
        """Everything that time wakes, in this process, ``without`` some by name."""
        ticks = [
            Tick("integrate", 0.2, self.integrate),
            Tick("wake", 5.0, self.due.wake),
            Tick("open", 30.0, self.due.open),
            Tick("pull", 300.0, self.pull_due),
            Tick("members", 60.0, self.sync_members_when_old),
            Tick("heartbeat", 10.0, lambda: self.queue.seen("worker", our_version())),
            Tick("park", 60.0, deliverer.park),
            Tick("mend", 60.0, Mender(self.queue, self.chat).run),
            Tick("reconcile", 3600.0, self.reconciler().run, at_start=False),
            Tick("forget", 3600.0, self._forget),
            Tick("receipt", 2.0, lambda: self.receipts.enqueue(self.clock.now())),
            *outside.ticks(self, self.queue),
        ]
        hear = Listener(self.database, deliverer.poke)
        return Jobs(deliverer, [t for t in ticks if t.name not in without], self.clock, [hear.run_until])

    def reconciler(self) -> Reconciler:
        """Compares what should stand in Slack with what was sent last."""
        return Reconciler(self.queue, lambda: open_cards(self.record, self.runtime, self.facts.directory), self.clock)

    def integrate(self) -> bool:
        """Cover what is pending with a checkpoint; True where there was something."""
        return self.log.integrate(self.log_key, self.clock.now()) is not None

    def pull_due(self) -> int:
        """Pull the sources that are growing old; returns how many."""
        try:
            due = self.puller.due(self.clock.now())
        except NoProgram:
            return 0
        for source in due:
            try:
                self.puller.pull(source, "schedule")
            except (PullRunning, SourceFailed) as error:
                LOG.info("pull_not_made", source=source, why=str(error))
        return len(due)

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

    def packet_source(self) -> PacketSource:
        """What a packet is written from."""
        time = outside.OutsideTime(self)
        return PacketSource(self.log, self.signer, self.log_key.public, self.open_evidence, our_version(), time)

    def evidence(self, sha256: str) -> bytes:
        """Evidence by its digest. Raises EvidenceMissing, EvidenceAltered."""
        with self.open_evidence(sha256) as stream:
            return stream.read()

    def open_evidence(self, sha256: str) -> BinaryIO:
        """The bytes of a piece of evidence, from the vault or, before they are copied there, from the record.

        Raises EvidenceMissing or EvidenceAltered.
        """
        try:
            return self.vault.open(sha256)
        except EvidenceMissing:
            born = self.record.evidence(sha256)
            if born is None:
                raise
            return BytesIO(born)

    def case_link(self, case: str) -> str:
        """Where somebody reads about a case outside Slack; empty without a public address."""
        return self.settings.public_url

    def unready(self) -> list[str]:
        """Why this process cannot do its work, as sentences; empty where it can."""
        reasons = [alarm.detail for alarm in self.queue.alarms() if alarm.name in UNREADY]
        if self.settings.slack_bot_token and self.installed() is None:
            reasons.append("Slack has not told us yet who we are. Check SLACK_BOT_TOKEN with: attester doctor")
        waiting = self.log.pending_age(self.clock.now())
        if waiting > PENDING_TOO_LONG:
            reasons.append(f"Attestations wait {waiting:.0f} s for the log. Check that a worker runs.")
        return reasons

    def _undeliverable(self, case: str, key: str) -> None:
        LOG.warning("ask_undeliverable", case=case, key=key)

    def _forget(self) -> None:
        self.record.forget_claims(self.clock.now())
        self.queue.forget()
        self.sign_ins.forget(self.wall.now())

    def close(self) -> None:
        """Give back what was opened."""
        if "office" in self.__dict__:
            self.office.close()
        super().close()
