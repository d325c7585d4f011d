"""What a pipeline may say: that a deployment waits, or how it ended."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from workflows.kernel.text import writable


def _web(address: str) -> str:
    where = urlsplit(address)
    local = where.hostname in ("127.0.0.1", "localhost")
    if address and ((where.scheme != "https" and not local) or not where.hostname or "@" in where.netloc):
        raise ValueError("is no address that a browser may open; write https://…")
    return address


def _plain(text: str) -> str:
    if not writable(text) or not text.isprintable():
        raise ValueError("has signs that cannot be written down")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_plain)]
Login = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_plain)]
Web = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_plain), AfterValidator(_web)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Waits(BaseModel):
    """A deployment that waits. ``requester`` and ``authors`` are logins of the identity provider, or aliases of the program."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    repository: Name
    environment: Name
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$|^[0-9a-f]{64}$")]
    requester: Login
    authors: tuple[Login, ...] = Field(min_length=1, max_length=200)
    title: Annotated[str, StringConstraints(max_length=200), AfterValidator(_plain)] = ""
    url: Web = ""


class Ended(BaseModel):
    """How a deployment ended that was let go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    outcome: Literal["success", "failure", "cancelled"]


def problem(wrong: ValidationError) -> str:
    """What is wrong, as a sentence that says where; never the value."""
    first = wrong.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    return f"Look at {where}: {first['msg']}."
