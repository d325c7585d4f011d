"""Texts that look like a secret: none may stand in a program, which is kept for years and shown to auditors."""

from __future__ import annotations

import re

# Prefixes that the vendors document for their own secret scanning.
_SHAPES = (
    ("a Slack token", r"xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}"),
    ("a Slack webhook address", r"hooks\.slack\.com/(services|workflows)/[A-Za-z0-9/]+"),
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"),
    ("a GitLab token", r"glpat-[A-Za-z0-9_-]{16,}"),
    ("an AWS access key", r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("an Okta token", r"(?<![A-Za-z0-9_-])00[A-Za-z0-9_-]{40}(?![A-Za-z0-9_-])"),
    ("a Google key", r"AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}"),
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    ("an API key", r"\b[sr]k[-_](live|test|proj|ant)[-_][A-Za-z0-9_-]{8,}"),
    ("a password in a web address", r"[a-z][a-z0-9+.-]{1,20}://[^/\s:@'\"]{1,64}:[^/\s:@'\"]{1,256}@"),
)
_SECRET = re.compile("|".join(f"(?P<s{i}>{shape})" for i, (_, shape) in enumerate(_SHAPES)))


def hidden(text: str) -> str:
    """The text with everything that looks like a secret blacked out: messages end up in the logs of pipelines."""
    return _SECRET.sub("•••", text)


def secret_in(text: str) -> tuple[str, int] | None:
    """What kind of secret a line seems to hold, and at which offset; None where it holds none."""
    found = _SECRET.search(text)
    if found is None:
        return None
    return next(_SHAPES[i][0] for i in range(len(_SHAPES)) if found[f"s{i}"] is not None), found.start()
