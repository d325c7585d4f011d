"""The only reader of the environment. All problems are reported at once, each with how to mend it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from bot.settings_pipeline import CI_ISSUER, HOOK, pipelines


class SettingsInvalid(Exception):
    """The environment cannot be used. ``problems`` has one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Everything that is configured from outside the program folder. No secret is ever printed: `repr` names none."""

    data: Path
    program: Path | None
    database_url: str
    vault_url: str
    signing_key: str
    log_key: str
    public_url: str
    slack_bot_token: str
    slack_signing_secret: str
    slack_app_token: str
    slack_api_url: str
    okta_org_url: str
    okta_token: str
    okta_oidc_issuer: str
    okta_oidc_client_id: str
    aws_endpoint_url: str
    host: str
    port: int
    environment: Mapping[str, str]
    tsa_url: str = ""
    tsa_ca: Path | None = None
    okta_groups_token: str = ""
    github_app_id: str = ""
    github_app_private_key: str = ""
    github_webhook_secret: str = ""
    github_api_url: str = "https://api.github.com"
    hook_secrets: Mapping[str, str] = field(default_factory=dict)
    ci_issuer: str = CI_ISSUER

    def __repr__(self) -> str:
        return f"Settings(data={self.data}, program={self.program})"

    @property
    def embedded(self) -> bool:
        """Whether everything lives in one folder: SQLite, file keys, file vault."""
        return self.database_url.startswith("sqlite")

    def credential(self, name: str | None) -> str | None:
        """The value of `env:NAME`, or None where the source needs no secret. Raises SettingsInvalid when it is not set."""
        if name is None:
            return None
        variable = name.removeprefix("env:")
        value = self.environment.get(variable, "")
        if not value:
            raise SettingsInvalid([f"{variable} is not set, and the program names it as a credential. Set it."])
        return value


KNOWN = {
    "SLACK_BOT_TOKEN": "the bot's token, starts with xoxb-",
    "SLACK_SIGNING_SECRET": "the app's signing secret (HTTP mode)",
    "SLACK_APP_TOKEN": "the app-level token for Socket Mode, starts with xapp-",
    "ATTESTER_SLACK_API_URL": "another base of Slack's Web API, for stand-ins",
    "DATABASE_URL": "postgresql+psycopg://… in production; default: SQLite in ATTESTER_DATA",
    "ATTESTER_DATA": "folder for everything local; default ./var",
    "ATTESTER_PROGRAM": "the program folder",
    "ATTESTER_VAULT": "file:///… or s3://bucket/prefix (Object Lock); default: vault in ATTESTER_DATA",
    "ATTESTER_TSA_URL": "the RFC 3161 timestamp authority that stamps every attestation",
    "ATTESTER_TSA_CA": "a PEM file with the timestamp authority's root",
    "ATTESTER_SIGNING_KEY": "file:… or awskms:///… (P-256); default: signing.key in ATTESTER_DATA",
    "ATTESTER_LOG_KEY": "file:… or awskms:///… (Ed25519); default: log.key in ATTESTER_DATA",
    "ATTESTER_PUBLIC_URL": "where people and Slack reach the web process, https://…",
    "OKTA_CLIENT_ORGURL": "https://…okta.com",
    "OKTA_CLIENT_TOKEN": "an API token of a read-only administrator",
    "OKTA_GROUPS_TOKEN": "an API token that may change memberships of the groups that the program grants through Okta",
    "OKTA_OIDC_ISSUER": "https://…okta.com or https://…okta.com/oauth2/default: where people sign in",
    "OKTA_OIDC_CLIENT_ID": "Attester's public client (PKCE) there; redirect: ATTESTER_PUBLIC_URL/login/callback",
    "GITHUB_APP_ID": "the id of the GitHub App that answers for protected environments",
    "GITHUB_APP_PRIVATE_KEY": "that App's private key: its PEM text, or file:PATH",
    "GITHUB_WEBHOOK_SECRET": "the secret of that App's webhook, at least 16 characters",
    "GITHUB_API_URL": "the base of GitHub's API; default https://api.github.com",
    "ATTESTER_CI_ISSUER": f"who signs the tokens of runs that push evidence; default {CI_ISSUER}",
    "ATTESTER_HOOK_SECRET_NAME": "the secret of the hook `name`, one variable for each hook, at least 32 characters",
    "AWS_ENDPOINT_URL": "another base of AWS's API, for stand-ins",
    "HOST": "address to listen on; default 127.0.0.1",
    "PORT": "port to listen on; default 3000",
}
"""Every variable that is read, with one line of meaning; the documentation lists the same."""


LATER = {
    "ATTESTER_SMTP_URL": "e-mail",
    "ATTESTER_MIGRATION_URL": "a database role of its own for upgrades",
    "ATTESTER_SCAN_URL": "scanning of uploads",
}
"""Variables of versions to come: set, they would seem to work, so the start is refused instead."""


def _unknown(env: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are not: a misspelt one would otherwise be left out without a word."""
    problems = []
    for name in sorted(n for n in env if n.startswith("ATTESTER_") and n not in KNOWN and env[n].strip()):
        if name.startswith(HOOK):
            continue
        if name in LATER:
            problems.append(f"{name} is set, but this version has no {LATER[name]}. Take it out of the environment.")
            continue
        near = get_close_matches(name, KNOWN, n=1)
        problems.append(f"{name} is no setting. " + (f"Did you mean {near[0]}?" if near else "Take it out."))
    return problems


def _outside(vault: str, tsa_url: str, tsa_ca: str) -> list[str]:
    """What is wrong with where the past is kept out of our hands."""
    problems = []
    if not vault.startswith(("file:///", "s3://")):
        problems.append("ATTESTER_VAULT is neither file:///FOLDER nor s3://BUCKET/PREFIX. Write one of these.")
    if bool(tsa_url) != bool(tsa_ca):
        problems.append("ATTESTER_TSA_URL and ATTESTER_TSA_CA go together: an address, and a PEM file with its root.")
    return problems


def _sign_in(issuer: str, client: str, public: str) -> list[str]:
    """What is wrong with where people sign in; each of it would let nobody in, or prove nothing."""
    problems = []
    if bool(issuer) != bool(client):
        problems.append("OKTA_OIDC_ISSUER and OKTA_OIDC_CLIENT_ID go together. Set both, or take both out.")
    if not issuer:
        return problems
    where, ours = urlsplit(issuer), urlsplit(public)
    if where.scheme != "https" or not where.hostname or where.query or where.fragment or issuer.endswith("/"):
        problems.append("OKTA_OIDC_ISSUER is no issuer. Write https://YOUR.okta.com, without a slash at its end.")
    if "-admin.okta" in (where.hostname or ""):
        problems.append("OKTA_OIDC_ISSUER names the admin console. Write the address without -admin.")
    local = ours.hostname in ("127.0.0.1", "localhost")
    if (ours.scheme != "https" and not local) or ours.path.strip("/") or ours.query:
        problems.append("ATTESTER_PUBLIC_URL must be https://HOST, without a path, for people to sign in.")
    return problems


def _slack(token: str, app_token: str) -> list[str]:
    """What is wrong with the tokens of the Slack app."""
    problems = []
    if token and not token.startswith("xoxb-"):
        problems.append("SLACK_BOT_TOKEN does not start with xoxb-. Copy the *bot* token of the installed app.")
    if app_token and not app_token.startswith("xapp-"):
        problems.append("SLACK_APP_TOKEN does not start with xapp-. Make an app-level token with connections:write.")
    return problems


def _key(name: str, spec: str, problems: list[str]) -> str:
    """Where a key is, as it was written; what cannot be one is added to the problems."""
    if not spec.startswith(("file:", "awskms:///")):
        problems.append(f"{name} is neither file:PATH nor awskms:///KEY-ID. Write one of these.")
    return spec


def signs_in(environment: Mapping[str, str] | None = None) -> bool:
    """Whether people sign in at Okta here, so that decisions may want it; read without looking at anything else."""
    env = os.environ if environment is None else environment
    return bool(env.get("OKTA_OIDC_ISSUER") and env.get("OKTA_OIDC_CLIENT_ID"))


@dataclass(frozen=True)
class CiJob:
    """Where a job of GitHub Actions gets a token of its run, and where Attester is. No secret is ever printed."""

    public_url: str
    request_url: str
    request_token: str = field(repr=False)


def ci_job(environment: Mapping[str, str] | None = None) -> CiJob:
    """What a job needs to push; empty where it is not set. Nothing else of the environment is looked at."""
    env = os.environ if environment is None else environment
    names = ("ATTESTER_PUBLIC_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    return CiJob(*(env.get(name, "").strip() for name in names))


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment once. Raises SettingsInvalid with every problem."""
    env = dict(os.environ if environment is None else environment)
    problems = _unknown(env)

    def get(name: str, default: str = "") -> str:
        return env.get(name, "").strip() or default

    data = Path(get("ATTESTER_DATA", "var")).absolute()
    port = get("PORT", "3000")
    if not port.isdigit() or not 0 < int(port) < 65536:
        problems.append(f"PORT is {port!r}. Write a number from 1 to 65535.")
        port = "3000"
    database = get("DATABASE_URL", f"sqlite:///{data / 'attester.db'}")
    if not database.startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
        problems.append("DATABASE_URL is neither sqlite:///… nor postgresql+psycopg://…. Write one of these.")
    token, app_token = get("SLACK_BOT_TOKEN"), get("SLACK_APP_TOKEN")
    problems += _slack(token, app_token)
    public = get("ATTESTER_PUBLIC_URL")
    if public and urlsplit(public).scheme not in ("http", "https"):
        problems.append("ATTESTER_PUBLIC_URL is no web address. Write https://host.")
    for name in ("ATTESTER_SLACK_API_URL", "ATTESTER_TSA_URL", "OKTA_CLIENT_ORGURL", "AWS_ENDPOINT_URL"):
        if get(name) and urlsplit(get(name)).scheme not in ("http", "https"):
            problems.append(f"{name} is no web address. Write https://… or take it out.")
    signing_key = _key("ATTESTER_SIGNING_KEY", get("ATTESTER_SIGNING_KEY", f"file:{data / 'signing.key'}"), problems)
    log_key = _key("ATTESTER_LOG_KEY", get("ATTESTER_LOG_KEY", f"file:{data / 'log.key'}"), problems)
    vault = get("ATTESTER_VAULT", f"file://{data / 'vault'}")
    tsa_url, tsa_ca = get("ATTESTER_TSA_URL"), get("ATTESTER_TSA_CA")
    problems += _outside(vault, tsa_url, tsa_ca)
    problems += _sign_in(get("OKTA_OIDC_ISSUER"), get("OKTA_OIDC_CLIENT_ID"), public)
    of_pipelines = pipelines(env, problems)
    program = get("ATTESTER_PROGRAM")
    if problems:
        raise SettingsInvalid(problems)
    return Settings(
        data=data,
        program=Path(program).absolute() if program else None,
        database_url=database,
        vault_url=vault,
        tsa_url=tsa_url,
        tsa_ca=Path(tsa_ca).absolute() if tsa_ca else None,
        signing_key=signing_key,
        log_key=log_key,
        public_url=public,
        slack_bot_token=token,
        slack_signing_secret=get("SLACK_SIGNING_SECRET"),
        slack_app_token=app_token,
        slack_api_url=get("ATTESTER_SLACK_API_URL"),
        okta_org_url=get("OKTA_CLIENT_ORGURL"),
        okta_token=get("OKTA_CLIENT_TOKEN"),
        okta_groups_token=get("OKTA_GROUPS_TOKEN"),
        okta_oidc_issuer=get("OKTA_OIDC_ISSUER"),
        okta_oidc_client_id=get("OKTA_OIDC_CLIENT_ID"),
        aws_endpoint_url=get("AWS_ENDPOINT_URL"),
        host=get("HOST", "127.0.0.1"),
        port=int(port),
        environment=env,
        **of_pipelines,
    )


def need_slack(settings: Settings) -> None:
    """Raises SettingsInvalid where the web or worker process could not talk to Slack."""
    problems = []
    if not settings.slack_bot_token:
        problems.append("SLACK_BOT_TOKEN is not set. Install the app from manifest.yaml and copy its bot token.")
    if not settings.slack_signing_secret and not settings.slack_app_token:
        problems.append(
            "Neither SLACK_SIGNING_SECRET (HTTP) nor SLACK_APP_TOKEN (Socket Mode) is set. Set one of them."
        )
    if problems:
        raise SettingsInvalid(problems)
