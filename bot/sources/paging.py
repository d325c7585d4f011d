"""Following pages: `next` is opaque, and never leads to another host (RFC 8288; identity page, 13)."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

PORTS = {"http": 80, "https": 443}
_LINK = re.compile(r"""<(?P<target>[^<>]*)>(?P<rest>(?:\s*;\s*[^\s,;="]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]*))?)*)""")
_REL = re.compile(r""";\s*rel\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s",;]*))""", re.IGNORECASE)


class WrongWay(Exception):
    """The next page cannot be followed; the message says why."""


def next_link(header: str, request: str) -> str | None:
    """The page after this one, or None. ``header`` joins all `Link` headers of the answer, in any order.

    Raises WrongWay where the answer names two, or one on another scheme, host or port.
    """
    targets = []
    for found in _LINK.finditer(header):
        rel = _REL.search(found["rest"])
        words = (rel["quoted"] or rel["plain"] or "").lower().split() if rel else []
        if "next" in words:
            targets.append(resolved(found["target"], request))
    distinct = set(targets)
    if len(distinct) > 1:
        raise WrongWay("one answer names two different next pages")
    return distinct.pop() if distinct else None


def resolved(target: str, request: str) -> str:
    """A link against the page that holds it. Raises WrongWay where it leaves the origin of that page."""
    try:
        url = urldefrag(urljoin(request, target.strip())).url
        there, here = urlsplit(url), urlsplit(request)
        same = _origin(there) == _origin(here)
    except ValueError as error:
        raise WrongWay(f"the next page's address cannot be read: {error}") from error
    if not same or there.username is not None or there.password is not None:
        host = f"{there.scheme}://{there.hostname or ''}"[:120]
        raise WrongWay(f"the next page is said to be at {host}, another place than {here.scheme}://{here.netloc}")
    return url


def _origin(url: SplitResult) -> tuple[str, str, int | None]:
    return url.scheme, url.hostname or "", url.port or PORTS.get(url.scheme)
