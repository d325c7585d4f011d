"""Signing in, wired: pages, the road behind them, and links between Slack users and persons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.clock import SystemClock
from bot.facts import NoProgram
from bot.main.storage import Storage
from bot.signin.flow import Flow
from bot.signin.link import Linking
from bot.signin.proof import Proof
from bot.signin.provider import Provider
from bot.signin.site import Site
from bot.signin.token import TokenCheck
from workflows.kernel.identity import Directory
from workflows.kernel.signin import Ticket


@dataclass(frozen=True)
class SignIn:
    """What others use: ``site`` answers browsers, ``flow`` makes tickets, ``linking`` knows who is linked."""

    site: Site
    flow: Flow
    linking: Linking
    check: TokenCheck
    provider: Provider

    def enrol(self, team: str, user: str, called: str) -> str:
        """The address where this Slack user links themselves; for their eyes only, good for 5 minutes and once."""
        expected = self.linking.expected(user)
        question = self.linking.question(team, user, called)
        sub = expected.id if expected else None
        return self.flow.open("link", [question], team=team, user=user, sub=sub).address


def links_of(storage: Storage, directory: Callable[[], Directory]) -> Linking | None:
    """The links; None where no identity provider is set, so that nobody is linked by a sign-in."""
    issuer = storage.settings.okta_oidc_issuer
    if not issuer:
        return None
    return Linking(storage.sign_ins, lambda: _known(directory), issuer, SystemClock())


def sign_in_of(storage: Storage, linking: Linking, directory: Callable[[], Directory]) -> SignIn:
    """Everything, for the settings' issuer. The clock on the wall counts here: Okta's times are of it."""
    settings, wall = storage.settings, SystemClock()
    base = settings.public_url.rstrip("/")
    provider = Provider(settings.okta_oidc_issuer, settings.okta_oidc_client_id, f"{base}/login/callback")
    check = TokenCheck(settings.okta_oidc_issuer, settings.okta_oidc_client_id, wall)

    def note(ticket: Ticket, code: str, sentence: str) -> None:
        case = ticket.decisions[0].case if ticket.purpose == "decide" else None
        storage.refusals.add(wall.now(), ticket.team, ticket.user, ticket.sub, case, ticket.purpose, code, sentence)

    def read(ticket: Ticket, proof: Proof) -> str:
        return "You are signed in."

    def known() -> Directory:
        return _known(directory)

    flow = Flow(provider, check, storage.sign_ins, known, wall, base, {"link": linking.decide, "login": read}, note)
    return SignIn(Site(flow, linking, storage.sign_ins, known, wall, base), flow, linking, check, provider)


def _known(directory: Callable[[], Directory]) -> Directory:
    """Nobody is known before a program says where people come from."""
    try:
        return directory()
    except NoProgram:
        return Directory(people={})
