"""Whether a policy makes its holder an administrator: by AWS's own names, or by what its document allows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

ADMINISTRATORS = frozenset(
    f"arn:{partition}:iam::aws:policy/{name}"
    for partition in ("aws", "aws-us-gov", "aws-cn")
    for name in ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
)


def document(text: Any) -> Any:
    """A policy document as IAM sends it: JSON, percent-encoded. None where it cannot be read."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(unquote(text))
    except (ValueError, RecursionError):
        return None


def allows_everything(found: Any) -> bool | None:
    """Whether a document allows all actions, or all of IAM. None where it does not: that alone does not make it harmless."""
    statements = found.get("Statement") if isinstance(found, dict) else None
    for statement in [statements] if isinstance(statements, dict) else statements or ():
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
            continue
        # Everything but a few things is nearly everything.
        if "NotAction" in statement:
            return True
        if any(action.lower() in ("*", "*:*", "iam:*") for action in _texts(statement.get("Action"))):
            return True
    return None


def _texts(value: Any) -> Iterable[str]:
    found = value if isinstance(value, list) else [value]
    return (text for text in found if isinstance(text, str))
