"""The part `meta` of a push: what is brought, for what, and what whoever brings it says about each file."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

LARGEST = 64 * 1024
_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Media = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}$")]
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class BadMeta(Exception):
    """`meta` is not as it must be; the message says where and what."""


class FileSaid(BaseModel):
    """One file, in the order of the parts `file`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    sha256: _Digest
    kind: _Word = ""
    media_type: _Media | None = Field(None, alias="mediaType")
    commit: _Word = ""
    repository: _Word = ""
    artifact: _Word = ""
    window: tuple[AwareDatetime, AwareDatetime] | None = None
    transformed: _Word = ""

    @model_validator(mode="after")
    def _window_goes_forward(self) -> FileSaid:
        if self.window and self.window[0] > self.window[1]:
            raise ValueError("window ends before it begins")
        return self


class Meta(BaseModel):
    """The whole part. ``case`` is a case that it is for; then its control is the one that counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    control: _Word = ""
    case: Annotated[str, StringConstraints(max_length=255)] = ""
    files: tuple[FileSaid, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_of_them(self) -> Meta:
        if bool(self.control) == bool(self.case):
            raise ValueError("name a control or a case")
        return self


def meta_of(data: bytes) -> Meta:
    """Read it. Raises BadMeta: no JSON, a key twice, an unknown key, or a value that cannot be meant."""
    if len(data) > LARGEST:
        raise BadMeta(f"`meta` has over {LARGEST:,} bytes.")
    try:
        return Meta.model_validate(json.loads(data, object_pairs_hook=_once))
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "meta"
        raise BadMeta(f"`meta` is not as it must be: {where}: {first['msg'][:200]}.") from None
    except (ValueError, RecursionError):
        raise BadMeta("`meta` is no JSON object with each key once.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
