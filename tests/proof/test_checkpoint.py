"""Checkpoints and proof files, byte for byte (C2SP tlog-checkpoint, signed-note, tlog-proof)."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.signing.file import FileLogKey
from tests.proof.test_merkle import EIGHT, flipped
from workflows.kernel.checkpoint import (
    Checkpoint,
    Note,
    SignatureLine,
    check_origin,
    cosignature,
    cosignature_id,
    cosigned_message,
    default_origin,
    log_id,
    parse,
    parse_note,
    parse_proof_file,
    proof_file,
    signed,
    verified,
    vkey,
)
from workflows.kernel.merkle import inclusion_path, over, root

ORIGIN = "ledger.example.com"
KEY = FileLogKey(Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
SIGNED = signed(Checkpoint(ORIGIN, 8, root(EIGHT)), KEY)


def opened(note: str) -> Checkpoint:
    return verified(note, ORIGIN, KEY.public, KEY.verify)


def test_the_known_key_has_the_known_names() -> None:
    name = log_id(ORIGIN, KEY.public).hex()

    assert name.startswith("2085b8468e034274")
    assert name.endswith("f1a2bfe0e2")
    assert vkey(ORIGIN, KEY.public) == "ledger.example.com+2085b846+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"


def test_the_known_checkpoint_is_written_byte_for_byte() -> None:
    data = SIGNED.note.encode()

    assert SIGNED.note == (
        "ledger.example.com\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"
        "\u2014 ledger.example.com "
        "IIW4RruuBziK31KFPSHBnBrgiv1cCH2cB0HXqMkgDOFFxRJAqKxUqqgZSpHJcp7X7QpnEQ1dOLL3vyFLtZmAkuW44gs=\n"
    )
    assert len(data) == 183
    assert hashlib.sha256(data).hexdigest().startswith("063d66e73f7cd4e6")
    assert hashlib.sha256(data).hexdigest().endswith("41b84c1f")


def test_a_checkpoint_is_read_back_and_its_signature_holds() -> None:
    assert parse(SIGNED.note) == SIGNED
    assert opened(SIGNED.note) == SIGNED


def test_one_flipped_bit_anywhere_in_a_checkpoint_is_refused() -> None:
    data = SIGNED.note.encode()

    for bit in range(len(data) * 8):
        with pytest.raises(ValueError):  # noqa: PT011 - every reason is right here, UnicodeDecodeError included
            opened(flipped(data, bit).decode())


def test_a_checkpoint_of_another_log_or_key_is_refused() -> None:
    other = FileLogKey(Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))

    with pytest.raises(ValueError, match=r"is of the log elsewhere\.example\.com, not of ledger\.example\.com"):
        opened(signed(Checkpoint("elsewhere.example.com", 8, root(EIGHT)), KEY).note)
    with pytest.raises(ValueError, match="was signed with another key than this log key"):
        opened(signed(Checkpoint(ORIGIN, 8, root(EIGHT)), other).note)
    with pytest.raises(ValueError, match="has 2 lines of this log's key"):
        opened(SIGNED.note + SIGNED.note.split("\n\n")[1])


def test_lines_of_witnesses_are_kept_and_do_not_disturb() -> None:
    witness = Ed25519PrivateKey.from_private_bytes(b"\x03" * 32)
    public = witness.public_key().public_bytes_raw()
    at = 1_780_000_000
    signature = witness.sign(cosigned_message(SIGNED.text, at))
    line = SignatureLine(
        "witness.example", cosignature_id("witness.example", public), at.to_bytes(8, "big") + signature
    )

    note = Note(SIGNED.text, (*parse_note(SIGNED.note).lines, line)).whole

    assert opened(note)[:3] == SIGNED[:3]
    seen, sealed = cosignature(parse_note(note).lines[1])
    assert seen == at
    witness.public_key().verify(sealed, f"cosignature/v1\ntime {at}\n{SIGNED.text}".encode())


@pytest.mark.parametrize(
    "change",
    [
        ("\n8\n", "\n08\n"),
        ("\n8\n", "\n+8\n"),
        ("\n8\n", "\n8 \n"),
        ("\n8\n", "\n-8\n"),
        ("\n8\n", "\n8\nextension\n"),
        ("gQyg=", "gQyh="),
        ("gQyg=\n", "gQyg\n"),
        ("\n\n", "\n"),
        ("\u2014", "-"),
        ("ledger.example.com\n8", "Ledger.example.com\n8"),
        ("4gs=\n", "4gs="),
    ],
)
def test_any_other_spelling_of_a_checkpoint_is_refused(change: tuple[str, str]) -> None:
    note = SIGNED.note.replace(*change, 1)

    assert note != SIGNED.note
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own sentence
        parse(note)


@pytest.mark.parametrize("origin", ["ledger.example.com", "localhost", "a", "0123456789ab.attester.invalid", "a-b.c1"])
def test_a_bare_host_name_is_an_origin(origin: str) -> None:
    assert check_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "Ledger.example",
        "https://a.example",
        "a.example:443",
        "a.example/log",
        "a b",
        "a+b",
        "a.",
        ".a",
        "-a",
        "a\n",
    ],
)
def test_anything_else_is_no_origin(origin: str) -> None:
    with pytest.raises(ValueError, match="bare lower-case host name"):
        check_origin(origin)


def test_a_log_without_an_address_is_named_after_its_key() -> None:
    origin = default_origin(KEY.public)

    assert check_origin(origin) == hashlib.sha256(KEY.public).hexdigest()[:12] + ".attester.invalid"


def test_a_proof_file_is_read_back_and_stays_small() -> None:
    path = inclusion_path(5, 8, over(EIGHT))

    text = proof_file(5, path, SIGNED.note)

    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 5\n")
    assert text.endswith("\n\n" + SIGNED.note)
    assert parse_proof_file(text) == (5, path, SIGNED.note)
    assert len(proof_file(999_999, [b"h" * 32] * 20, SIGNED.note)) < 2048


@pytest.mark.parametrize("change", [("@v1", "@v2"), ("index 5", "index 05"), ("index ", "Index "), ("\n\n", "\n")])
def test_a_malformed_proof_file_is_refused(change: tuple[str, str]) -> None:
    text = proof_file(5, inclusion_path(5, 8, over(EIGHT)), SIGNED.note).replace(*change)

    with pytest.raises(ValueError):  # noqa: PT011 - each has its own sentence
        parse_proof_file(text)
