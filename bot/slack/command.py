"""Slash commands. A new one is one more entry in COMMANDS: the listener, `help` and the manifest follow by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from html import unescape

from bot.slack.access import accept_finding, ask_access, declare_risk, my_requests, propose_link
from bot.slack.home import ask_blocks, link_account
from bot.slack.ports import Deps
from bot.slack.said import LISTED, Said
from workflows.kernel.blocks import Block, header, section
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Person
from workflows.kernel.link import Link
from workflows.kernel.model import Need, case_segments
from workflows.kernel.text import Mrkdwn, cut, fill, mrkdwn


@dataclass(frozen=True)
class Word:
    """What may follow a command, with one line of help; the empty word is the command alone.

    ``say`` answers, or names what a button for it would carry: then its form is opened, with all the checks of a press.
    """

    word: str
    help: str
    need: Need
    say: Callable[[Deps, Person, datetime], Said | Link]


@dataclass(frozen=True)
class SlashCommand:
    """A command: its name, one line for Slack's own list, the hint behind it, and its words."""

    name: str
    description: str
    hint: str
    words: tuple[Word, ...]

    def word(self, text: str) -> Word | None:
        """The word that somebody typed, or None where there is no such word."""
        typed = text.strip().lower()
        return next((w for w in self.words if w.word == typed), None)

    def help(self) -> Said:
        """All words, one a line."""
        lines = [f"`{f'{self.name} {w.word}'.strip()}` {w.help}" for w in self.words]
        lines.append(f"`{self.name} help` this list")
        text = Mrkdwn("\n".join(lines))
        return Said(f"{self.name}: {self.description}", (section(fill("*{}*", self.description)), section(text)))

    def unknown(self, text: str) -> Said:
        """The nearest word, then the list: nothing is guessed and run."""
        typed = cut(unescape(text.strip()), 60)  # Slack sends what was typed with &, < and > as entities
        near = get_close_matches(typed.lower(), [w.word for w in self.words if w.word] + ["help"], 1, 0.5)
        hint = fill(" Did you mean `{} {}`?", self.name, near[0]) if near else Mrkdwn("")
        first = fill("{} knows no word “{}”.{}", self.name, mrkdwn(typed, 60), hint)
        return Said(fill("{} knows no word “{}”.", self.name, typed), (section(first), *self.help().blocks))


def my_reviews(deps: Deps, person: Person, now: datetime) -> Said:
    """This person's open asks of access reviews, most urgent first."""
    found = [(c, a) for c, a in deps.cases.asks(person.id) if case_segments(c)[0] == "access_review"]
    if not found:
        return Said("No review is waiting for you.", (section(Mrkdwn("No review is waiting for you.")),))
    blocks: list[Block] = [header("Your reviews")]
    for case, ask in found[:LISTED]:
        blocks += ask_blocks(case, ask, now)
    if len(found) > LISTED:
        blocks.append(section(fill("And {} more; the most urgent come first.", len(found) - LISTED)))
    text = "1 review is waiting for you." if len(found) == 1 else f"{len(found)} reviews are waiting for you."
    return Said(text, tuple(blocks))


def refused(refusal: Refused, user: str, login_url: str) -> Said:
    """A refusal as a private answer, with the way to link an account where that is what is missing."""
    blocks = [section(fill("{} {}", refusal.why, refusal.next_step))]
    if refusal.code == "not_linked":
        blocks += link_account(user, login_url)
    return Said(refusal.sentence, tuple(blocks))


COMMANDS: Mapping[str, SlashCommand] = {
    command.name: command
    for command in (
        SlashCommand(
            name="/review",
            description="Your access reviews",
            hint="[help]",
            words=(Word("", "your open reviews, most urgent first", "person", my_reviews),),
        ),
        SlashCommand(
            name="/access",
            description="Ask for access, and see what you asked for",
            hint="[mine|finding|risk|link|help]",
            words=(
                Word("", "ask for access, for yourself or somebody else", "person", ask_access),
                Word("mine", "your open requests and what you have for a time", "person", my_requests),
                Word("finding", "ask to accept for a time what a scanner found", "person", accept_finding),
                Word("risk", "ask to accept a weakness that no scanner found", "person", declare_risk),
                Word(
                    "link",
                    "propose whose a Slack account is, for those who answer for a control",
                    "person",
                    propose_link,
                ),
            ),
        ),
    )
}
"""Every command that Slack may send us; the manifest declares the same ones."""
