"""From a click to a proven person: ticket, confirmation, Okta, callback. No step before the last one decides anything.

A link may be fetched by scanners or forwarded: looking changes nothing, going on binds one browser, and only a callback in
that browser, with the state that it was given, uses the ticket up. A wrong state or cookie therefore burns nobody's ticket.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from anyio.to_thread import run_sync

from bot.answers import answer
from bot.signin.level import Asked
from bot.signin.offline import SALT_BYTES
from bot.signin.proof import Proof, nonce_of, proof_of
from bot.signin.provider import Provider
from bot.signin.refusal import SignInRefused
from bot.signin.token import Expected, TokenCheck
from workflows.kernel.errors import Conflict, Refused, Unsure
from workflows.kernel.identity import Directory, Person, PersonId
from workflows.kernel.model import Digest
from workflows.kernel.ports import Clock, SigningFailed
from workflows.kernel.signin import Decision, Purpose, SignInBook, Start, Ticket

LIFE = timedelta(minutes=5)
CANCELLED = {"access_denied", "login_required", "interaction_required", "consent_required"}
OUTCOME_RECORDED = "recorded"

Decide = Callable[[Ticket, Proof], str]
"""Records what a ticket is about, and returns the receipt. Runs the rules again; may raise Refused, Conflict, Unsure,
SigningFailed, and then nothing was recorded, or (Unsure) nobody knows."""

Note = Callable[[Ticket, str, str], None]
"""Keeps that an attempt was refused: the ticket, a code, the sentence."""


@dataclass(frozen=True)
class Opened:
    """A ticket that waits for its person; ``address`` is for the eyes of that person only."""

    address: str = field(repr=False)
    ticket: Ticket


@dataclass(frozen=True)
class Finished:
    """A sign-in that led to something: whose it was, and what was recorded."""

    ticket: Ticket
    person: Person
    proof: Proof
    receipt: str


class Flow:
    """The road of a sign-in. ``base`` is where people reach us, without a slash at its end."""

    def __init__(
        self,
        provider: Provider,
        check: TokenCheck,
        book: SignInBook,
        directory: Callable[[], Directory],
        clock: Clock,
        base: str,
        decide: Mapping[Purpose, Decide],
        note: Note = lambda ticket, code, sentence: None,
    ) -> None:
        self._provider = provider
        self._check = check
        self._book = book
        self._directory = directory
        self._clock = clock
        self._base = base
        self._decide = dict(decide)
        self._note = note

    def open(
        self,
        purpose: Purpose,
        decisions: Sequence[Decision],
        *,
        team: str = "",
        user: str = "",
        sub: PersonId | None = None,
        asked: Asked | None = None,
    ) -> Opened:
        """Make a ticket for these decisions of one person; it is good for 5 minutes and once.

        Raises ValueError where nobody is expected to decide, a decision is somebody else's or not valid Unicode, or nothing
        records decisions here.
        """
        if purpose not in self._decide:
            raise ValueError(f"nothing here records what a sign-in for “{purpose}” decides")
        if purpose == "decide" and (not sub or any(d.person != sub for d in decisions)):
            raise ValueError("a decision is confirmed by the one person whose it is")
        asked, token, now = asked or Asked(), secrets.token_urlsafe(32), self._clock.now()
        ticket = Ticket(
            id=sha256(token),
            purpose=purpose,
            at=now,
            expires_at=now + LIFE,
            team=team,
            user=user,
            sub=sub,
            level=asked.level,
            max_age=asked.max_age,
            salt=secrets.token_bytes(SALT_BYTES),
            decisions=tuple(decisions),
        )
        nonce_of(ticket)  # a decision that cannot be committed to is refused here, not at the callback
        self._book.add(ticket)
        return Opened(f"{self._base}/step-up/{token}", ticket)

    def look(self, token: str) -> Ticket:
        """The ticket of an address; changes nothing. Raises SignInRefused where it is unknown, used or expired."""
        ticket = self._book.find(sha256(token))
        if ticket is None:
            raise SignInRefused("unknown")
        if ticket.used_at is not None:
            raise SignInRefused("used", ticket.outcome)
        if ticket.expires_at <= self._clock.now():
            raise SignInRefused("expired")
        return ticket

    def expected(self, ticket: Ticket) -> Person | None:
        """The person who is asked, as the directory knows them."""
        return self._directory().get(ticket.sub)

    def begin(self, token: str, browser: str) -> str:
        """Bind a browser (its cookie) to the ticket and give Okta's address for it. Raises SignInRefused."""
        return self.begin_with(self.look(token), browser)

    def begin_with(self, ticket: Ticket, browser: str) -> str:
        """The same for a ticket that was made just now."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        start = Start(
            state=sha256(state), ticket=ticket.id, browser=sha256(browser), verifier=verifier, at=self._clock.now()
        )
        if not self._book.start(start):
            raise SignInRefused("too_many")
        person = self.expected(ticket)
        return self._provider.address(
            nonce=nonce_of(ticket),
            state=state,
            verifier=verifier,
            asked=_asked(ticket),
            login=person.login if person else "",
        )

    async def finish(self, query: Mapping[str, str], browser: str) -> Finished:
        """What Okta's answer leads to, in the browser that started.

        Raises SignInRefused before anything is used up (`unknown`, `wrong_browser`, `used`, `expired`) and for every way in
        which the sign-in proves nothing; Refused, Conflict, Unsure, SigningFailed from the decision itself.
        """
        start = await run_sync(self._started, query.get("state", ""), browser)
        ticket = await run_sync(self._use, start.ticket)
        try:
            if (iss := query.get("iss")) is not None and iss != self._provider.issuer:  # RFC 9207
                raise SignInRefused("token_refused", "iss of the answer")
            if (error := query.get("error")) is not None:
                raise SignInRefused("cancelled" if error in CANCELLED else "okta_refused", error[:40])
            token = await self._provider.exchange(query.get("code", ""), start.verifier)
            expected = Expected(nonce=nonce_of(ticket), since=ticket.at, asked=_asked(ticket), sub=ticket.sub)
            signed = await self._check.check(token, expected)
            return await run_sync(self._record, ticket, proof_of(ticket, signed))
        except (SignInRefused, Refused, Conflict, Unsure, SigningFailed) as failure:
            await run_sync(self._failed, ticket, failure)
            raise

    def _started(self, state: str, browser: str) -> Start:
        start = self._book.started(sha256(state))
        if start is None:
            raise SignInRefused("unknown", "state")
        if not hmac.compare_digest(start.browser, sha256(browser)):
            raise SignInRefused("wrong_browser")
        return start

    def _use(self, ticket: Digest) -> Ticket:
        now = self._clock.now()
        if self._book.use(ticket, now):
            mine = self._book.find(ticket)
            if mine is not None:
                return mine
        found = self._book.find(ticket)
        raise SignInRefused("used" if found and found.used_at is not None else "expired")

    def _record(self, ticket: Ticket, proof: Proof) -> Finished:
        person = self._directory().get(proof.sub)
        if person is None:
            why = "The company's directory does not know the person who signed in at Okta."
            raise Refused("not_in_directory", why, "Nothing was recorded. Ask whoever runs Attester to pull it again.")
        if person.employed is not True:
            why = "The company's directory does not say that you are employed."
            raise Refused("not_employed", why, "Nothing was recorded. Ask the control owner if this is wrong.")
        receipt = self._decide[ticket.purpose](ticket, proof)
        self._book.settle(ticket.id, OUTCOME_RECORDED)
        return Finished(ticket, person, proof, receipt)

    def _failed(self, ticket: Ticket, failure: BaseException) -> None:
        if isinstance(failure, SignInRefused):
            code, text = failure.kind, failure.sentence
        else:
            said = answer(failure)
            code, text = said.code, said.text
        self._book.settle(ticket.id, code)
        self._note(ticket, code, text)


def sha256(text: str) -> Digest:
    """The digest under which a secret is kept; text that is not valid Unicode has one that nothing else has."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _asked(ticket: Ticket) -> Asked:
    return Asked(level=ticket.level, max_age=ticket.max_age)
