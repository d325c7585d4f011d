"""`attester ledger check`, `ledger recover` and `ledger keys`"""

from __future__ import annotations

import click

from bot.answers import answer
from bot.cli.common import as_json, product, show
from bot.main import Product, outside
from bot.main.scan import Scans
from bot.signing import verify_p256
from bot.store.ledger import Log
from bot.store.replay import deviations, folding, mend
from bot.store.restate import unfaithful
from workflows.kernel.ports import SigningFailed
from workflows.kernel.publickey import ed25519_der, fingerprint


@click.group()
def ledger() -> None:
    """The ledger: the append-only log of all attestations."""


@ledger.command()
@as_json
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Recompute the whole ledger from the stored envelopes, and say what is wrong where. Exits 1 on any finding.

    The log from its entries, the events from what was signed, and the tables from the events.
    """
    with product() as p:
        findings = p.log.check(p.log_key, verify_p256) + outside.findings(p, p.queue)
        findings += [f"Not what was signed: {d}" for d in unfaithful(p.database, p.evidence)]
        findings += [f"{d}. Run: attester ledger recover" for d in deviations(p.database, folding(p.runtime.workflows))]
        findings += [f"{d}. Run: attester ledger recover" for d in p.slack_links.deviations()]
        size = p.log.size()
    show([{"finding": f} for f in findings], as_json, f"{size:,} entries: everything agrees.")
    context.exit(1 if findings else 0)


@ledger.command()
@as_json
def recover(as_json: bool) -> None:
    """Make the tables anew where they say something else than the events. Events and the log are never touched."""
    with product() as p:
        mended = mend(p.database, folding(p.runtime.workflows)) + p.slack_links.settle_all()
        reports = Scans(p).again()
    show([{"mended": str(d)} for d in mended], as_json, "Nothing to mend: the tables say what the events say.")
    if reports:
        click.echo(f"The list of findings was made anew from {reports} reports.", err=as_json)


@ledger.command()
@click.pass_context
def thaw(context: click.Context) -> None:
    """Take decisions again after a newer backup was restored. Exits 1 while the vault holds more than the ledger."""
    with product() as p:
        why = outside.thaw(p, p.queue)
    click.echo(why or "The ledger has all that the vault holds. Decisions are recorded.", err=bool(why))
    context.exit(1 if why else 0)


@ledger.command()
@as_json
@click.pass_context
def keys(context: click.Context, as_json: bool) -> None:
    """List every key that ever signed here. Exits 1 where the keys that are configured now cannot be used."""
    with product() as p:
        known = Log(p.database).keys()
        problems: list[str] = []
        signing, log = _signing_now(p, problems), _log_key_now(p, problems)
    rows: list[dict[str, object]] = [
        {
            "key": key.keyid,
            "signs": "attestations",
            "now": "yes" if key.keyid == signing else "no",
            "since": key.not_before,
            "until": key.not_after,
            "compromised since": key.compromised_since,
        }
        for key in known
    ]
    if signing and signing not in {key.keyid for key in known}:
        rows.append(_new(signing, "attestations"))
    if log:
        rows.append(_new(log, "checkpoints"))
    show(rows, as_json, "No key has signed anything yet.")
    for problem in problems:
        click.echo(problem, err=True)
    context.exit(1 if problems else 0)


def _new(keyid: str, signs: str) -> dict[str, object]:
    """A key of which the ledger has no time: the log's, or one that has signed nothing yet."""
    return {"key": keyid, "signs": signs, "now": "yes", "since": None, "until": None, "compromised since": None}


def _signing_now(p: Product, problems: list[str]) -> str:
    try:
        return p.signer.keyid
    except SigningFailed as failure:
        problems.append(answer(failure).detail)
        return ""


def _log_key_now(p: Product, problems: list[str]) -> str:
    try:
        return fingerprint(ed25519_der(p.log_key.public))
    except SigningFailed as failure:
        problems.append(answer(failure).detail)
        return ""
