"""`/step-up/{token}`, `/login` and `/login/callback`: requests of browsers in, pages and cookies out.

GET changes nothing. A POST needs the browser's own cookie and the page's token, and where the browser says from where it
was sent, that must be us.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

import structlog
from anyio.to_thread import run_sync
from prometheus_client import Counter

from bot.answers import answer
from bot.signin.flow import Finished, Flow, sha256
from bot.signin.level import Asked
from bot.signin.link import Linking
from bot.signin.page import (
    STYLE_HASH,
    confirm_page,
    login_page,
    recorded_page,
    refused_page,
    said_page,
)
from bot.signin.refusal import SignInRefused
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.model import by_person
from workflows.kernel.ports import Clock, SigningFailed
from workflows.kernel.signin import Decision, SessionBook, WebSession

Said = tuple[int, list[tuple[str, str]], str]
"""Status, headers, body."""

SESSION = timedelta(hours=8)
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
FIELDS = 20
LET_IN = 120
"""Sign-ins that may begin at `/login` in a minute, in one process."""
STATUS = {
    "unknown": 404, "expired": 410, "used": 410, "okta_unreachable": 502, "okta_refused": 502, "too_many": 429,
    "crowded": 429, "busy": 503,
}  # fmt: skip
ASKED_TO_READ = Asked(level="slack+sso", max_age=int(SESSION.total_seconds()))

REFUSED = Counter("attester_signin_refused_total", "Sign-ins that proved nothing, by kind", ["kind"])
LOG = structlog.get_logger("attester.signin")


@dataclass(frozen=True)
class Browser:
    """One request of a browser. A cookie that came twice counts as none: another host of the domain may have set it."""

    method: str
    query: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    origin: str = ""


class Site:
    """The pages. ``name`` is what they call themselves; ``base`` is our address, without a slash at its end."""

    def __init__(
        self,
        flow: Flow,
        linking: Linking,
        sessions: SessionBook,
        directory: Callable[[], Directory],
        clock: Clock,
        base: str,
        name: str = "Attester",
    ) -> None:
        self._flow = flow
        self._linking = linking
        self._sessions = sessions
        self._directory = directory
        self._clock = clock
        self._base = base
        self._name = name
        self._let: deque[datetime] = deque()
        self._lock = Lock()
        # The prefix ties a cookie to this very host, and needs https; a stand-in on loopback has to do without it.
        self._secure = urlsplit(base).scheme == "https"
        prefix = "__Host-" if self._secure else ""
        self._browser_cookie = f"{prefix}attester-browser"
        self._session_cookie = f"{prefix}attester-session"

    async def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Said:
        """Answer one request under these paths; ``headers`` have lower-case names. Raises only what nobody foresaw."""
        try:
            browser = Browser(
                method=method,
                query=_once(query),
                form=_once(body.decode(errors="replace")) if method == "POST" else {},
                cookies=_cookies(headers.get("cookie", "")),
                origin=headers.get("origin", ""),
            )
            if path == "/login/callback":
                return await self._callback(browser)
            if path == "/login":
                return await run_sync(self._login, browser)
            return await run_sync(self._step_up, path.removeprefix("/step-up/"), browser)
        except SignInRefused as refused:
            REFUSED.labels(refused.kind).inc()
            LOG.info("signin_refused", kind=refused.kind, detail=refused.detail[:160])
            return self._said(STATUS.get(refused.kind, 403), refused_page(self._name, refused.sentence))
        except (Refused, Conflict, Unsure, SigningFailed) as error:
            said = answer(error)
            REFUSED.labels(said.code).inc()
            LOG.info("signin_not_decided", code=said.code)
            page = refused_page(self._name, said.text, unsure=said.recorded is None)
            return self._said(STATUS.get(said.code, 409), page)

    def reader(self, cookies: str) -> PersonId | None:
        """Who is signed in, of a `Cookie` header; only to read, never to decide."""
        session = self._session(_cookies(cookies))
        return session.sub if session else None

    def _step_up(self, token: str, browser: Browser) -> Said:
        ticket = self._flow.look(token) if SECRET.fullmatch(token) else None
        if ticket is None or ticket.purpose == "login":
            raise SignInRefused("unknown")
        if browser.method == "POST":
            mine = self._posted(browser, ticket.id)
            return self._go(self._flow.begin(token, mine))
        mine, headers = self._known(browser)
        page = confirm_page(self._name, ticket, self._flow.expected(ticket), _csrf(mine, ticket.id))
        return self._said(200, page, headers)

    async def _callback(self, browser: Browser) -> Said:
        if browser.method != "GET":  # a HEAD of some scanner uses nothing up
            raise SignInRefused("unknown", "the callback is a GET")
        mine = browser.cookies.get(self._browser_cookie, "")
        done = await self._flow.finish(browser.query, mine)
        LOG.info("signed_in", purpose=done.ticket.purpose, level=done.proof.level)
        if done.ticket.purpose == "login":
            return await run_sync(self._opened, done)
        return self._said(200, recorded_page(self._name, done.ticket, done.receipt))

    def _opened(self, done: Finished) -> Said:
        secret, now = secrets.token_urlsafe(32), self._clock.now()
        session = WebSession(id=sha256(secret), sub=done.person.id, at=now, expires_at=now + SESSION)
        self._sessions.open_session(session)
        cookie = self._cookie(self._session_cookie, secret, int(SESSION.total_seconds()))
        page = said_page(self._name, "Signed in", f"You are signed in as {done.person.called()}.", "/login", "Go on")
        return self._said(200, page, [cookie])

    def _login(self, browser: Browser) -> Said:
        session = self._session(browser.cookies)
        if browser.method == "POST":
            return self._login_act(browser, session)
        person = self._directory().get(session.sub) if session else None
        mine, headers = self._known(browser)
        links = []
        for link in self._linking.of_person(person.id) if person else ():
            links.append((link, self._linking.standing(link.team, link.user) == "stale"))
        return self._said(200, login_page(self._name, _csrf(mine, "login"), session, person, links), headers)

    def _login_act(self, browser: Browser, session: WebSession | None) -> Said:
        mine, act = self._posted(browser, "login"), browser.form.get("act", "")
        if act == "in":
            self._let_in()
            question = Decision(case="identity", act="sign_in", title="Sign in to read")
            opened = self._flow.open("login", [question], asked=ASKED_TO_READ)
            return self._go(self._flow.begin_with(opened.ticket, mine))
        if session is not None and act == "out":
            self._sessions.close_session(session.id)
            page = said_page(self._name, "Signed out", "You are signed out here; at Okta you may still be signed in.")
            return self._said(200, page, [self._cookie(self._session_cookie, "", 0)])
        if session is not None and act == "unlink":
            return self._unlink(browser, session.sub)
        raise SignInRefused("form")

    def _let_in(self) -> None:
        """Nobody is known yet here, and each sign-in is kept for a day: without a limit anybody could fill the table."""
        now = self._clock.now()
        with self._lock:
            while self._let and not timedelta() <= now - self._let[0] < timedelta(minutes=1):
                self._let.popleft()
            if len(self._let) >= LET_IN:
                raise SignInRefused("crowded")
            self._let.append(now)

    def _unlink(self, browser: Browser, sub: PersonId) -> Said:
        team, user = browser.form.get("team", ""), browser.form.get("user", "")
        mine = [link for link in self._linking.of_person(sub) if (link.team, link.user) == (team, user)]
        person = self._directory().get(sub)
        if (
            not mine
            or person is None
            or not self._linking.end(team, user, by_person(person, "sso"), "removed by the person")
        ):
            raise Refused("no_link", "This Slack account is not linked to you.", "Nothing was recorded.")
        text = "The link is removed. This Slack account decides nothing in your name by it any more."
        return self._said(200, said_page(self._name, "Link removed", text, "/login", "Back to your account"))

    def _session(self, cookies: Mapping[str, str]) -> WebSession | None:
        secret = cookies.get(self._session_cookie, "")
        session = self._sessions.session(sha256(secret), self._clock.now()) if SECRET.fullmatch(secret) else None
        person: Person | None = self._directory().get(session.sub) if session else None
        return session if person is not None and person.employed is True else None

    def _known(self, browser: Browser) -> tuple[str, list[tuple[str, str]]]:
        """The browser's own secret, with the header that sets it where it has none yet."""
        mine = browser.cookies.get(self._browser_cookie, "")
        if SECRET.fullmatch(mine):
            return mine, []
        mine = secrets.token_urlsafe(32)
        return mine, [self._cookie(self._browser_cookie, mine, None)]

    def _posted(self, browser: Browser, what: str) -> str:
        """The secret of the browser that posts one of our forms. Raises SignInRefused where it is no form of ours."""
        mine, origin = browser.cookies.get(self._browser_cookie, ""), browser.origin
        if not SECRET.fullmatch(mine) or (origin and origin != self._base):
            raise SignInRefused("form", "origin" if mine else "cookie")
        if not hmac.compare_digest(browser.form.get("csrf", "").encode(), _csrf(mine, what).encode()):
            raise SignInRefused("form", "csrf")
        return mine

    def _cookie(self, name: str, value: str, seconds: int | None) -> tuple[str, str]:
        # Lax, because the callback is a navigation that comes from Okta.
        parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        parts += ["Secure"] if self._secure else []
        parts += [f"Max-Age={seconds}"] if seconds is not None else []
        return "set-cookie", "; ".join(parts)

    def _go(self, address: str) -> Said:
        return 303, [("location", address), *_headers()], ""

    def _said(self, status: int, page: str, headers: list[tuple[str, str]] | None = None) -> Said:
        return status, [("content-type", "text/html; charset=utf-8"), *_headers(), *(headers or [])], page


def _headers() -> list[tuple[str, str]]:
    policy = (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'; "
        # Chromium holds redirects of a form to this too, and an organisation's Okta may send people on to another host.
        "form-action 'self' https:"
    )
    return [
        ("content-security-policy", policy),
        ("cache-control", "no-store"),
        # Our addresses hold secrets; yet `no-referrer` would take the origin from our own forms.
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("x-robots-tag", "noindex"),
    ]


def _csrf(browser: str, what: str) -> str:
    return hmac.new(browser.encode(), f"csrf/{what}".encode(), hashlib.sha256).hexdigest()


def _once(text: str) -> dict[str, str]:
    """Parameters that came exactly once. Raises SignInRefused for more parameters than a form of ours has."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError as error:
        raise SignInRefused("form", "fields") from error
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def _cookies(header: str) -> dict[str, str]:
    pairs = [part.strip().partition("=") for part in header.split(";")]
    names = [name for name, _, _ in pairs]
    return {name: value for name, _, value in pairs if names.count(name) == 1}
