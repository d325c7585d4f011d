"""Seven attacks on 500 decisions, anchored at 450, each by who may write the database and by who has stolen every key: 14 of 14.

Against a thief of all keys nothing inside the system helps. What helps lies outside: anchors with the time of an authority,
and the receipt in the hand of the person who decided last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.packet.export import ExportRefused, export
from bot.packet.outside import root_fingerprint
from bot.packet.verify import Report, verify
from bot.signing import load_log_key, load_signer
from bot.stamping import Authority, Stamped, open_authority, trusted_authority
from tests.anchor.tsa import running_authority
from tests.packet import book
from tests.packet.book import ANCHOR, NOW, START, Book, Change, Item, Keys
from tests.packet.damage import unpacked
from tests.packet.outside import Given
from workflows.kernel.checkpoint import Checkpoint
from workflows.kernel.encoding import b64
from workflows.kernel.ports import Signer
from workflows.kernel.publickey import ed25519_der, fingerprint

TAIL, FALSE_TIME = book.cut_the_tail, book.append_with_a_false_old_time


@dataclass
class Company:
    """The true ledger, and what of it is held outside: the anchor in the vault, its token, a person's receipt."""

    keys: Keys
    intruder: Signer
    items: list[Item]
    anchor: Checkpoint
    token: Stamped
    receipt: Checkpoint
    authority: Authority

    def outside(self) -> Given:
        """The anchor with its token."""
        trusted = trusted_authority(self.authority.url, self.token.chain_pem)
        return Given({f"checkpoint/{ANCHOR}": [self.token]}, [self.anchor], [trusted])

    def trust(self) -> tuple[str, ...]:
        """The fingerprints that the auditor has from elsewhere."""
        log = fingerprint(ed25519_der(self.keys.log.public))
        return self.keys.signer.keyid, log, *map(root_fingerprint, self.outside().trusted)

    def by_the_database(self, change: Change) -> Book:
        """Entries, keys and tiles written anew; the log's key is not in the database, so a true checkpoint must do."""
        items = change(self.items, self.intruder)
        # Whoever adds a row has the service itself log it; of what stood before there are checkpoints to choose from.
        logged = items if change is FALSE_TIME else self.items[: len(items) // 10 * 10]
        return Book(items, self.keys.noted(logged), [book.public(self.keys.signer), book.public(self.intruder)])

    def by_the_keys(self, change: Change) -> Book:
        """Everything signed anew with the stolen keys: by itself it is without a flaw."""
        items = change(self.items, self.keys.signer)
        return Book(items, self.keys.noted(items), [book.public(self.keys.signer)])

    def judge(self, written: Book, outside: Given, out: Path, held: Sequence[Checkpoint] = ()) -> Report | None:
        """What the auditor's verifier says of the packet; None where there was none to be had."""
        try:
            export(book.source(written, self.keys, outside), out=out, start=START, end=NOW)
        except ExportRefused:
            return None
        return verify(out, self.trust(), held=[one.note.encode() for one in held])


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("acme")
    keys = Keys(
        load_signer(f"file:{folder / 'signing.key'}", create=True),
        load_log_key(f"file:{folder / 'log.key'}", create=True),
    )
    intruder = load_signer(f"file:{folder / 'other.key'}", create=True)
    items = book.first_told(keys)
    anchor = keys.noted(items[:ANCHOR])
    with running_authority(folder / "tsa") as running:
        authority = open_authority(running.url, running.ca)
        token = authority.stamp(anchor.note.encode())
        yield Company(keys, intruder, items, anchor, token, keys.noted(items), authority)
        authority.close()


def words(report: Report | None) -> set[str]:
    """The verdicts that something has; `refused` where no packet was written."""
    return {"refused"} if report is None else {one.verdict for one in [*report.findings, *report.warnings]}


def test_the_true_ledger_verifies_with_its_anchor_and_the_receipt(company: Company, tmp_path: Path) -> None:
    true = Book(company.items, company.receipt, [book.public(company.keys.signer)])

    report = company.judge(true, company.outside(), tmp_path / "p.zip", held=[company.anchor, company.receipt])

    assert report is not None
    assert report.fine, report.findings
    assert report.sentence == (
        "500 attestations, 1 evidence file, log 500 entries, 1 anchor: all verify. "
        "No attestation has an outside time of its own."
    )
    assert report.newest_anchor.startswith("The newest anchor covers 450 of 500 entries; it was stamped ")
    assert report.newest_anchor.endswith("For the 50 entries after it only the log's own key vouches.")


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (book.alter_one, "forked"), (book.delete_in_the_middle, "forked"), (book.cut_past_the_anchor, "refused"),
        (book.reorder, "forked"), (book.insert_back_dated, "forked"), (TAIL, "missing"), (FALSE_TIME, "unknown key"),
    ],
)  # fmt: skip
def test_who_may_only_write_the_database_is_caught(
    company: Company, tmp_path: Path, change: Change, verdict: str
) -> None:
    """By the log's root; a cut by the anchor, or by the receipt where it is newer; a new decision by the key it lacks."""
    held = [company.receipt] if change is TAIL else []

    report = company.judge(company.by_the_database(change), company.outside(), tmp_path / "p.zip", held)

    assert verdict in words(report)
    assert report is None or not report.fine


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (book.alter_one, "forked"), (book.delete_in_the_middle, "forked"), (book.cut_past_the_anchor, "refused"),
        (book.reorder, "forked"), (book.insert_back_dated, "forked"), (TAIL, "missing"), (FALSE_TIME, "late"),
    ],
)  # fmt: skip
def test_who_has_stolen_every_key_is_caught(company: Company, tmp_path: Path, change: Change, verdict: str) -> None:
    """By the anchor; a cut after it by the receipt; a false old time by the authority, whose time cannot be had back."""
    written, outside = company.by_the_keys(change), company.outside()
    held = [company.receipt] if change is TAIL else []
    if change is FALSE_TIME:
        last = written.items[-1]
        outside.stamps[last.id] = [company.authority.stamp(last.signature)]

    report = company.judge(written, outside, tmp_path / "p.zip", held)

    assert verdict in words(report)
    assert report is None or not report.fine or report.verdicts[written.items[-1].id] == "late"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (book.alter_one, "forked"), (book.delete_in_the_middle, "forked"), (book.cut_past_the_anchor, "missing"),
        (book.reorder, "forked"), (book.insert_back_dated, "forked"),
    ],
)  # fmt: skip
def test_a_thief_who_also_hides_the_anchors_is_caught_by_the_one_in_the_vault(
    company: Company, tmp_path: Path, change: Change, verdict: str
) -> None:
    written = company.by_the_keys(change)

    alone = company.judge(written, Given(), tmp_path / "alone.zip")
    compared = company.judge(written, Given(), tmp_path / "compared.zip", held=[company.anchor])

    assert alone is not None
    assert alone.fine
    assert alone.sentence.endswith("all verify. No outside time.")
    assert words(compared) == {verdict}


def test_a_false_old_time_without_a_token_is_never_called_valid(company: Company, tmp_path: Path) -> None:
    written = company.by_the_keys(FALSE_TIME)

    report = company.judge(written, company.outside(), tmp_path / "p.zip")

    assert report is not None
    assert report.verdicts[written.items[-1].id] == "no outside time"


def test_anchors_without_an_authority_are_counted_and_give_no_time(company: Company, tmp_path: Path) -> None:
    true = Book(company.items, company.receipt, [book.public(company.keys.signer)])

    report = company.judge(true, Given(anchors=[company.anchor]), tmp_path / "p.zip")

    assert report is not None
    assert report.fine
    assert report.sentence.endswith("log 500 entries, 1 anchor: all verify. No outside time.")
    assert "it has no time stamp" in report.newest_anchor


def test_many_anchors_some_stamped_twice_or_cosigned_are_all_judged(company: Company, tmp_path: Path) -> None:
    true, outside = Book(company.items, company.receipt, [book.public(company.keys.signer)]), company.outside()
    witness = "\u2014 witness.example.com " + b64(bytes(76)) + "\n"
    outside.anchors = [company.keys.noted(company.items[:size]) for size in (9, 10, 100, 499)]
    outside.anchors.append(company.anchor._replace(note=company.anchor.note + witness))
    outside.stamps[f"checkpoint/{ANCHOR}"].append(company.authority.stamp(company.anchor.note.encode()))

    report = company.judge(true, outside, tmp_path / "p.zip")

    assert report is not None
    assert report.fine, report.findings
    assert report.anchors == 5
    files = unpacked(tmp_path / "p.zip")
    assert {name for name in files if name.startswith("checkpoints/")} == {
        "checkpoints/10", "checkpoints/100", "checkpoints/450", "checkpoints/450.2.tsr", "checkpoints/450.tsr",
        "checkpoints/499", "checkpoints/9",
    }  # fmt: skip
    assert files["checkpoints/450"] == company.anchor.note.encode()
    assert report.newest_anchor.startswith("The newest anchor covers 499 of 500 entries; it has no time stamp.")
