"""A small whole program, its settings models, and ways to break it. The models stand in for those of the product, so that
a new setting there changes no message here."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.program.load import Loaded, check, load
from workflows.kernel.calendar import checked_span

GOOD = Path(__file__).parent / "good"
TODAY = date(2026, 10, 7)
Span = Annotated[str, AfterValidator(checked_span)]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scoped(Shape):
    id: str
    max_age: Span = "48h"
    out_of_scope: str = ""
    accepted_by: str = ""
    until: date | None = None


class Reviewers(Shape):
    order: tuple[Literal["entitlement_owner", "app_owner", "manager"], ...] = ("app_owner", "manager")
    fallback: tuple[str, ...] = Field(min_length=1)


class ReviewSettings(Shape):
    sources: tuple[Scoped, ...] = Field(min_length=1)
    reviewers: Reviewers
    assurance: Literal["slack", "slack+sso"] = "slack"
    unused_days: int = Field(default=90, ge=1)


class FileSettings(Shape):
    file: str
    role: Literal["directory", "accounts"] = "accounts"
    as_of: Literal["modified", "pulled"] | date = "modified"
    email_verified: bool | None = None


class OktaSettings(Shape):
    reviews: tuple[Literal["groups", "apps"], ...] = ("groups", "apps")


WORKFLOWS: dict[str, type[BaseModel]] = {"access_review": ReviewSettings}
SOURCES: dict[str, type[BaseModel]] = {"csv": FileSettings, "okta": OktaSettings}


def good_program(folder: Path) -> Path:
    """A copy of the small program, ready to be broken."""
    shutil.copytree(GOOD, folder)
    return folder


def loaded(folder: Path, today: date = TODAY) -> Loaded:
    """The program of a folder. Raises ProgramInvalid."""
    return load(folder, WORKFLOWS, SOURCES, today=today)


def messages(folder: Path, today: date = TODAY) -> list[str]:
    """Everything that is wrong with a folder, as `attester program check` prints it."""
    return [str(problem) for problem in check(folder, WORKFLOWS, SOURCES, today=today)]
