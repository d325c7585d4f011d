"""How sure it must be who decides about the record itself: erasing texts and ending keys (CC6.1)."""

from __future__ import annotations

from workflows.kernel.errors import StepUpNeeded
from workflows.kernel.model import Actor, Assurance, Facts

LEVELS: tuple[Assurance, ...] = ("slack", "slack+sso", "slack+sso+mfa")
"""From the least sure to the surest."""


def reached(wanted: str, by: Actor) -> bool:
    """Whether it is at least so sure who acts; a level outside the order is reached by nobody."""
    have = LEVELS.index(by.assurance) if by.assurance in LEVELS else -1
    return wanted in LEVELS and have >= [*LEVELS].index(wanted)


def surer(one: Assurance, other: Assurance | None) -> Assurance:
    """The surer of two levels; None is none."""
    return max((one, other or one), key=LEVELS.index)


def sure_enough(facts: Facts, by: Actor) -> None:
    """Raises StepUpNeeded where the company wants a surer answer for what changes the record (`record_assurance`)."""
    wanted = str(facts.company.get("record_assurance") or "slack")
    if not reached(wanted, by):
        raise StepUpNeeded(
            wanted, "This changes the record itself, and wants a stronger sign-in than a press in Slack.",
            "Sign in when asked, then repeat it. Nothing was recorded.",
        )  # fmt: skip
