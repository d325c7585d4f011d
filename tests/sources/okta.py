"""An Okta organisation as its documentation describes it: cursors, `Link` headers, counts, limits; faults on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from typing import Any

from tests.sources.server import Reply, Request, running
from tests.sources.world import NOW, TOKEN

Fault = Callable[[Request], Reply | None]
Links = Callable[[str, str | None], list[tuple[str, str]]]

GROUPS_TOKEN = "00SecretTokenThatMayChangeGroups"
DATE = format_datetime(NOW, usegmt=True)


def links_in_two_headers(here: str, following: str | None) -> list[tuple[str, str]]:
    """As Okta documents it: `self`, then `next`, a header line for each."""
    found = [("Link", f'<{here}>; rel="self"')]
    return [*found, ("Link", f'<{following}>; rel="next"')] if following else found


def user(key: str, login: str, status: str = "ACTIVE", **profile: Any) -> dict[str, Any]:
    """A user as Okta lists it."""
    first = login.partition("@")[0].title()
    return {
        "id": key,
        "status": status,
        "created": "2024-01-02T03:04:05.000Z",
        "lastLogin": "2026-10-01T08:00:00.000Z",
        "lastUpdated": "2026-09-01T00:00:00.000Z",
        "statusChanged": "2026-09-15T00:00:00.000Z",
        "profile": {"login": login, "email": login, "firstName": first, "lastName": "X", **profile},
    }


class Okta:
    """The organisation; ``faults`` are asked first, ``asked`` holds every request."""

    def __init__(self) -> None:
        self.page = 200
        self.users = [user("00umaya", "maya@acme.test"), user("00utom", "tom@acme.test", "DEPROVISIONED")]
        self.changed: list[dict[str, Any]] = []
        self.groups: dict[str, str] = {"00gadm": "aws-prod-admins"}
        self.members: dict[str, list[str]] = {"00gadm": ["00umaya", "00utom"]}
        self.counts: dict[str, int] = {}
        self.apps: dict[str, str] = {"0oaaws": "AWS"}
        self.app_users: dict[str, list[tuple[str, str]]] = {"0oaaws": [("00umaya", "USER"), ("00utom", "GROUP")]}
        self.app_groups: dict[str, list[str]] = {"0oaaws": ["00gadm"]}
        self.roles: dict[str, list[dict[str, Any]]] = {
            "00umaya": [{"id": "ra1", "type": "SUPER_ADMIN", "label": "Super Administrator", "assignmentType": "USER"}]
        }
        self.links: Links = links_in_two_headers
        self.limits: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.asked: list[Request] = []
        self.base = ""

    def answer(self, request: Request) -> Reply:
        """Whatever the organisation says to this request."""
        self.asked.append(request)
        for fault in self.faults:
            reply = fault(request)
            if reply is not None:
                return self._dated(reply)
        if request.headers.get("authorization") == f"SSWS {GROUPS_TOKEN}":
            return self._dated(self._group_call(request))
        if request.headers.get("authorization") != f"SSWS {TOKEN}":
            return self._dated(Reply(401, b'{"errorCode":"E0000011","errorSummary":"Invalid token provided"}'))
        return self._dated(self._route(request))

    def _dated(self, reply: Reply) -> Reply:
        if not any(name == "Date" for name, _ in reply.headers):
            reply.headers.append(("Date", DATE))
        reply.headers += self.limits
        return reply

    def _route(self, request: Request) -> Reply:
        parts = request.path.removeprefix("/api/v1/").split("/")
        if request.method != "GET":
            return Reply(
                403, b'{"errorCode":"E0000006","errorSummary":"You do not have permission to perform this action"}'
            )
        if parts == ["iam", "assignees", "users"]:
            admins = [{"id": key} for key in self.roles]
            return Reply(body=json.dumps({"value": admins, "_links": {"next": None}}).encode())
        if parts == ["users", "me"]:
            return Reply(body=json.dumps(self.users[0]).encode())
        rows = self._rows(parts, request)
        if rows is None:
            return Reply(404, b'{"errorCode":"E0000007","errorSummary":"Not found"}')
        return self._paged(rows, request)

    def _group_call(self, request: Request) -> Reply:
        """What the token that may change groups may do."""
        parts = request.path.removeprefix("/api/v1/").split("/")
        if request.method != "GET":
            return self._change(request.method, parts)
        if parts[0] != "groups" or len(parts) != 2 or parts[1] not in self.groups:
            return Reply(404, b'{"errorCode":"E0000007","errorSummary":"Not found: Resource not found"}')
        return Reply(body=json.dumps(self._group(parts[1], self.groups[parts[1]], {})).encode())

    def _change(self, method: str, parts: list[str]) -> Reply:
        """A member comes or goes; a second time nothing changes, and Okta says the same."""
        known = {row["id"] for row in self.users}
        if len(parts) != 4 or parts[1] not in self.groups or parts[3] not in known:
            return Reply(404, b'{"errorCode":"E0000007","errorSummary":"Not found: Resource not found"}')
        members = self.members.setdefault(parts[1], [])
        if method == "PUT" and parts[3] not in members:
            members.append(parts[3])
        if method == "DELETE" and parts[3] in members:
            members.remove(parts[3])
        return Reply(204, b"", [("X-Okta-Request-Id", f"req-{len(self.asked)}")])

    def _rows(self, parts: list[str], request: Request) -> list[dict[str, Any]] | None:
        by_id = {row["id"]: row for row in self.users if "id" in row}
        if parts == ["users"]:
            if "1970" in request.query.get("filter", ""):
                return self.users
            # Without the filter Okta leaves deprovisioned users out.
            return (
                self.changed if "filter" in request.query else [u for u in self.users if u["status"] != "DEPROVISIONED"]
            )
        if parts == ["groups"]:
            return [self._group(key, name, request.query) for key, name in self.groups.items()]
        if parts == ["apps"]:
            return [{"id": key, "label": label, "status": "ACTIVE"} for key, label in self.apps.items()]
        tables: dict[tuple[str, str], Callable[[str], list[dict[str, Any]]]] = {
            ("groups", "users"): lambda key: [by_id.get(m, {"id": m}) for m in self.members.get(key, [])],
            ("apps", "users"): lambda key: [
                {"id": u, "scope": scope, "created": "2025-05-05T00:00:00.000Z"}
                for u, scope in self.app_users.get(key, [])
            ],
            ("apps", "groups"): lambda key: [{"id": g} for g in self.app_groups.get(key, [])],
            ("users", "roles"): lambda key: self.roles.get(key, []),
        }
        found = tables.get((parts[0], parts[-1])) if len(parts) == 3 else None
        return found(parts[1]) if found else None

    def _group(self, key: str, name: str, query: dict[str, str]) -> dict[str, Any]:
        kind = "BUILT_IN" if name == "Everyone" else "OKTA_GROUP"
        row: dict[str, Any] = {"id": key, "type": kind, "profile": {"name": name}}
        if query.get("expand") == "stats":
            row["_embedded"] = {"stats": {"usersCount": self.counts.get(key, len(self.members.get(key, [])))}}
        return row

    def _paged(self, rows: list[dict[str, Any]], request: Request) -> Reply:
        size = min(self.page, int(request.query.get("limit", "200")))
        start = int(request.query.get("after", "0"))
        asked = "&".join(f"{k}={v}" for k, v in request.query.items() if k == "limit")
        keep = f"&filter={request.query['filter'].replace(' ', '%20')}" if "filter" in request.query else ""
        here = f"{self.base}{request.path}?{asked}"
        following = f"{here}{keep}&after={start + size}" if start + size < len(rows) else None
        body = json.dumps(rows[start : start + size]).encode()
        return Reply(body=body, headers=self.links(here, following))


@contextmanager
def organisation(okta: Okta) -> Iterator[str]:
    """The organisation on 127.0.0.1, while the block runs."""
    with running(okta.answer) as base:
        okta.base = base
        yield base
