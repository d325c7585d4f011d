"""What a `deployment_protection_rule` webhook says, and which run it is about.

Shape: octokit/webhooks `deployment_protection_rule/requested`. Only `action`, `repository` and `sender` are sure to be
there, so everything that we need is checked here. The address in it is read and never called: whoever could choose it
would choose where our answers go.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
