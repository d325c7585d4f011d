"""What the webhooks `deployment_protection_rule` and `deployment_review` say, and which run they are about.

Shapes: octokit/webhooks `deployment_protection_rule/requested`, `deployment_review/approved` and `/rejected`. Only a few
fields are sure to be there, so everything that we need is checked here. The address in a request is read and never called:
whoever could choose it would choose where our answers go.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$|^[0-9a-f]{64}$")]
Login = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_NAME = r"[A-Za-z0-9_.-]{1,100}"
FullName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}/{_NAME}$")]
_RUN = re.compile(r"[1-9][0-9]{0,19}")


class Part(BaseModel):
    """A part of an answer of GitHub: fields that we do not know are left out, those that we use are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Deployment(Part):
    """The deployment that waits."""

    id: int = Field(ge=1, lt=2**63)
    sha: Sha
    ref: str = ""


class Repository(Part):
    """Where it comes from."""

    full_name: FullName


class Installation(Part):
    """Where our App is installed."""

    id: int = Field(ge=1, lt=2**63)


class Account(Part):
    """Who acts at GitHub; ``type`` is `User` or `Bot`."""

    login: Login
    type: str = "User"


class Requested(Part):
    """A deployment that asks for our answer."""

    action: str
    environment: str = Field(min_length=1, max_length=255)
    deployment_callback_url: str = Field(max_length=2000)
    deployment: Deployment
    repository: Repository
    installation: Installation
    sender: Account


class JobRun(Part):
    """A job that waited, and the environment that it waited for."""

    environment: str = Field(default="", max_length=255)


class ReviewedRun(Part):
    """The run that was decided about, in this attempt."""

    id: int = Field(ge=1, lt=2**63)
    head_sha: Sha
    run_attempt: int = Field(default=1, ge=1, le=10_000)


class Reviewed(Part):
    """Somebody decided at GitHub whether jobs may go into an environment."""

    action: Literal["approved", "rejected"]
    approver: Account
    repository: Repository
    installation: Installation
    workflow_run: ReviewedRun
    workflow_job_run: JobRun | None = None
    workflow_job_runs: tuple[JobRun, ...] = Field(default=(), max_length=1000)
    since: AwareDatetime | None = None

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that were decided about, each once."""
        jobs = (*self.workflow_job_runs, *([self.workflow_job_run] if self.workflow_job_run else []))
        return tuple(dict.fromkeys(job.environment for job in jobs if job.environment))


def run_of(address: str, api: str, repository: str) -> str | None:
    """The run's number in the callback address, or None where the address is not exactly the one of this repository.

    ``api`` is the base of the API that we are set to use. Host, port, repository and path must all be as expected.
    """
    start = f"{api.rstrip('/')}/repos/{repository}/actions/runs/"
    end = "/deployment_protection_rule"
    # GitHub names a repository as its owner wrote it; hosts and names are the same in any case.
    if not address.lower().startswith(start.lower()) or not address.endswith(end) or not address.isascii():
        return None
    if urlsplit(address).netloc.lower() != urlsplit(api).netloc.lower():
        return None
    run = address[len(start) : -len(end)]
    return run if _RUN.fullmatch(run) else None
