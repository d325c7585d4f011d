"""Deploys, wired: pipelines ask by webhook, people decide in Slack, and whoever asked is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

import structlog

from bot.delivery import Handler
from bot.github.asked import AskedWork
from bot.github.client import GitHub
from bot.github.collect import Collector
from bot.github.door import KIND, REVIEWED, EventDoor
from bot.github.guard import GuardWork, Seen
from bot.github.look import GIVEN_UP, LookWork
from bot.github.reviewed import ReviewedWork
from bot.github.tell import TellWork
from bot.github.token import Tokens
from bot.github.work import Parts, Went
from bot.hook.door import HookDoor
from bot.hook.ports import Parts as HookParts
from bot.jobs import Tick
from bot.main.pieces import Pieces
from bot.main.pipeline import PipelineBook, ProgramRules, lane
from bot.store.outbox_values import Claimed, Kind, Outcome
from bot.store.pipeline import PipelineDeploy
from workflows.approval.model import Approval, AttachEvidence, NoteOutcome
from workflows.kernel.errors import Refused
from workflows.kernel.model import Command, by_system

LONGEST = 120.0
HOOK_EVERY = timedelta(seconds=30)
LOG = structlog.get_logger("attester.deploys")


class Work(Protocol):
    """Does what an outbox row says."""

    def __call__(self, payload: Mapping[str, Any]) -> Went: ...


class Worked:
    """Rows of one kind, done by a function."""

    kind = Kind()
    longest = LONGEST

    def __init__(self, work: Work) -> None:
        self._work = work

    def deliver(self, row: Claimed) -> Outcome:
        """Do it, and say how it went."""
        went = self._work(row.payload)
        return Outcome(went.kind, went.note, went.seconds, alarm=went.alarm)


class Deploys:
    """Everything of deploys in one process."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._rules = ProgramRules(pieces)
        self._book = PipelineBook(pieces, "github")

    @property
    def on_github(self) -> bool:
        """Whether a GitHub App is set."""
        return bool(self._pieces.settings.github_app_id)

    @cached_property
    def parts(self) -> Parts:
        """What GitHub's requests are worked on with."""
        settings = self._pieces.settings
        tokens = Tokens(settings.github_app_id, settings.github_app_private_key, self._pieces.wall)
        github = GitHub(settings.github_api_url, tokens)
        collector = Collector(github, self._pieces.vault, self._pieces.clock)
        return Parts(
            github, collector, self._book, self._pieces.runtime, self._rules, self._pieces.clock, settings.github_app_id
        )

    def events(self) -> EventDoor | None:
        """`POST /github/events`; None where no App is set."""
        if not self.on_github:
            return None
        settings = self._pieces.settings
        host = lane(self._pieces).partition(":")[2]
        return EventDoor(settings.github_webhook_secret, self._book, self._pieces.clock, host)

    def hooks(self) -> HookDoor | None:
        """`/hooks/{name}`; None where no hook has a secret."""
        p = self._pieces
        if not p.settings.hook_secrets:
            return None
        parts = HookParts(self._book, p.runtime, self._rules, p.vault, p.clock, p.wall)
        return HookDoor(p.settings.hook_secrets, parts)

    @cached_property
    def guard(self) -> GuardWork:
        """Watches over ways around."""
        return GuardWork(self.parts)

    def handlers(self) -> dict[str, Handler]:
        """What delivers the outbox's rows for GitHub; without an App they are put aside, with an alarm."""
        if not self.on_github:
            return {}
        asked, look, tell = AskedWork(self.parts), LookWork(self.parts), TellWork(self.parts)
        reviewed = ReviewedWork(self.parts)
        return {
            KIND: Worked(lambda row: asked.deliver(str(row["delivery"]))),
            REVIEWED: Worked(lambda row: reviewed.deliver(str(row["delivery"]), int(row.get("tries", 0)))),
            "github.look": Worked(lambda row: look.deliver(str(row["case"]))),
            "github.guard": Worked(lambda row: self.guard.deliver(str(row["repository"]), str(row["environment"]))),
            "github.tell": Worked(lambda row: tell.deliver(str(row["case"]), str(row.get("again", "")))),
        }

    def ticks(self) -> list[Tick]:
        """What time wakes."""
        return [
            Tick("deploys", 2.0, self.look),
            Tick("deploy_guard", 3600.0, self.watch),
            Tick("forget_requests", 3600.0, self._forget),
        ]

    def watch(self) -> int:
        """Have each protected environment looked at once a day; returns how many."""
        if not self.on_github:
            return 0
        day = self._pieces.clock.now().date().isoformat()
        made = 0
        for _, environment in self._rules.protected():
            row = {"repository": environment.repository, "environment": environment.environment}
            key = f"github.guard:{environment.repository}:{environment.environment}:{day}"
            made += self._pieces.queue.enqueue(
                lane=f"{lane(self._pieces)}:guard", kind="github.guard", payload=row, dedupe_key=key, priority=2
            )
        return made

    def seen(self) -> Iterator[Seen]:
        """What `attester doctor` says about pipelines. Raises nothing: what cannot be read is a finding."""
        for name in sorted(self._pieces.settings.hook_secrets):
            ours = [e for _, e in self._rules.all_environments() if e.hook == name]
            said = f"The hook {name} may ask about {len(ours)} environment(s)."
            yield Seen(bool(ours), said if ours else f"{said} Name it at one of them in the program, as `hook:`.")
        secrets = self._pieces.settings.hook_secrets
        for _, environment in self._rules.all_environments():
            if environment.hook and environment.hook not in secrets:
                variable = f"ATTESTER_HOOK_SECRET_{environment.hook.upper().replace('-', '_')}"
                yield Seen(False, f"Nobody can ask about {environment.repository}: {variable} is not set.")
        if self.on_github:
            yield from self.guard.seen()
        elif self._rules.protected():
            yield Seen(
                False, "The program protects environments at GitHub, and no GitHub App is set. Set GITHUB_APP_ID."
            )

    def look(self) -> int:
        """Have told what is decided, and looked at what is due; returns how much of it."""
        now = self._pieces.clock.now()
        made = self._hooks(now)
        if not self.on_github:
            return made
        enqueue = self._pieces.queue.enqueue
        for deploy in self._book.decided("github"):
            case = deploy.case_id
            key = f"github.tell:{case}:{deploy.deployment}"
            made += enqueue(
                lane=lane(self._pieces), kind="github.tell", payload={"case": case}, dedupe_key=key, priority=0
            )
        for deploy in self._book.to_look_at("github", now):
            case = deploy.case_id
            key = f"github.look:{case}:{deploy.look_at.isoformat()}"
            made += enqueue(
                lane=lane(self._pieces), kind="github.look", payload={"case": case}, dedupe_key=key, priority=2
            )
        return made

    def _hooks(self, now: datetime) -> int:
        """Look at deployments of hooks: evidence that was awaited, and pipelines that never came back; returns how many
        moved on."""
        moved = 0
        for deploy in self._book.to_look_at("hook:", now):
            state = self._pieces.runtime.state(deploy.case_id)[0]
            command = self._next(deploy, state, now) if isinstance(state, Approval) else None
            self._book.put_off(deploy.case_id, now + HOOK_EVERY)
            if command is None:
                continue
            try:
                self._pieces.runtime.act(deploy.case_id, command, by_system("attester"))
            except Refused as refusal:
                LOG.info("hook_look_refused", case=deploy.case_id, code=refusal.code)
                continue
            moved += 1
            if isinstance(command, NoteOutcome):
                self._book.settle(deploy.case_id, now)
        return moved

    def _next(self, deploy: PipelineDeploy, state: Approval, now: datetime) -> Command | None:
        if state.status == "collecting":
            brought = self._rules.uploaded(state.frame.control, deploy.repository, deploy.commit_sha, state.missing)
            return AttachEvidence(evidence=brought, commit=deploy.commit_sha) if brought else None
        gone = state.status == "effective" and deploy.at < now - GIVEN_UP
        return NoteOutcome(outcome="the pipeline never said") if gone else None

    def close(self) -> None:
        """Give connections back."""
        if "parts" in self.__dict__:
            self.parts.github.close()

    def outcomes(self) -> list[tuple[str, str]]:
        """(delivery, what became of it) of every request of GitHub that is kept, oldest first."""
        return self._book.outcomes()

    def _forget(self) -> None:
        self._book.forget(self._pieces.clock.now())
