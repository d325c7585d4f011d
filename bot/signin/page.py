"""The pages of a sign-in: small, readable without a script, in light and dark; outside text is inert and shown whole."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from workflows.kernel.identity import Person
from workflows.kernel.signin import Decision, SlackLink, Ticket, WebSession
from workflows.kernel.text import clean, utc

FOLDER = Path(__file__).parent / "template"
STYLE = (FOLDER / "style.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
LEADS = {
    "decide": "You are about to decide this. Read it, then confirm with your Okta account.",
    "link": "You are about to say that a Slack account is yours. Read it, then confirm with your Okta account.",
}
WARNINGS = {
    "decide": "Confirm only what you decided yourself in Slack a moment ago.",
    "link": "Confirm only if you pressed “Link my account” in Slack yourself, and this is your Slack account. "
    "Whoever sent you this link would otherwise act in your name.",
}

_pages = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def confirm_page(name: str, ticket: Ticket, person: Person | None, csrf: str) -> str:
    """Everything that a ticket covers, in full, and one button."""
    many = len(ticket.decisions)
    title = f"Confirm {many} decisions" if many > 1 else "Confirm with Okta"
    return _page(
        "confirm",
        name,
        title,
        lead=LEADS.get(ticket.purpose, "")
        if many == 1
        else f"One sign-in confirms these {many} decisions. Read them all.",
        person=clean(person.called()) if person else "",
        decisions=[_shown(d) for d in ticket.decisions],
        warning=WARNINGS.get(ticket.purpose, ""),
        csrf=csrf,
        until=utc(ticket.expires_at),
    )


def recorded_page(name: str, ticket: Ticket, receipt: str) -> str:
    """What was recorded."""
    titles = [clean(d.title) for d in ticket.decisions]
    more = ["You can close this page."]
    return _result(name, "Recorded", "good", clean(receipt), more=more, titles=titles)


def refused_page(name: str, text: str, *, unsure: bool = False) -> str:
    """What went wrong, whether anything was recorded, and what to do."""
    title = "We do not know whether this was recorded" if unsure else "Not confirmed"
    return _result(name, title, "bad", clean(text), more=[])


def login_page(
    name: str, csrf: str, session: WebSession | None, person: Person | None, links: Sequence[tuple[SlackLink, bool]]
) -> str:
    """Who is signed in, with the links that can be taken back; ``links`` come with whether they are stale."""
    shown = [{"team": link.team, "user": link.user, "at": utc(link.at), "stale": stale} for link, stale in links]
    signed_in = session is not None and person is not None
    return _page(
        "login",
        name,
        "Your account" if signed_in else "Sign in",
        csrf=csrf,
        person=clean(person.called()) if person and signed_in else "",
        until=utc(session.expires_at) if session else "",
        links=shown,
    )


def said_page(name: str, title: str, text: str, link: str = "", link_words: str = "") -> str:
    """A sentence, and where to go on."""
    return _result(name, title, "good", clean(text), more=[], link=link, link_words=link_words)


def _result(
    name: str,
    title: str,
    kind: str,
    text: str,
    *,
    more: Sequence[str],
    titles: Sequence[str] = (),
    link: str = "",
    link_words: str = "",
) -> str:
    return _page(
        "result", name, title, kind=kind, text=text, more=more, titles=titles, link=link, link_words=link_words
    )


def _shown(decision: Decision) -> dict[str, object]:
    return {
        "title": clean(decision.title),
        "facts": [(clean(label), clean(value)) for label, value in decision.facts],
        "reason": clean(decision.reason),
        "case": clean(decision.case),
        "act": clean(decision.act),
        "ask": clean(decision.ask),
        "shown": decision.shown,
        "evidence": decision.evidence,
        "program": decision.program,
        "sha256": decision.sha256(),
    }


def _page(template: str, name: str, title: str, **values: object) -> str:
    # The style is ours and named by its hash in the policy: as markup, because escaping would change it.
    style = Markup(STYLE)  # noqa: S704 - our own file
    return _pages.get_template(f"{template}.html").render(name=name, title=title, style=style, **values)
