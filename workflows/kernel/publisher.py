"""Which run of a pipeline may bring evidence to a control, by what its identity provider signed about it (CC7.1, CC8.1).

The token's signature, issuer, audience and times are checked before any of this is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workflows.kernel.errors import Refused
from workflows.kernel.identity import Value

EVENTS = ("push", "workflow_dispatch", "schedule", "release", "deployment")
"""What may start a run where the program says nothing else: nothing that a stranger can cause."""
NEVER = "pull_request_target"
"""Runs with the repository's rights on a change that anybody may propose; no setting allows it."""
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
REPOSITORY = re.compile(r"(?=.{3,140}$)(?!\.+/)[A-Za-z0-9_.-]+/(?!\.+$)[A-Za-z0-9_.-]+")
WORKFLOW = re.compile(r"[A-Za-z0-9_.-]{1,200}\.ya?ml")
NUMBER = re.compile(r"[0-9]{1,20}")
LONGEST = 500
NEEDED = (
    "repository", "repository_owner", "repository_owner_id", "job_workflow_ref", "event_name", "sha", "run_id",
    "run_attempt", "workflow", "jti",
)  # fmt: skip
"""Claims without which a token says too little."""
_NOTHING = "Nothing was stored."


class Publisher(Value):
    """A workflow of a repository that may bring evidence. ``owner_id`` is the owner's number: a name can be given up and
    taken by somebody else."""

    repository: str
    owner_id: int
    workflow: str
    environment: str | None = None
    events: tuple[str, ...] = EVENTS


class Signed(Value):
    """Who says what the evidence is about: the claims of a run's token, signed by its issuer.

    ``token`` and ``keys`` are the SHA-256 of the token and of the issuer's keys as they were when it was checked; empty where
    neither is kept. ``ref`` and ``environment`` may be empty.
    """

    issuer: str
    repository: str
    repository_owner_id: str
    sha: str
    ref: str = ""
    run_id: str
    run_attempt: str
    workflow: str
    job_workflow_ref: str
    event_name: str
    environment: str = ""
    jti: str
    token: str = ""
    keys: str = ""


def signed(claims: Mapping[str, Any]) -> Signed:
    """The claims that are kept. Raises Refused where one is missing, or is no text that could be meant."""
    for name in NEEDED:
        if not _text(claims.get(name)):
            raise Refused("claim_missing", f"The token does not say `{name}`.", f"{_NOTHING} Ask for a new token.")
    if not COMMIT.fullmatch(claims["sha"]):
        raise Refused("claim_missing", "The token's `sha` is no full commit id.", f"{_NOTHING} Ask for a new token.")
    if not REPOSITORY.fullmatch(claims["repository"]) or not all(
        NUMBER.fullmatch(claims[name]) for name in ("repository_owner_id", "run_id", "run_attempt")
    ):
        raise Refused("claim_missing", "The token names no repository or no run.", f"{_NOTHING} Ask for a new token.")
    said = {name: claims.get(name) or "" for name in ("ref", "environment")}
    if not all(value == "" or _text(value) for value in said.values()):
        raise Refused(
            "claim_missing", "The token's `ref` or `environment` is no text.", f"{_NOTHING} Ask for a new one."
        )
    kept = {name: claims[name] for name in NEEDED if name != "repository_owner"}
    return Signed(issuer=claims["iss"], **said, **kept)


def admitted(control: str, publishers: Sequence[Publisher], claims: Mapping[str, Any]) -> Publisher:
    """The publisher that lets this run bring evidence to a control. Raises Refused, saying what the program would have to say.

    Of several that fit, the one that names the run's environment counts: what it says about events holds.
    """
    said = signed(claims)
    if said.event_name == NEVER:
        why = f"A run that was started by {NEVER} works with the repository's rights on a stranger's change."
        raise Refused("event_never", why, f"{_NOTHING} Push from a run that was started otherwise.")
    owner, _, _ = said.repository.partition("/")
    here = [p for p in publishers if p.repository.lower() == said.repository.lower()]
    if not here or owner.lower() != claims["repository_owner"].lower():
        why = f"Repository {_plain(said.repository)} is not declared for control {control}."
        raise Refused("unknown_publisher", why, f"{_NOTHING} Add it under `publishers`.")
    owned = [p for p in here if str(p.owner_id) == said.repository_owner_id]
    if not owned:
        why = f"The owner of {_plain(said.repository)} has another id than the one that is declared for control {control}."
        raise Refused("other_owner", why, f"{_NOTHING} If the account is yours, correct `owner_id` under `publishers`.")
    filed = [p for p in owned if _runs(p, said)]
    if not filed:
        why = (
            f"The run's workflow {_plain(said.job_workflow_ref)} is not the one that is declared for control {control}."
        )
        raise Refused("other_workflow", why, f"{_NOTHING} Add its file as `workflow` under `publishers`.")
    placed = [p for p in filed if p.environment is None or p.environment.lower() == said.environment.lower()]
    if not placed:
        where = f"environment {_plain(said.environment)}" if said.environment else "no environment"
        why = f"The run belongs to {where}, which is not declared for control {control}."
        raise Refused("other_environment", why, f"{_NOTHING} Run the job in the declared environment.")
    chosen = next((p for p in placed if p.environment is not None), placed[0])
    if said.event_name not in chosen.events:
        why = f"A run that was started by {_plain(said.event_name)} may not bring evidence to control {control}."
        raise Refused("other_event", why, f"{_NOTHING} If it may, add it to `events` under `publishers`.")
    return chosen


def _runs(publisher: Publisher, said: Signed) -> bool:
    """Whether the run is of the declared file in the publisher's own repository, at the run's own ref or commit."""
    path, _, at = said.job_workflow_ref.partition("@")
    repository, found, file = path.partition("/.github/workflows/")
    ours = found and repository.lower() == publisher.repository.lower() and file == publisher.workflow
    return bool(ours) and at in {text for text in (said.ref, said.sha) if text}


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()


def _plain(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"
