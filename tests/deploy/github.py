"""GitHub as its documentation describes it, on this machine: an App's tokens, runs, reviews, checks, protection rules.

It holds what a repository holds, checks what GitHub checks, and can be told to break at the next answer. Every request is
kept, so that a test can see that none went where it should not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.deploy.github_team import Teams, answer

REPOSITORY = "acme/payments"
INSTALLATION = 4711
APP = "99"
COMMIT = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
HEAD = "b7a1f9c27caa4e03c14a88feb56e2d4f7500aa63"
RELEASED = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"


def user(login: str, kind: str = "User") -> dict[str, Any]:
    """An account as GitHub shows one."""
    return {"login": login, "id": sum(login.encode()), "type": kind}


def commit_of(sha: str, login: str | None, message: str, email: str = "") -> dict[str, Any]:
    """A commit as GitHub shows one; without a login GitHub knows nobody of this address."""
    author = {"name": login or "Somebody", "email": email or f"{login}@example.test"}
    return {"sha": sha, "commit": {"message": message, "author": author}, "author": user(login) if login else None}


@dataclass
class Repository(Teams):
    """What the stand-in holds; tests change it as they like."""

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    pull_commits: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    compared: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    approvals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass
class GitHubTwin:
    """The stand-in. ``answers`` are the decisions and reports it accepted, ``asked`` every request that reached it.

    ``faults`` break the next answers to decisions: a status, or `cut` (accepted, and the connection ends without an answer).
    """

    url: str
    pem: str
    public: Any
    repository: Repository = field(default_factory=Repository)
    answers: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: list[int | str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def decisions(self, run: str) -> list[dict[str, Any]]:
        """The decisions about a run that were accepted."""
        return [a for a in self.answers if a["run"] == run and a.get("state")]

    def reports(self, run: str) -> list[str]:
        """What was said about a run without deciding it."""
        return [a["comment"] for a in self.answers if a["run"] == run and not a.get("state")]

    def run(self, number: str, sha: str = COMMIT, **more: Any) -> dict[str, Any]:
        """Start a run whose job waits for its environment."""
        made = {
            "id": int(number), "run_attempt": 1, "head_sha": sha, "head_branch": "main", "event": "push",
            "status": "waiting", "conclusion": None, "html_url": f"{self.url}/{REPOSITORY}/actions/runs/{number}",
            "actor": user("lena-novak"), "triggering_actor": user("lena-novak"), **more,
        }  # fmt: skip
        self.repository.runs[number] = made
        deployment = int(number) * 10 + made["run_attempt"]
        self.repository.deployments.insert(0, {"id": deployment, "sha": sha, "environment": "production"})
        self.repository.statuses[str(deployment)] = [{"state": "waiting"}]
        return made

    def payload(self, number: str, **more: Any) -> dict[str, Any]:
        """The webhook for a run, in the shape of octokit's `deployment_protection_rule/requested`."""
        run = self.repository.runs[number]
        callback = f"{self.url}/repos/{REPOSITORY}/actions/runs/{number}/deployment_protection_rule"
        deployment = {
            "id": int(number) * 10 + run["run_attempt"], "sha": run["head_sha"], "ref": "main", "task": "deploy",
            "environment": "production",
        }  # fmt: skip
        return {
            "action": "requested", "environment": "production", "event": run["event"],
            "deployment_callback_url": callback, "deployment": deployment, "pull_requests": [],
            "repository": {"id": 1, "name": "payments", "full_name": REPOSITORY, "owner": user("acme")},
            "installation": {"id": INSTALLATION}, "sender": run["triggering_actor"], **more,
        }  # fmt: skip


def ordinary(twin: GitHubTwin) -> None:
    """A pull request by Lena, approved by Maya, with two checks that passed, on what was released last."""
    here = twin.repository
    merged = commit_of(COMMIT, "lena-novak", "Retry payouts\n\nThey fail now and then.")
    here.commits[COMMIT] = merged
    here.compared[f"{RELEASED}...{COMMIT}"] = [merged]
    here.pulls = [
        {
            "number": 12, "title": "Retry payouts", "merged_at": "2026-10-05T10:00:00Z", "merge_commit_sha": COMMIT,
            "head": {"sha": HEAD}, "user": user("lena-novak"), "html_url": f"{twin.url}/{REPOSITORY}/pull/12",
        }
    ]  # fmt: skip
    here.pull_commits = [merged]
    here.reviews = [{"id": 1, "user": user("mayachen"), "state": "APPROVED", "commit_id": HEAD}]
    here.checks = [
        {"name": name, "head_sha": COMMIT, "status": "completed", "conclusion": "success", "details_url": ""}
        for name in ("test", "lint")
    ]
    here.deployments = [{"id": 7, "sha": RELEASED, "environment": "production", "created_at": "2026-01-02T10:00:00Z"}]
    here.statuses["7"] = [{"state": "inactive"}, {"state": "success"}]
    here.environments["production"] = {
        "name": "production", "can_admins_bypass": False, "protection_rules": [{"type": "branch_policy"}],
        "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False},
    }  # fmt: skip
    here.rules["production"] = [{"id": 3, "enabled": True, "app": {"id": int(APP), "slug": "attester"}}]


class _Desk(BaseHTTPRequestHandler):
    """One request."""

    twin: GitHubTwin
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing: the twin keeps every request."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        where = urlsplit(self.path)
        parts = [unquote(p) for p in where.path.strip("/").split("/")]
        asked = {k: v[0] for k, v in parse_qs(where.query).items()}
        with self.twin.lock:
            self.twin.asked.append((method, where.path))
            status, said, cut = self._answer(method, parts, asked, json.loads(body or b"{}"))
        if cut:
            self.close_connection = True
            return
        raw = b"" if said is None else json.dumps(said).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json; charset=utf-8")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, method: str, parts: list[str], asked: dict[str, str], body: Any) -> tuple[int, Any, bool]:
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if parts[0] == "app":
            return (*self._token(token, parts), False)
        if parts in (["repos", *REPOSITORY.split("/"), "installation"], ["orgs", "acme", "installation"]):
            status, _ = self._token(token, ["app"])
            return status, {"id": INSTALLATION} if status == 200 else {"message": "Bad credentials"}, False
        if token not in self.twin.tokens:
            return 401, {"message": "Bad credentials"}, False
        if parts[:3] == ["orgs", "acme", "teams"]:
            fault = self.twin.faults.pop(0) if self.twin.faults else 0
            return answer(self.twin.repository, method, parts[3], parts[5:], fault)
        if parts[:3] != ["repos", *REPOSITORY.split("/")]:
            return 404, {"message": "Not Found"}, False
        if method == "POST":
            return self._decide(parts[3:], body)
        found = self._look(parts[3:], asked)
        return (404, {"message": "Not Found"}, False) if found is None else (200, found, False)

    def _token(self, token: str, parts: list[str]) -> tuple[int, Any]:
        try:
            claims = jwt.decode(token, self.twin.public, algorithms=["RS256"], options={"require": ["iat", "exp"]})
        except jwt.PyJWTError:
            return 401, {"message": "A JSON web token could not be decoded"}
        if claims["iss"] != APP or claims["exp"] - time.time() > 600:
            return 401, {"message": "'Expiration time' claim ('exp') is too far in the future"}
        if parts == ["app"]:
            return 200, {"id": int(APP), "slug": "attester"}
        if parts != ["app", "installations", str(INSTALLATION), "access_tokens"]:
            return 404, {"message": "Not Found"}
        fresh = f"ghs_{len(self.twin.tokens)}{'x' * 30}"
        self.twin.tokens.add(fresh)
        ends = datetime.now(UTC) + timedelta(hours=1)
        return 201, {"token": fresh, "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def _decide(self, parts: list[str], body: Any) -> tuple[int, Any, bool]:
        if parts[:2] != ["actions", "runs"] or parts[3:] != ["deployment_protection_rule"]:
            return 404, {"message": "Not Found"}, False
        run, comment = self.twin.repository.runs.get(parts[2]), body.get("comment", "")
        fault = self.twin.faults.pop(0) if self.twin.faults else 0
        if isinstance(fault, int) and fault:
            return fault, {"message": "Server Error" if fault >= 500 else "Validation Failed"}, False
        if run is None or len(comment) > 1024 or body.get("environment_name") not in self.twin.repository.environments:
            return 422, {"message": "Validation Failed"}, False
        state = body.get("state")
        if state not in (None, "approved", "rejected"):
            return 422, {"message": "Validation Failed"}, False
        self.twin.answers.append({**body, "run": parts[2]})
        if state:
            said = {"state": state, "comment": comment, "user": user("attester[bot]", "Bot"), "environments": []}
            self.twin.repository.approvals.setdefault(parts[2], []).append(said)
        return 204, None, fault == "cut"

    def _look(self, parts: list[str], asked: dict[str, str]) -> Any:
        here = self.twin.repository
        match parts:
            case ["actions", "runs", run]:
                return here.runs.get(run)
            case ["actions", "runs", run, "approvals"]:
                return here.approvals.get(run, [])
            case ["commits", sha]:
                return here.commits.get(sha)
            case ["commits", sha, "pulls"]:
                return [p for p in here.pulls if sha in (p["merge_commit_sha"], p["head"]["sha"])]
            case ["commits", sha, "check-runs"]:
                found = [c for c in here.checks if c["head_sha"] == sha]
                return {"total_count": len(found), "check_runs": found}
            case ["pulls", _, "reviews"]:
                return here.reviews
            case ["pulls", _, "commits"]:
                return here.pull_commits
            case ["deployments"]:
                return [d for d in here.deployments if d["environment"] == asked.get("environment", d["environment"])]
            case ["deployments", number, "statuses"]:
                return here.statuses.get(number, [])
            case ["compare", span]:
                return self._compare(span)
            case ["environments", name]:
                return here.environments.get(name)
            case ["environments", name, "deployment_protection_rules"]:
                found = here.rules.get(name, [])
                return {"total_count": len(found), "custom_deployment_protection_rules": found}
        return None

    def _compare(self, span: str) -> Any:
        found = self.twin.repository.compared.get(span)
        if found is None:
            return None
        link = f"{self.twin.url}/{REPOSITORY}/compare/{span}"
        return {"status": "ahead", "total_commits": len(found), "commits": found, "html_url": link}


@contextmanager
def running_github() -> Iterator[GitHubTwin]:
    """The stand-in with the ordinary repository, until the block ends."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    desk = type("Desk", (_Desk,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), desk)
    server.daemon_threads = True
    twin = GitHubTwin(f"http://127.0.0.1:{server.server_address[1]}", pem, key.public_key())
    desk.twin = twin  # type: ignore[attr-defined]
    ordinary(twin)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield twin
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
