"""What is inside a button: an opaque pointer, never state. Fits an option's value (75 characters)."""

from __future__ import annotations

import hashlib
import re

from workflows.kernel.identity import Value
from workflows.kernel.model import CaseId

_FORM = re.compile(
    r"1~(?P<act>[a-z_]{1,24})~(?P<ref>[0-9a-f]{16})~(?P<item>[0-9a-z_:-]{0,20})~(?P<stamp>[0-9a-f]{0,8})"
)


def case_ref(case: CaseId) -> str:
    """A case id as 16 hex digits; the store finds the case by it."""
    return hashlib.sha256(case.encode()).hexdigest()[:16]


class Link(Value):
    """``act`` on ``item`` of the case with this ref. ``stamp`` is the start of the digest of what was shown."""

    act: str
    ref: str
    item: str = ""
    stamp: str = ""

    def text(self) -> str:
        """The link as a button's value, at most 75 characters."""
        return f"1~{self.act}~{self.ref}~{self.item}~{self.stamp}"

    @classmethod
    def parse(cls, text: str) -> Link | None:
        """The link in a value, or None where the value is not ours: a forged or foreign value has no effect."""
        found = _FORM.fullmatch(text)
        return cls(**found.groupdict()) if found else None
