"""A whole quarterly access review of the sample company, told step by step. People decide; the product does the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path

from bot.demo.act import DemoBroke, Somebody, actions_in
from bot.demo.stage import Stage
from bot.packet.export import export
from bot.packet.verify import verify
from bot.program.acme import Moment, move_on
from workflows.access_review.model import Campaign, Flag, Review, ReviewLine
from workflows.kernel.model import CaseId
from workflows.kernel.text import count

Tell = Callable[[str, str], None]
"""Hears of each step: what is done, and in plain words how it went."""

GOES: tuple[Flag, ...] = ("leaver", "orphan", "unused")
"""What the sample company's people revoke; everything else they keep."""
READING = timedelta(seconds=8)
"""What a person takes to read a line; who is faster than a few seconds is asked for a second look."""

REASONS = {
    "leaver": "Has left the company; nothing of this is needed any more.",
    "orphan": "Nobody knows this account and nobody has used it.",
    "unused": "Has not used it for a long time and agrees that it can go.",
    "keep": "Uses it every week for the work on the team; checked with them.",
}


@dataclass
class Told:
    """What the story led to, in figures."""

    campaign: CaseId = ""
    lines: int = 0
    kept: int = 0
    revoked: int = 0
    packet: Path | None = None
    sentence: str = ""
    verified: bool = False
    refuted: list[str] = field(default_factory=list)


class Story:
    """The steps, in order. Each is a method, each raises DemoBroke where it does not go as it should."""

    def __init__(self, stage: Stage, tell: Tell) -> None:
        self._stage = stage
        self._tell = tell
        self.told = Told()

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Title and act of each step."""
        return [
            ("Pull the lists of people and access", self._pull),
            ("Open the quarterly review", self._open),
            ("Reviewers decide in Slack", self._decide),
            ("Removals are reported as done", self._remove),
            ("A second pull looks whether they are", self._look_again),
            ("What was still there goes too, and a third pull shows it", self._look_at_last),
            ("One who did not answer is reminded, and decides", self._late),
            ("The control owner closes the review", self._close),
            ("The packet for the auditor is exported and verified", self._packet),
        ]

    def run(self) -> Told:
        """Go through all of it."""
        for title, act in self.steps():
            self._tell(title, act())
        return self.told

    def _pull(self) -> str:
        pulled = self._stage.product.puller.pull_all("demo")
        partial = [c for c in pulled if c.verdict != "complete"]
        if partial:
            raise DemoBroke(f"{partial[0].source} could not be read completely: {'; '.join(partial[0].reasons)}")
        lines = sum(c.lines for c in pulled)
        return f"{count(len(pulled), 'source')}, {count(lines, 'line')} of access, each list certified as complete."

    def _open(self) -> str:
        self._stage.pass_time(timedelta(minutes=15))
        self._stage.settle()
        tops = self._stage.product.record.summaries(top=True)
        campaigns = [c for c in tops if c.workflow == "access_review"]
        if len(campaigns) != 1:
            raise DemoBroke("No review was opened.")
        self.told.campaign = campaigns[0].case
        reviews = self._reviews()
        self.told.lines = sum(len(r.lines) for r in reviews)
        who = sorted({r.reviewer.name for r in reviews})
        return (
            f"{count(self.told.lines, 'line')} for {count(len(who), 'reviewer')} "
            f"({', '.join(who)}); nobody judges their own access."
        )

    def _reviews(self) -> list[Review]:
        children = self._stage.product.record.summaries(parent=self.told.campaign)
        states = [self._stage.product.runtime.state(c.case)[0] for c in children]
        return [s for s in states if isinstance(s, Review)]

    def _decide(self) -> str:
        reviews = [r for r in self._reviews() if r.lines]
        silent = self._silent(reviews)
        for review in reviews:
            if review.case != silent:
                self._decide_one(review)
        return f"{count(self.told.kept, 'line')} kept, {self.told.revoked:,} revoked, all signed by those who decided."

    def _silent(self, reviews: list[Review]) -> CaseId:
        """The review whose reviewer lets it lie for a while: a small one from which nothing has to go."""
        calm = [r for r in reviews if not any(set(x.assigned.flags) & set(GOES) for x in r.lines.values())]
        return min(calm, key=lambda r: (len(r.lines), r.case)).case if calm else ""

    def _decide_one(self, review: Review) -> None:
        somebody = Somebody(self._stage, review.reviewer.login)
        title = f"{review.head.system} access"
        card = somebody.card(title)
        start = next(a for a in actions_in(card) if a.startswith("attester:page:"))
        somebody.press(card, start)
        for number in range(-(-len(review.lines) // 10)):
            if number:
                card = somebody.card(title)
                somebody.press(card, f"attester:page:{number}")
            card = somebody.card(title)
            shown = [a.rpartition(":")[2] for a in actions_in(card) if a.startswith("attester:revoke:")]
            for ref in shown:
                self._mark(somebody, card, review.lines[ref])
        card = somebody.card(title)
        somebody.submit(somebody.press(card, "attester:sign:"), {})

    def _mark(self, somebody: Somebody, card: dict[str, object], line: ReviewLine) -> None:
        flags, ref = line.assigned.flags, line.assigned.ref
        self._stage.clock.advance(READING)
        cause = next((c for c in GOES if c in flags), None)
        if cause:
            self.told.revoked += 1
            somebody.submit(somebody.press(card, f"attester:revoke:{ref}"), {"reason": REASONS[cause]})
            return
        self.told.kept += 1
        seen = somebody.press(card, f"attester:keep:{ref}")
        if seen.view is not None:
            somebody.submit(seen, {"reason": REASONS["keep"]})

    def _late(self) -> str:
        self._stage.pass_time(timedelta(days=8))
        late = [r for r in self._reviews() if r.unsettled()]
        reminded = [r for r in late if r.climbed]
        if not reminded:
            raise DemoBroke("Nobody was reminded, although lines are open after half of the time.")
        names = ", ".join(sorted({r.reviewer.name for r in reminded}))
        for review in late:
            self._decide_one(review)
        return f"{names} got a reminder in Slack after half of the time; nothing was kept by silence."

    def _remove(self) -> str:
        done = 0
        names = set()
        for review in self._reviews():
            for follow_up in review.follow_ups.values():
                if follow_up.status in ("requested", "still_present", "reappeared"):
                    somebody = Somebody(self._stage, follow_up.remover.login)
                    card = somebody.message(f"attester:removed:{follow_up.ref}")
                    somebody.press(card, f"attester:removed:{follow_up.ref}")
                    names.add(somebody.name)
                    done += 1
        return (
            f"{' and '.join(sorted(names))} reported {count(done, 'removal')} as done. That is a report, not a proof."
        )

    def _again(self, moment: Moment) -> list[Review]:
        move_on(self._stage.folder, moment, today=self._stage.opened_on.date())
        self._stage.pass_time(timedelta(hours=26))
        self._stage.product.puller.pull_all("demo")
        self._stage.settle()
        return self._reviews()

    def _look_again(self) -> str:
        follow_ups = [f for r in self._again("still") for f in r.follow_ups.values()]
        gone = [f for f in follow_ups if f.status == "verified"]
        still = [f for f in follow_ups if f.status == "still_present"]
        self.told.refuted = [f.cause for f in still]
        if not gone or not still:
            raise DemoBroke(f"{len(gone)} removals verified and {len(still)} refuted; some of each were expected.")
        return f"{count(len(gone), 'removal')} verified gone, {len(still)} not: {still[0].cause}."

    def _look_at_last(self) -> str:
        self._remove()
        left = [f for r in self._again("removed") for f in r.follow_ups.values() if f.status != "verified"]
        if left:
            raise DemoBroke(f"{count(len(left), 'removal')} are not verified after the third pull.")
        return "Every removal is verified by a list that was pulled after it."

    def _close(self) -> str:
        owner = Somebody(self._stage, self._stage.program.company.control_owner)
        card = owner.message("attester:close:")
        owner.press(card, "attester:close:")
        self._stage.settle()
        state = self._stage.product.runtime.state(self.told.campaign)[0]
        if not isinstance(state, Campaign) or state.open:
            raise DemoBroke("The review was not closed; its card says what is missing.")
        return f"{owner.name} closed it; the summary is signed and names every list it rests on."

    def _packet(self) -> str:
        product = self._stage.product
        out = product.settings.data / "packet.zip"
        until = product.clock.now().astimezone(UTC) + timedelta(days=1)
        made = export(product.packet_source(), out=out, start=until - timedelta(days=200), end=until)
        report = verify(out)
        self.told.packet, self.told.verified, self.told.sentence = out, report.fine, report.sentence
        if not report.fine:
            raise DemoBroke(f"The packet does not verify: {report.sentence}")
        return f"{count(made.attestations, 'attestation')} and {count(made.evidence, 'file')} of evidence."
