"""A source as the rest of the product sees it: collect, keep, read, link, certify, in this order, whatever the vendor."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bot.sources.certificate import verdict
from bot.sources.gather import Gathered, shorten
from bot.sources.normalise import Normalised, account_rows, counts, line_rows, normalise, write
from bot.sources.spool import Spool, whole_part
from workflows.kernel.identity import Certificate, Collection, Directory, Pull, directory_of
from workflows.kernel.jcs import canonical
from workflows.kernel.ports import Clock, EvidenceAltered, EvidenceMissing, Vault
from workflows.kernel.program import SourceConfig


@dataclass(frozen=True)
class Collected:
    """What collecting left besides the raw file: the digest of its unpacked content, and what went wrong."""

    content_sha256: str
    as_of: datetime | None = None
    retries: int = 0
    reasons: tuple[str, ...] = ()


class Connector(Protocol):
    """One vendor. `collect` is the only half that talks to it; `read` works from the raw file alone, so anybody can repeat it."""

    host: str
    credential: str
    people_only: bool

    def collect(self, path: Path) -> Collected:
        """Write everything the source answers to ``path``, byte for byte. What goes wrong is a reason, not an exception."""
        ...

    def read(self, path: Path, as_of: datetime) -> Gathered:
        """What the raw file says. Same file, same answer."""
        ...

    def probe(self) -> str:
        """One sentence: reachable, as whom. Raises SourceFailed."""
        ...


@runtime_checkable
class FileKeeper(Protocol):
    """A vault that takes a file without holding it in memory."""

    def put_file(self, path: Path) -> str:
        """Store a copy of the file and return its SHA-256."""
        ...


class CertifiedSource:
    """The `Source` port over a connector. ``domains`` are the company's own mail domains; empty: those of the directory."""

    def __init__(
        self,
        config: SourceConfig,
        connector: Connector,
        *,
        domains: tuple[str, ...],
        vault: Vault,
        clock: Clock,
        code: str,
        spool: Path | None = None,
    ) -> None:
        self._config = config
        self._connector = connector
        self._domains = domains
        self._vault = vault
        self._clock = clock
        self._code = code
        self._spool = Spool(spool, config.id) if spool else None

    def probe(self) -> str:
        """One sentence for `attester doctor`. Raises SourceFailed."""
        return self._connector.probe()

    def pull(self, directory: Directory, previous: Collection | None, started_by: str) -> Pull:
        """Everything the source has, with its certificate; raw answers and normalised rows are in the vault first."""
        with tempfile.TemporaryDirectory(prefix="attester-pull-") as folder:
            started = self._clock.now()
            raw = self._spool.begin(started, started_by) if self._spool else Path(folder) / "raw"
            collected = self._connector.collect(raw)
            ended = self._clock.now()
            as_of = collected.as_of or started
            raw_sha256 = self._keep(raw)
            gathered = self._connector.read(raw, as_of)
            gathered.reasons[:0] = collected.reasons
            people = directory_of(gathered.people) if self._config.directory else directory
            normalised = normalise(gathered, self._config, people, self._domains)
            accounts_sha256 = self._keep_rows(Path(folder) / "accounts.jsonl", normalised)
            lines_sha256 = self._keep_rows(Path(folder) / "lines.jsonl", normalised)
        certificate = self._certify(
            gathered,
            normalised,
            people,
            previous,
            started_by=started_by,
            started_at=started,
            ended_at=ended,
            as_of=min(as_of, gathered.as_of) if gathered.as_of else as_of,
            retries=collected.retries,
            raw_sha256=raw_sha256,
            raw_content_sha256=collected.content_sha256,
            accounts_sha256=accounts_sha256,
            lines_sha256=lines_sha256,
            directory="" if self._config.directory else directory.digest,
        )
        # Written last: a pull without its certificate never happened.
        population = canonical(certificate.model_dump(mode="json"))
        return Pull(
            certificate=certificate,
            certificate_sha256=self._vault.put(population),
            people=tuple(gathered.people) if self._config.directory else (),
            accounts=normalised.accounts,
            lines=normalised.lines,
        )

    def leftover(self) -> Pull | None:
        """What a killed pull left, as a partial pull whose raw file is in the vault; None where nothing is left."""
        left = self._spool.left() if self._spool else None
        if left is None:
            return None
        raw, unpacked = whole_part(left.raw.read_bytes())
        why = (
            f"The pull that began at {left.started_at:%Y-%m-%d %H:%M} UTC was broken off before its end. "
            "What it had read is kept and is not used. Pull again."
        )
        return uncertified(
            self._config, why, left.started_by, left.started_at, self._vault, self._code, raw=raw, unpacked=unpacked
        )

    def clear(self) -> None:
        """Drop what was kept for the case of a kill."""
        if self._spool:
            self._spool.clear()

    def _certify(
        self, gathered: Gathered, normalised: Normalised, people: Directory, previous: Collection | None, **facts: Any
    ) -> Certificate:
        what = "people" if self._connector.people_only else "lines"
        figures = counts(gathered, normalised, people)
        before = self._before(previous, what)
        reasons = [*gathered.reasons, *normalised.reasons]
        if not people.people:
            reasons.append("The directory is empty, so no account can be linked to a person. Pull the directory first.")
        if self._config.directory and not figures["people"] and what != "people":
            reasons.append("The source is the directory and names no person.")
        found, why = verdict(
            gathered.streams,
            figure=figures[what],
            what=what,
            min_rows=self._config.min_rows,
            previous=before,
            max_shrink=self._config.max_shrink,
            rejected=gathered.rejected,
            reasons=reasons,
        )
        return Certificate(
            source=self._config.id,
            system=self._config.system,
            connector=self._config.kind,
            code=self._code,
            config_sha256=config_digest(self._config),
            host=self._connector.host,
            credential=self._connector.credential,
            streams=tuple(gathered.streams),
            counts=figures,
            rejected=tuple(shorten(gathered.rejected)),
            previous_lines=before,
            verdict=found,
            reasons=why,
            **facts,
        )

    def _before(self, previous: Collection | None, what: str) -> int | None:
        """How many there were in the last complete pull, from its certificate; without it, from the collection's own count."""
        if previous is None:
            return None
        try:
            certificate = json.loads(self._vault.get(previous.id))
        except (EvidenceMissing, EvidenceAltered):
            return previous.lines if what == "lines" else None
        return int(certificate["counts"].get(what, 0))

    def _keep(self, path: Path) -> str:
        return keep(self._vault, path)

    def _keep_rows(self, path: Path, normalised: Normalised) -> str:
        rows = line_rows(normalised.lines) if path.name == "lines.jsonl" else account_rows(normalised.accounts)
        with path.open("wb") as out:
            write(rows, out)
        return keep(self._vault, path)


def recertified(pull: Pull, why: str, vault: Vault) -> Pull:
    """A pull that cannot be used after all: the same certificate as partial, with one more reason; no rows."""
    reasons = (*pull.certificate.reasons, why)
    certificate = pull.certificate.model_copy(update={"verdict": "partial", "reasons": reasons})
    return Pull(certificate=certificate, certificate_sha256=vault.put(canonical(certificate.model_dump(mode="json"))))


def uncertified(
    config: SourceConfig,
    why: str,
    started_by: str,
    at: datetime,
    vault: Vault,
    code: str,
    *,
    raw: bytes = b"",
    unpacked: bytes = b"",
) -> Pull:
    """A partial pull, for one that could not begin or did not end; ``why`` is its reason. Nothing in it is a line."""
    nothing = vault.put(b"")
    certificate = Certificate(
        source=config.id,
        system=config.system,
        connector=config.kind,
        code=code,
        config_sha256=config_digest(config),
        host="",
        credential="",
        started_by=started_by,
        started_at=at,
        ended_at=at,
        as_of=at,
        streams=(),
        raw_sha256=vault.put(raw),
        raw_content_sha256=hashlib.sha256(unpacked).hexdigest(),
        lines_sha256=nothing,
        accounts_sha256=nothing,
        counts={},
        verdict="partial",
        reasons=(why,),
    )
    return Pull(certificate=certificate, certificate_sha256=vault.put(canonical(certificate.model_dump(mode="json"))))


def keep(vault: Vault, path: Path) -> str:
    """Put a file into the vault and return its SHA-256; in bounded memory where the vault can."""
    return vault.put_file(path) if isinstance(vault, FileKeeper) else vault.put(path.read_bytes())


def config_digest(config: SourceConfig) -> str:
    """SHA-256 of what the program says about the source; no secret stands in it."""
    return hashlib.sha256(canonical(config.model_dump(mode="json"))).hexdigest()


def renormalised(
    certificate: Certificate, raw: bytes, config: SourceConfig, connector: Connector, directory: Directory
) -> list[str]:
    """Read the raw file again and compare with the digests of accounts and lines; for `attester ledger check`.

    ``config`` and ``directory`` are those of the pull; ``connector`` is of the same code version. Empty when equal.
    """
    found = []
    if config_digest(config) != certificate.config_sha256:
        found.append("The source is configured otherwise than when it was pulled.")
    with tempfile.TemporaryDirectory(prefix="attester-again-") as folder:
        path = Path(folder) / "raw"
        path.write_bytes(raw)
        gathered = connector.read(path, certificate.as_of)
        people = directory_of(gathered.people) if config.directory else directory
        again = normalise(gathered, config, people, config.settings.get("domains", ()))
        for name, rows, digest in (
            ("accounts.jsonl", account_rows(again.accounts), certificate.accounts_sha256),
            ("lines.jsonl", line_rows(again.lines), certificate.lines_sha256),
        ):
            with (Path(folder) / name).open("wb") as out:
                if write(rows, out) != digest:
                    found.append(f"{name}, made again from the raw file, is not the one that the certificate names.")
    return found
