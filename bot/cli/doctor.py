"""`attester doctor`: every integration that is configured, whether it works, and how to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

import click

from bot import settings
from bot.answers import answer
from bot.cli.common import FAILURES, as_json, console, show
from bot.cli.program import MODELS, levels
from bot.main import Product
from bot.main.outside import anchorer, compared, probe
from bot.program.load import load
from bot.signin.keyring import KeysUnavailable
from bot.signin.refusal import SignInRefused
from bot.sources.settings import SETTINGS
from bot.stamping import AuthorityAway, TokenRefused
from bot.vault import S3Vault
from bot.web.server import configure_logs

STALE_MEMBERS = timedelta(hours=24)
ANCHOR_LATE, TOKEN_LATE = 600.0, 900.0
"""Seconds after which something that has no anchor or no token is called late."""
CLOCK_OFF = 60.0


class Finding(NamedTuple):
    """One line: what was looked at, whether it is as it should be, and a sentence."""

    what: str
    fine: bool
    said: str


Check = Callable[[Product], Iterator[Finding]]


@click.command()
@as_json
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check every integration that is configured, and say how to mend what is wrong. Exits 1 then."""
    configure_logs(level=50)
    product = Product(settings.load())
    findings: list[Finding] = []
    try:
        for name, check in CHECKS.items():
            findings += _run(name, check, product)
    finally:
        product.close()
    if as_json:
        show([f._asdict() for f in findings], True, "")
    else:
        for f in findings:
            console().print(f"{'ok  ' if f.fine else 'MEND'}  {f.what:<12} {f.said}")
    context.exit(0 if all(f.fine for f in findings) else 1)


def _run(name: str, check: Check, product: Product) -> list[Finding]:
    try:
        return list(check(product))
    except FAILURES as failure:
        told = answer(failure)
        return [Finding(name, False, told.detail or told.text)]
    except OSError as error:
        return [Finding(name, False, f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))]


def _database(p: Product) -> Iterator[Finding]:
    kind = "SQLite, fine for one machine" if p.database.sqlite else "PostgreSQL"
    yield Finding("database", True, f"{kind}; schema and append-only guards are this version's.")


def _program(p: Product) -> Iterator[Finding]:
    program = p.facts.program()
    yield Finding(
        "program",
        True,
        f"{program.digest[:12]} is in force: {len(program.controls)} control(s), {len(program.sources)} source(s).",
    )
    if p.folder.is_dir():
        loaded = load(p.folder, MODELS, SETTINGS, today=p.clock.now().date(), levels=levels())
        same = loaded.program.digest == program.digest
        changed = f"The folder {p.folder} differs from the program in force. Run: attester program apply {p.folder}"
        yield Finding("program", same, "The folder is the program in force." if same else changed)


def _keys(p: Product) -> Iterator[Finding]:
    p.signer.sign(b"attester doctor")
    yield Finding("keys", True, f"The signing key signs and verifies: {p.signer.keyid}")
    p.log_key.sign(b"attester doctor")
    yield Finding("keys", True, f"The log key signs. The log's origin is {p.log.origin()}.")
    files = [key for key in (p.settings.signing_key, p.settings.log_key) if key.startswith("file:")]
    if files and not p.settings.embedded:
        which = "Both are files" if len(files) == 2 else "One of them is a file"
        yield Finding("keys", True, f"{which}. Keep files with keys apart from the database and from its backups.")


def _vault(p: Product) -> Iterator[Finding]:
    sha256 = p.vault.put(b"attester doctor\n")
    p.vault.get(sha256)
    where = p.settings.vault_url
    if not isinstance(p.vault, S3Vault):
        said = f"{where} takes and gives back evidence. A folder is not immutable: back it up."
        yield Finding("vault", True, said)
    else:
        yield Finding("vault", True, f"{where} takes locked evidence and gives it back. Now its immutability is tried.")
        checked = probe(p)
        for one in checked:
            yield Finding("vault", one.verdict == "kept", f"{one.name}: {one.verdict}. {one.said}")
        if all(one.verdict == "kept" for one in checked):
            yield Finding("vault", True, f"Immutable as of {p.clock.now():%Y-%m-%d %H:%M} UTC: 8 of 8 kept.")
    differs = compared(anchorer(p, p.queue))
    yield Finding("vault", not differs, differs or "The ledger has all that the vault's newest checkpoint covers.")
    gap = p.anchors.gap(where)
    waits = gap.seconds(p.clock.now())
    said = f"It holds {gap.anchored:,} of {gap.size:,} attestations with their checkpoint."
    late = f"{said} The next has been waiting for {waits / 60:.0f} min. Start a worker: attester worker"
    yield Finding("vault", waits < ANCHOR_LATE, said if waits < ANCHOR_LATE else late)


def _time(p: Product) -> Iterator[Finding]:
    if p.authority is None:
        said = "No timestamp authority is set: attestations have no outside time. Set ATTESTER_TSA_URL and ATTESTER_TSA_CA."
        yield Finding("time", True, f"Note: {said}")
        return
    try:
        found = p.authority.stamp(b"attester doctor\n")
    except (AuthorityAway, TokenRefused) as failure:
        yield Finding("time", False, str(failure))
    else:
        apart = abs((found.gen_at - p.wall.now()).total_seconds())
        said = f"{p.authority.url} stamps, and its token verifies; its certificate ends {found.ends_at:%Y-%m-%d}."
        yield Finding("time", True, said)
        off = f"This machine's clock is {apart:.0f} s off the authority's. Let it follow a time server."
        yield Finding("time", apart < CLOCK_OFF, off if apart >= CLOCK_OFF else "The clocks agree.")
    count, since = p.stamps.waiting_for_tokens()
    late = since is not None and (p.clock.now() - since).total_seconds() > TOKEN_LATE
    said = f"{count:,} wait for their token." if count else "Nothing waits for a token."
    yield Finding("time", not late, f"{said} Start a worker: attester worker" if late else said)


def _ledger(p: Product) -> Iterator[Finding]:
    waiting = p.log.pending_age(p.clock.now())
    said = f"{p.log.size():,} entries; nothing waits." if not waiting else f"The oldest entry waits {waiting:.0f} s."
    yield Finding("ledger", waiting < 60, said if waiting < 60 else f"{said} Start a worker: attester worker")
    for right in p.log.rights():
        yield Finding("ledger", True, f"Note: {right}")


def _slack(p: Product) -> Iterator[Finding]:
    if not p.settings.slack_bot_token:
        yield Finding(
            "slack", False, "SLACK_BOT_TOKEN is not set. Install the app from manifest.yaml and copy its bot token."
        )
        return
    installed = p.installed.ask()
    yield Finding("slack", True, f"The bot token works; workspace {installed.workspace or installed.team}.")
    if not p.settings.slack_signing_secret and not p.settings.slack_app_token:
        yield Finding("slack", False, "Set SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode).")
    at = p.members.synced_at()
    fresh = at is not None and p.clock.now() - at < STALE_MEMBERS
    yield Finding(
        "slack",
        fresh,
        f"Members were read {at:%Y-%m-%d %H:%M} UTC."
        if at and fresh
        else "Members were not read within 24 h. Start a worker: attester worker",
    )


def _sign_in(p: Product) -> Iterator[Finding]:
    if p.sign_in is None:
        said = "No identity provider is set: a Slack session is all that proves who decides. Set OKTA_OIDC_ISSUER."
        yield Finding("sign-in", True, f"Note: {said}")
        return
    try:
        yield Finding("sign-in", True, asyncio.run(p.sign_in.provider.probe(p.wall.now())))
        keys = asyncio.run(p.sign_in.check.ring.keys()).keys
    except SignInRefused as refused:
        yield Finding("sign-in", False, f"Nobody can sign in at {p.settings.okta_oidc_issuer}: {refused.detail}.")
        return
    except KeysUnavailable as outage:
        yield Finding("sign-in", False, f"Nobody's sign-in can be checked: {outage}.")
        return
    yield Finding(
        "sign-in", True, f"It has {len(keys)} key(s). Its redirect address must be {p.sign_in.provider.redirect}"
    )


def _sources(p: Product) -> Iterator[Finding]:
    for config in p.facts.program().sources:
        name = f"source {config.id}"
        try:
            yield Finding(name, True, p.opener.open(config).probe())
        except FAILURES as failure:
            yield Finding(name, False, answer(failure).text)
            continue
        again = f"Run: attester identity pull --source {config.id}"
        latest = p.snapshots.latest(config.id)
        if latest is None:
            yield Finding(name, False, f"It was never pulled completely. {again}")
        elif p.clock.now() - latest.as_of > config.max_age:
            yield Finding(
                name, False, f"Its newest complete list is of {latest.as_of:%Y-%m-%d %H:%M}, too old. {again}"
            )


def _deploys(p: Product) -> Iterator[Finding]:
    for seen in p.deploys.seen():
        yield Finding("deploys", seen.fine, seen.said)


def _runs(p: Product) -> Iterator[Finding]:
    for fine, said in p.ci.seen():
        yield Finding("runs", fine, said)


def _grants(p: Product) -> Iterator[Finding]:
    for fine, said in p.granting.seen():
        yield Finding("grants", fine, said)


def _outbox(p: Product) -> Iterator[Finding]:
    for alarm in p.queue.alarms():
        yield Finding("outbox", False, f"{alarm.name}: {alarm.detail}")
    counts = p.queue.counts()
    yield Finding(
        "outbox", True, ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items())) or "Nothing waits to be sent."
    )


CHECKS: dict[str, Check] = {
    "database": _database, "keys": _keys, "ledger": _ledger, "vault": _vault, "time": _time, "program": _program,
    "slack": _slack, "sign-in": _sign_in, "sources": _sources, "deploys": _deploys, "runs": _runs, "grants": _grants,
    "outbox": _outbox,
}  # fmt: skip
