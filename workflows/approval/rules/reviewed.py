"""What GitHub's own reviewers decided: recorded as theirs, and put to the control owner where it shows no second person.

CC8.1. Nobody was asked by us, so nothing of it counts as our approval: its level is `github`.
"""

from __future__ import annotations

from datetime import datetime

from workflows.approval.model import Deploy, DeployReviewed, NoteReview, OutsideReview, Request
from workflows.approval.rules.approver import fresh
from workflows.approval.rules.frame import framed, settings_of
from workflows.approval.rules.refusal import refused
from workflows.kernel.identity import Person
from workflows.kernel.model import Facts, Outcome


def note_review(command: NoteReview, at: datetime, facts: Facts) -> Outcome:
    """Record a decision that was made at GitHub. Refused where the program has it made here."""
    settings, deploy = settings_of(facts), command.deploy
    fresh(facts.directory, at)
    found = settings.environment(deploy.repository, deploy.environment)
    if found is None or found.decided != "github":
        raise refused("no_such_environment", "The program has this environment's deploys decided here.")
    request = Request(
        kind="deploy",
        title=command.title,
        plain=f"Deploy {deploy.repository} to {deploy.environment}",
        requester=facts.directory.get(command.requester),
        deploy=deploy,
    )
    reviewer = facts.directory.get(command.reviewer)
    doubts = _doubts(reviewer, command.login, deploy) if command.verdict == "approved" else ()
    review = OutsideReview(verdict=command.verdict, login=command.login, person=reviewer, doubts=doubts)
    event = DeployReviewed(
        repository=deploy.repository, environment=deploy.environment, run=deploy.run, attempt=deploy.attempt,
        commit=deploy.commit, verdict=command.verdict, independent=not doubts, review=review, request=request,
        request_sha256=request.digest(), frame=framed(request, settings, at, facts), files=command.evidence,
    )  # fmt: skip
    return Outcome(events=(event,))


def _doubts(reviewer: Person | None, login: str, deploy: Deploy) -> tuple[str, ...]:
    """Why an approval at GitHub does not show that a second person looked; empty where it does."""
    if reviewer is None:
        return (f"{login} is not linked to anybody in the directory, so cannot be told apart from the author.",)
    found = []
    if reviewer.employed is not True:
        found.append("The directory does not have whoever approved as employed.")
    if reviewer.id in deploy.authors:
        found.append("Whoever approved wrote part of it.")
    if reviewer.id in deploy.starters:
        found.append("Whoever approved had a part in starting it.")
    if deploy.unknown:
        found.append("An author or starter is not linked to anybody, so cannot be told apart from whoever approved.")
    return tuple(found)
