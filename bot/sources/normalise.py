"""From what was read to accounts and lines: linked, judged by the program's lists, in one order and one spelling."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from bot.sources.gather import UNKNOWN_USE, Gathered, Grant, Held, Right, shorten
from bot.sources.link import Linker
from workflows.kernel.identity import Account, Directory, Entitlement, LastUse, Line
from workflows.kernel.program import SourceConfig


@dataclass(frozen=True)
class Normalised:
    """Accounts in order of native id, lines in order of key. ``reasons`` say what does not fit together."""

    accounts: tuple[Account, ...]
    lines: tuple[Line, ...]
    reasons: tuple[str, ...]


def normalise(gathered: Gathered, config: SourceConfig, directory: Directory, domains: Iterable[str]) -> Normalised:
    """The accounts and lines of a pull. The same input gives the same bytes, whatever the order in which rows came."""
    linker = Linker(directory, domains)
    accounts = {k: _account(a, config, linker) for k, a in sorted(gathered.accounts.items())}
    rights = {k: _entitlement(r, config, linker) for k, r in gathered.rights.items()}
    lines, reasons = _lines(gathered.grants, accounts, rights)
    return Normalised(tuple(accounts.values()), tuple(lines), tuple(reasons))


def matches(patterns: Iterable[str], right: Right) -> bool:
    """Whether one of the patterns is the right's native id or name; `*` at the end matches the rest."""
    for pattern in patterns:
        for text in (right.native_id, right.name):
            if text == pattern or (pattern.endswith("*") and text.startswith(pattern[:-1])):
                return True
    return False


def privileged(right: Right, config: SourceConfig) -> bool | None:
    """Privileged by the program's list or the vendor's; ordinary only where the program says so and the vendor does not object.

    In neither list is unknown, and never guessed from a word in a name.
    """
    if right.privileged is True or matches(config.privileged, right):
        return True
    if right.privileged is False or matches(config.ordinary, right):
        return False
    return None


def _account(held: Held, config: SourceConfig, linker: Linker) -> Account:
    linked = linker.link(config.system, held)
    declared = config.service_accounts.get(held.login)
    owner = declared or held.owner
    return Account(
        system=config.system,
        native_id=held.native_id,
        login=held.login,
        name=held.name,
        email=held.email,
        email_verified=held.email_verified,
        kind="service" if declared and held.kind in ("unknown", "human") else held.kind,
        active=held.active,
        mfa=held.mfa,
        created_at=held.created_at,
        last_used=held.last_used,
        unknown=dict(sorted(held.unknown.items())),
        person=linked.person,
        link=linked.rule,
        link_note=linked.note,
        owner=linker.person(owner) if owner else None,
    )


def _entitlement(right: Right, config: SourceConfig, linker: Linker) -> Entitlement:
    owner = config.entitlement_owners.get(right.native_id) or config.entitlement_owners.get(right.name)
    return Entitlement(
        system=config.system,
        native_id=right.native_id,
        resource=right.resource,
        name=right.name,
        plain=config.plain.get(right.native_id) or config.plain.get(right.name) or right.plain,
        purpose=right.purpose,
        privileged=privileged(right, config),
        owner=linker.person(owner) if owner else None,
    )


def _lines(
    grants: Sequence[Grant], accounts: dict[str, Account], rights: dict[str, Entitlement]
) -> tuple[list[Line], list[str]]:
    paths: dict[tuple[str, str], list[Grant]] = {}
    strays: list[str] = []
    for grant in grants:
        if grant.account not in accounts or grant.right not in rights:
            strays.append(
                f"An access of account {grant.account} to {grant.right} names an account or entitlement that the source "
                "did not list. Pull again."
            )
            continue
        paths.setdefault((grant.account, grant.right), []).append(grant)
    lines = [
        Line(
            account=accounts[account],
            entitlement=rights[right],
            via=tuple(sorted({g.via for g in found})),
            granted_at=min((g.granted_at for g in found if g.granted_at), default=None),
            last_used=latest(g.last_used for g in found),
        )
        for (account, right), found in sorted(paths.items())
    ]
    return lines, shorten(strays)


def latest(uses: Iterable[LastUse]) -> LastUse:
    """The newest use of several; `none_since` only where none of them saw a use."""
    known = list(uses)
    if all(u is UNKNOWN_USE for u in known):
        return UNKNOWN_USE
    at: datetime | None = max((u.at for u in known if u.at), default=None)
    if at is not None:
        return LastUse(at=at)
    # Each path was watched since its own date: only the shortest watch speaks for all of them.
    if known and all(u.none_since for u in known):
        return LastUse(none_since=max(u.none_since for u in known if u.none_since))
    return UNKNOWN_USE


def account_rows(accounts: Iterable[Account]) -> Iterator[bytes]:
    """`accounts.jsonl`: one account a line, canonical JSON."""
    for account in accounts:
        yield spell(account.model_dump(mode="json")) + b"\n"


def line_rows(lines: Iterable[Line]) -> Iterator[bytes]:
    """`lines.jsonl`: one line a line, canonical JSON; the SHA-256 of a row without its newline is the line's `shown` digest."""
    accounts: dict[int, bytes] = {}
    rights: dict[int, bytes] = {}
    for line in lines:
        account, right = id(line.account), id(line.entitlement)
        if account not in accounts:
            accounts[account] = spell(line.account.model_dump(mode="json"))
        if right not in rights:
            rights[right] = spell(line.entitlement.model_dump(mode="json"))
        rest = spell(line.model_dump(mode="json", include={"granted_at", "last_used", "via"}))
        yield b'{"account":' + accounts[account] + b',"entitlement":' + rights[right] + b"," + rest[1:] + b"\n"


def spell(value: Any) -> bytes:
    """RFC 8785 for values without floats and with ASCII keys, at the speed of the C encoder.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def write(rows: Iterable[bytes], out: BinaryIO) -> str:
    """Write the rows and return the SHA-256 of them all."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row)
        out.write(row)
    return digest.hexdigest()


def counts(gathered: Gathered, normalised: Normalised, directory: Directory) -> dict[str, int]:
    """What a person wants counted: by kind, activity, link and privilege. Unknown is counted as unknown."""
    words = {True: "yes", False: "no", None: "unknown"}
    found: Counter[str] = Counter()
    found.update(
        people=len(gathered.people), accounts=len(normalised.accounts), lines=len(normalised.lines),
        entitlements=len(gathered.rights), rejected=len(gathered.rejected), leavers=0, **gathered.counted,
    )  # fmt: skip
    for account in normalised.accounts:
        found[f"kind_{account.kind}"] += 1
        found[f"active_{words[account.active]}"] += 1
        found[f"mfa_{words[account.mfa]}"] += 1
        found[f"link_{account.link}"] += 1
    holding = {line.account.native_id for line in normalised.lines}
    for account in normalised.accounts:
        person = directory.get(account.person)
        if person and person.employed is False and (account.active is not False or account.native_id in holding):
            found["leavers"] += 1
    for line in normalised.lines:
        found[f"privileged_{words[line.entitlement.privileged]}"] += 1
    return dict(sorted(found.items()))
