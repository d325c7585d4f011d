"""The settings that connect pipelines: the GitHub App, the hooks, and who signs the tokens of runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HOOK = "ATTESTER_HOOK_SECRET_"
"""What follows names the hook: `ATTESTER_HOOK_SECRET_JENKINS` is the secret of `/hooks/jenkins`."""
CI_ISSUER = "https://token.actions.githubusercontent.com"
"""The identity provider of GitHub Actions; GitHub Enterprise Server has its own."""


def pipelines(env: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    """What is needed to answer pipelines: the GitHub App and the hooks. A short secret can be guessed, so it is refused."""
    app, key, secret = (
        env.get(f"GITHUB_{name}", "").strip() for name in ("APP_ID", "APP_PRIVATE_KEY", "WEBHOOK_SECRET")
    )
    api = env.get("GITHUB_API_URL", "").strip().rstrip("/") or "https://api.github.com"
    if any((app, key, secret)) and not all((app, key, secret)):
        problems.append(
            "GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_WEBHOOK_SECRET go together. Set all three, or none."
        )
    if secret and len(secret) < 16:
        problems.append(
            "GITHUB_WEBHOOK_SECRET is shorter than 16 characters. Make a longer one and set it at GitHub too."
        )
    if not _https(api):
        problems.append("GITHUB_API_URL is no address of an API. Write https://api.github.com or https://HOST/api/v3.")
    if key.startswith("file:"):
        try:
            key = Path(key.removeprefix("file:")).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            problems.append(
                "GITHUB_APP_PRIVATE_KEY names a file that cannot be read. Check the path and its permissions."
            )
    elif key and "PRIVATE KEY" not in key:
        problems.append("GITHUB_APP_PRIVATE_KEY is no PEM text. Copy the whole file, or write file:PATH.")
    issuer = env.get("ATTESTER_CI_ISSUER", "").strip() or CI_ISSUER
    if not _https(issuer) or issuer.endswith("/"):
        problems.append(f"ATTESTER_CI_ISSUER is no issuer. Write {CI_ISSUER} or https://HOST/_services/token.")
    hooks: dict[str, str] = {}
    for variable in sorted(n for n in env if n.startswith(HOOK) and env[n].strip()):
        name, held = variable.removeprefix(HOOK), env[variable].strip()
        if not re.fullmatch("[A-Z0-9][A-Z0-9_]{0,39}", name):
            problems.append(f"{variable} names no hook. Write {HOOK}NAME with capital letters, digits and underscores.")
        elif len(held) < 32:
            problems.append(f"{variable} is shorter than 32 characters. Make one with: openssl rand -hex 32")
        hooks[name.lower().replace("_", "-")] = held
    return {
        "github_app_id": app, "github_app_private_key": key.replace("\\n", "\n"), "github_webhook_secret": secret,
        "github_api_url": api, "hook_secrets": hooks, "ci_issuer": issuer,
    }  # fmt: skip


def _https(address: str) -> bool:
    """Whether it is an https address of a place, without a query; http only on this machine."""
    where = urlsplit(address)
    safe = where.scheme == "https" or (where.scheme == "http" and where.hostname in ("127.0.0.1", "localhost"))
    return safe and bool(where.hostname) and not where.query and not where.fragment
