"""A private answer to a command."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.kernel.blocks import Block

LISTED = 10


@dataclass(frozen=True)
class Said:
    """A private answer to a command; ``text`` is what notifications and screen readers get. Empty: a form is on the screen."""

    text: str
    blocks: tuple[Block, ...] = ()
