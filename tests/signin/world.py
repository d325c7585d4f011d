"""A small installation with sign-in: our issuer, a real database, the real web app on loopback, and browsers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx

from bot.clock import ShiftedClock
from bot.draft import Mill
from bot.runtime import Runtime, fresh_nonce
from bot.signin.flow import Flow, Opened
from bot.signin.level import Asked
from bot.signin.link import Linking
from bot.signin.proof import Proof
from bot.signin.provider import Provider
from bot.signin.site import Site
from bot.signin.token import TokenCheck
from bot.signing import load_signer
from bot.store.database import Database
from bot.store.link import SlackLinks
from bot.store.record import Record
from bot.store.signin import SignIns
from bot.web.app import build_web
from bot.web.ports import WebDeps
from bot.web.server import Server
from tests.signin.issuer import CLIENT, MAYA, TOM, Issuer
from workflows.kernel.errors import Refused
from workflows.kernel.identity import Directory, Person, directory_of
from workflows.kernel.linking import CONTROL
from workflows.kernel.linking_view import IDENTITY
from workflows.kernel.model import CaseId, FactNeeds, Facts
from workflows.kernel.signin import Decision, Ticket

TEAM = "T0ACME"
LENA = "00ulena"


def somebody(sub: str, name: str, *, employed: bool | None = True, slack: str | None = None) -> Person:
    """A person of the directory."""
    return Person(
        id=sub, issuer="okta", login=f"{name.lower()}@acme.test", name=name, employed=employed, slack_user=slack
    )


def revoke(ref: str = "line-1", person: str = MAYA, reason: str = "Tom changed teams.") -> Decision:
    """Maya takes an access away."""
    return Decision(
        case="access_review/2026-Q4/github/maya@acme.test",
        ask=ref,
        act="sign",
        title=f"Revoke admin of acme/payments ({ref})",
        facts=(("Account", "tom-reyes"), ("Last used", "none since 1 Aug 2026")),
        reason=reason,
        shown="a" * 64,
        evidence=("b" * 64,),
        person=person,
        program="c" * 64,
        command={"name": "SignMarks", "refs": [ref]},
    )


class Browser:
    """Somebody's browser: cookies of its own, goes where it is sent, one step at a time."""

    def __init__(self, base: str, issuer: Issuer) -> None:
        self.client = httpx.Client(base_url=base, follow_redirects=False)
        self._issuer = issuer

    def confirm(self, address: str, **form: str) -> httpx.Response:
        """Open a page of ours and press its button."""
        shown = self.client.get(address)
        if shown.status_code != 200:
            return shown
        csrf = shown.text.partition('name="csrf" value="')[2].partition('"')[0]
        return self.client.post(urlsplit(address).path, data={"csrf": csrf, **form})

    def at_okta(self, sent: httpx.Response) -> str:
        """Sign in at the issuer; the address that it sends the browser back to."""
        assert sent.status_code == 303, sent.text
        parts = urlsplit(sent.headers["location"])
        assert f"{parts.scheme}://{parts.netloc}" == self._issuer.url
        back = httpx.get(f"{self._issuer.base}{parts.path}?{parts.query}")
        return str(back.headers["location"])

    def through(self, address: str) -> httpx.Response:
        """The whole road: page, button, Okta, back."""
        sent = self.confirm(address)
        return sent if sent.status_code != 303 else self.client.get(self.at_okta(sent))


@dataclass
class World:
    """Everything at hand; `decided` is what was recorded, in order."""

    issuer: Issuer
    book: SignIns
    clock: ShiftedClock
    links: SlackLinks
    runtime: Runtime = field(init=False)
    people: dict[str, Person] = field(default_factory=dict)
    decided: list[tuple[Ticket, Proof]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
    refusal: Exception | None = None
    browsers: list[Browser] = field(default_factory=list)

    def start(self, base: str) -> Site:
        """Wire the parts for the address where the web app will answer."""
        provider = Provider(self.issuer.url, CLIENT, f"{base}/login/callback", self.issuer.transport())
        check = TokenCheck(self.issuer.url, CLIENT, self.clock, self.issuer.transport())
        self.linking = Linking(self.links, self.directory, self.issuer.url, lambda: self.runtime)
        decide = {"decide": self.decide, "link": self.linking.decide, "login": lambda ticket, proof: ""}
        self.flow = Flow(
            provider, check, self.book, self.directory, self.clock, base, decide,
            lambda ticket, code, sentence: self.noted.append((code, sentence)),
        )  # fmt: skip
        self.base = base
        return Site(self.flow, self.linking, self.book, self.directory, self.clock, base)

    def facts(self, control: str, case: CaseId, needs: FactNeeds) -> Facts:
        """What the rules of links know: who is in the company."""
        return Facts(directory=self.directory(), program="", control=CONTROL)

    def directory(self) -> Directory:
        """Who is in the company now."""
        return directory_of(self.people.values())

    def decide(self, ticket: Ticket, proof: Proof) -> str:
        """Record a decision, unless the case has changed."""
        if self.refusal is not None:
            raise self.refusal
        self.decided.append((ticket, proof))
        return "Recorded, 14:03 UTC, 7f3a…c1"

    def ask(
        self, *decisions: Decision, level: str = "slack+sso+mfa", user: str = "U0MAYA", max_age: int = 300
    ) -> Opened:
        """Maya presses a button that needs her sign-in."""
        asked = Asked("slack+sso" if level == "slack+sso" else "slack+sso+mfa", max_age)
        wanted = decisions or (revoke(),)
        return self.flow.open("decide", wanted, team=TEAM, user=user, sub=MAYA, asked=asked)

    def ask_link(self, user: str, called: str) -> Opened:
        """Somebody presses `Link my account` in Slack."""
        expected = self.linking.expected(user)
        question = self.linking.question(TEAM, user, called, "Acme")
        return self.flow.open("link", [question], team=TEAM, user=user, sub=expected.id if expected else None)

    def browser(self) -> Browser:
        """A browser without cookies."""
        made = Browser(self.base, self.issuer)
        self.browsers.append(made)
        return made

    def later(self, **span: float) -> None:
        """Time passes."""
        self.clock.advance(timedelta(**span))


class Late:
    """The pages, wired once the port is known."""

    site: Site

    async def answer(self, *request: object) -> tuple[int, list[tuple[str, str]], str]:
        """Pass on."""
        return await self.site.answer(*request)  # type: ignore[arg-type]


def made_world(database: Database, issuer: Issuer) -> World:
    """A world without people, with a runtime that records links."""
    world = World(issuer, SignIns(database), ShiftedClock(), SlackLinks(database))
    with TemporaryDirectory() as folder:
        signer = load_signer(f"file:{folder}/signing.key", create=True)
    mill = Mill(signer, "attester.acme.test", "0.1.0", fresh_nonce)
    world.runtime = Runtime(Record(database), [IDENTITY], mill, world.clock, world)
    return world


@contextmanager
def running_world(database: Database, issuer: Issuer) -> Iterator[World]:
    """The web app with sign-in, answering on loopback."""
    world = made_world(database, issuer)
    for person in (somebody(MAYA, "Maya"), somebody(TOM, "Tom"), somebody(LENA, "Lena", employed=False)):
        world.people[person.id] = person
    late = Late()
    server = Server(build_web(WebDeps(wall=world.clock, sign_in=late)), "127.0.0.1", 0)
    server.start()
    late.site = world.start(server.url)
    try:
        yield world
    finally:
        for browser in world.browsers:
            browser.client.close()
        server.stop()


CHANGED = Refused("already_decided", "This was decided by Ana Ruiz at 14:02.", "Look at the card.")
NOW = datetime.now(UTC)
