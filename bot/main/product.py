"""The composition root: the only place where adapters are built and handed to each other. Nothing is built before it is used."""

from __future__ import annotations

from functools import cached_property

import structlog

from bot.delivery import Cards, CardsThenHome, Copies, Handler, Homes, Mender, Pulls
from bot.due import Due
from bot.facts import NoProgram
from bot.jobs import Jobs, Tick
from bot.main import outside
from bot.main.ci import Ci
from bot.main.deploy import Deploys
from bot.main.erasure import erase_agreed
from bot.main.grant import Granting
from bot.main.keykeeping import settle
from bot.main.linking import LinkWatch
from bot.main.notes import Integrating, Notes
from bot.main.pieces import Pieces
from bot.main.proof import proof_of
from bot.main.scan import Scans
from bot.main.standing import Watch, frozen_now, ledger_state
from bot.main.storage import our_version
from bot.outbox import Deliverer
from bot.packet.source import PacketSource
from bot.pull import PullRunning
from bot.receipt import ReceiptsInThreads
from bot.reconcile import Reconciler, open_cards
from bot.slack.door import Door
from bot.store.outbox_listen import Listener
from bot.web.app import WebApp, build_web
from bot.web.ports import WebDeps
from workflows.kernel.checkpoint import Checkpoint
from workflows.kernel.ports import SourceFailed

PENDING_TOO_LONG = 60.0
UNREADY = frozenset({"slack_stopped", "clock_went_back"})
"""Alarms with which a process cannot do its work; the others are for an operator, and `attester doctor` names them."""
LOG = structlog.get_logger("attester")


class Product(Pieces):
    """Everything of one process, built at its first use. `close` gives it back."""

    def web(self, jobs: Jobs | None = None) -> WebApp:
        """The web app of this process; ``jobs`` are those that run in it too, and count for its health."""
        door = Door(self.slack_app, self.office.deps.signing_secret, self.wall)
        answer = door.receive if self.settings.slack_signing_secret else None
        sick = jobs.sick if jobs else list
        pages = self.sign_in.site if self.sign_in else None
        return build_web(
            WebDeps(
                wall=self.wall,
                slack=answer,
                log=self.log,
                proof=lambda attestation: proof_of(self.log, attestation),
                sign_in=pages,
                github=self.deploys.events(),
                hooks=self.deploys.hooks(),
                evidence=self.ci.door(),
                exceptions=self.ci.exceptions(),
                unhealthy=sick,
                unready=self.unready,
            )
        )

    @cached_property
    def deploys(self) -> Deploys:
        """Pipelines that ask whether a deployment may go."""
        return Deploys(self)

    @cached_property
    def ci(self) -> Ci:
        """Runs of pipelines that bring evidence."""
        return Ci(self)

    @cached_property
    def granting(self) -> Granting:
        """Grants through the source, and takes away at the end."""
        return Granting(self, self.deploys)

    @cached_property
    def due(self) -> Due:
        """Looks at what time alone causes."""
        return Due(self.record, self.runtime, self.facts, self.clock)

    @cached_property
    def link_watch(self) -> LinkWatch:
        """Keeps links between Slack accounts and persons true."""
        return LinkWatch(self, self.facts, lambda: self.runtime)

    def deliverer(self) -> Deliverer:
        """Delivers what the outbox holds."""
        handlers: dict[str, Handler] = {
            "card": CardsThenHome(Cards(self.chat, self.case_link, self._undeliverable), self.queue.enqueue),
            "home": Homes(self.chat, lambda user: self.office.events.render(user, self.installed())),
            "copy": Copies(self.record.evidence, self.vault),
            "pull": Pulls(self.puller.pull),
            "grant": self.granting,
            "receipt": ReceiptsInThreads(self.chat, self.receipts.card, self.settings.public_url),
            **self.deploys.handlers(),
        }
        return Deliverer(self.queue, handlers, self.clock)

    def jobs(self, deliverer: Deliverer, *, without: frozenset[str] = frozenset()) -> Jobs:
        """Everything that time wakes, in this process, ``without`` some by name."""
        notes = Notes(lambda: self.runtime)
        cover = outside.comparing_first(self, self.queue, self._cover)
        ticks = [
            Tick("integrate", 0.2, Integrating(cover, self.queue, notes).run),
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
            Tick("scans", 60.0, lambda: Scans(self).catch_up()),
            Tick("ci_tokens", 60.0, self.ci.keep),
            Tick("erase", 600.0, lambda: erase_agreed(self, self.runtime)),
            Tick("keys", 10.0, lambda: settle(self, self.runtime)),
            Tick("links", 10.0, self.link_watch.settle),
            Tick("links_seen", 30.0, self.link_watch.look),
            Tick("standing", 60.0, Watch(self, self.queue, self.facts, lambda: ledger_state(self, self.queue)).run),
            *outside.ticks(self, self.queue, notes),
            *self.deploys.ticks(),
        ]
        hear = Listener(self.database, deliverer.poke)
        return Jobs(deliverer, [t for t in ticks if t.name not in without], self.clock, [hear.run_until])

    def reconciler(self) -> Reconciler:
        """Compares what should stand in Slack with what was sent last."""
        return Reconciler(self.queue, lambda: open_cards(self.record, self.runtime, self.facts.directory), self.clock)

    def integrate(self) -> bool:
        """Cover what is pending with a checkpoint; True where there was something."""
        return self._cover() is not None

    def _cover(self) -> Checkpoint | None:
        return self.log.integrate(self.log_key, self.clock.now())

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

    def packet_source(self) -> PacketSource:
        """What a packet is written from."""
        time = outside.OutsideTime(self)
        return PacketSource(self.log, self.signer, self.log_key.public, self.open_evidence, our_version(), time)

    def unready(self) -> list[str]:
        """Why this process cannot do its work, as sentences; empty where it can."""
        reasons = [alarm.detail for alarm in self.queue.alarms() if alarm.name in UNREADY] + frozen_now(self)
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
        if "deploys" in self.__dict__:
            self.deploys.close()
        if "office" in self.__dict__:
            self.office.close()
        super().close()
