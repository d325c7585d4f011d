"""What may go wrong, classed by whose fault it is. A refusal is an answer, not an error."""

from __future__ import annotations


class Refused(Exception):
    """A rule says no. Carries a stable ``code``, the reason and the next step, both as sentences for people.

    Nothing was recorded as a decision; the attempt itself is recorded (`attempt_refused`).
    """

    def __init__(self, code: str, why: str, next_step: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why
        self.next_step = next_step

    @property
    def sentence(self) -> str:
        """The reason and the next step as one text."""
        return f"{self.why} {self.next_step}".strip()


class AllRefused(Refused):
    """Several things are refused at once, each with its own next step; ``parts`` has them, and the first gives the code."""

    def __init__(self, parts: tuple[Refused, ...]) -> None:
        super().__init__(parts[0].code, " ".join(part.sentence for part in parts), "")
        self.parts = parts


class StepUpNeeded(Refused):
    """The rules would let this happen, but it must be surer who asks: a sign-in of ``level`` is wanted for this decision."""

    def __init__(self, level: str, why: str, next_step: str) -> None:
        super().__init__("step_up_needed", why, next_step)
        self.level = level


class FieldErrors(Exception):
    """A submitted form cannot be read. ``errors`` maps block id → sentence, shown under that field; nothing is recorded."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in errors.items()))
        self.errors = errors


class Conflict(Exception):
    """Somebody else's event came first: load the case again and decide again. Nothing of this attempt is recorded."""


class Unsure(Exception):
    """The outcome is unknown (the commit was sent, its answer was lost). Look at the record before trying again."""


class Broken(Exception):
    """Our own fault. ``reference`` finds the log line; the sentence says whether anything was recorded."""

    def __init__(self, reference: str, recorded: bool) -> None:
        super().__init__(reference)
        self.reference = reference
        self.recorded = recorded
