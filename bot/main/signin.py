"""Signing in, wired: pages, the road behind them, and links between Slack users and persons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.clock import SystemClock
from bot.facts import NoProgram
from bot.main.linking import Attempts
from bot.main.storage import Storage
from bot.runtime import Runtime, Seen
from bot.signin.flow import Decide, Flow
from bot.signin.level import Asked
from bot.signin.link import Linking
from bot.signin.proof import Proof
from bot.signin.provider import Provider
from bot.signin.site import Site
from bot.signin.token import TokenCheck
from bot.slack.ports import LinkShown
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Directory
from workflows.kernel.model import Assurance, Via, by_person
from workflows.kernel.signin import Decision, Purpose, Ticket


@dataclass(frozen=True)
class SignIn:
    """What others use: ``site`` answers browsers, ``flow`` makes tickets, ``linking`` knows who is linked, ``age`` says how
    many seconds old a sign-in may be."""

    site: Site
    flow: Flow
    linking: Linking
    check: TokenCheck
    provider: Provider
    age: Callable[[], int]

    def enrol(self, team: str, user: str, called: str) -> str:
        """The address where this Slack user links themselves; for their eyes only, good for 5 minutes and once."""
        expected = self.linking.expected(user)
        question = self.linking.question(team, user, called)
        sub = expected.id if expected else None
        return self.flow.open("link", [question], team=team, user=user, sub=sub).address

    def step_up(self, decision: Decision, level: str, team: str, user: str) -> str:
        """The address where this Slack user confirms a decision by a sign-in of this level. Raises Refused.

        Only an account that was linked by a sign-in, and whose person's login is still the same, reaches more than `slack`.
        """
        ceiling = self.linking.ceiling(team, user)
        person = self.linking.person(team, user)
        if ceiling == "slack" or person is None or person.id != decision.person:
            why = "This decision wants a sign-in, and your Slack account is not linked to your Okta account by one."
            raise Refused("link_first", why, "Link it first on the Home tab of this app, then press again.")
        sure: Assurance = "slack+sso+mfa" if level == "slack+sso+mfa" else "slack+sso"
        asked = Asked(level=sure, max_age=self.age())
        return self.flow.open("decide", [decision], team=team, user=user, sub=decision.person, asked=asked).address


def shown_by(linking: Linking) -> Callable[[str, str], LinkShown | None]:
    """How the Home tab learns of the link of a Slack account."""

    def shown(team: str, user: str) -> LinkShown | None:
        link = linking.link(team, user)
        return LinkShown(link, linking.standing(team, user)) if link is not None else None

    return shown


class Deciding:
    """Records what a confirmed decision is, by the same path as every other one. ``runtime`` is built at its first use."""

    def __init__(self, runtime: Callable[[], Runtime], linking: Linking) -> None:
        self._runtime = runtime
        self._linking = linking

    def __call__(self, ticket: Ticket, proof: Proof) -> str:
        """The receipt. Raises Refused and what the runtime raises; then nothing was recorded, or (Unsure) nobody knows."""
        (decision,) = ticket.decisions
        runtime = self._runtime()
        person = self._linking.person(ticket.team, ticket.user)
        if person is None or person.id != proof.sub or self._linking.ceiling(ticket.team, ticket.user) == "slack":
            raise Refused(
                "link_first", "Your Slack account is not linked to you any more.", "Link it, then press again."
            )
        told = decision.command
        kinds = {kind.__name__: kind for kind in runtime.workflow(decision.case).commands}
        command = kinds[told["name"]].model_validate(told["fields"])
        actor = by_person(person, proof.level, ticket.team, ticket.user)
        done = runtime.act(
            decision.case, command, actor, via=Via(interaction="step_up", action_id=decision.act),
            claim=f"step-up:{ticket.id}", proof=proof.files,
            only=Seen(told["at"], decision.program),
        )  # fmt: skip
        self._linking.settle(decision.case)
        short = f", {done.attestation[:4]}…{done.attestation[-2:]}" if done.attestation else ""
        return f"Recorded{short}."


def links_of(storage: Storage, directory: Callable[[], Directory], runtime: Callable[[], Runtime]) -> Linking | None:
    """The links; None where no identity provider is set, so that nobody is linked by a sign-in."""
    issuer = storage.settings.okta_oidc_issuer
    if not issuer:
        return None
    return Linking(storage.slack_links, lambda: _known(directory), issuer, runtime)


def sign_in_of(
    storage: Storage,
    linking: Linking,
    directory: Callable[[], Directory],
    runtime: Callable[[], Runtime],
    age: Callable[[], int],
) -> SignIn:
    """Everything, for the settings' issuer. The clock on the wall counts here: Okta's times are of it."""
    settings, wall = storage.settings, SystemClock()
    base = settings.public_url.rstrip("/")
    provider = Provider(settings.okta_oidc_issuer, settings.okta_oidc_client_id, f"{base}/login/callback")
    check = TokenCheck(settings.okta_oidc_issuer, settings.okta_oidc_client_id, wall)

    attempts = Attempts(storage.refusals, runtime, wall)

    def read(ticket: Ticket, proof: Proof) -> str:
        return "You are signed in."

    def known() -> Directory:
        return _known(directory)

    roads: dict[Purpose, Decide] = {"link": linking.decide, "login": read, "decide": Deciding(runtime, linking)}
    flow = Flow(provider, check, storage.sign_ins, known, wall, base, roads, attempts.note)
    return SignIn(Site(flow, linking, storage.sign_ins, known, wall, base), flow, linking, check, provider, age)


def _known(directory: Callable[[], Directory]) -> Directory:
    """Nobody is known before a program says where people come from."""
    try:
        return directory()
    except NoProgram:
        return Directory(people={})
