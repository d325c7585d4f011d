"""The verifier's own reading of RFC 3161: what it takes, and that no changed bit of a token passes that could matter."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from bot.packet.verifier.authority import TimeAuthority, micros, read_authorities
from bot.packet.verifier.report import Bad
from bot.packet.verifier.token import Stamp, read_stamp
from tests.anchor.tsa import NOW, Paper, running_authority
from tests.packet.damage import flipped

DATA = b"the signature of Maya's decision"


class RsaPaper(Paper):
    """A certificate for time stamps with an RSA key."""

    def __init__(self, name: str, by: Paper) -> None:
        super().__init__(name, by, eku="yes")
        self.rsa: RSAPrivateKey = generate_private_key(65537, 2048)
        self.key = self.rsa  # type: ignore[assignment]
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(by.certificate.subject)
            .public_key(self.rsa.public_key())
            .serial_number(77)
            .not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(NOW + timedelta(days=900))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(by.key, SHA256())
        )


def told(*chain: Paper) -> dict[str, Any]:
    """What `trusted_root.json` says of an authority."""
    ders = [one.certificate.public_bytes(Encoding.DER) for one in chain]
    return {
        "subject": {"organization": "Acme", "commonName": "Test Stamps"},
        "uri": f"https://stamps.acme.test/{chain[0].certificate.serial_number}",
        "validFor": {"start": f"{chain[0].certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"},
        "certChain": {"certificates": [{"rawBytes": b64encode(der).decode()} for der in ders]},
    }


@contextmanager
def made(folder: Path, root: Paper, leaf: Paper, digest: str = "sha256") -> Iterator[bytes]:
    """A token of `openssl ts` over DATA."""
    with running_authority(folder, root=root, leaf=leaf) as authority:
        config = folder / "tsa.cnf"
        config.write_text(config.read_text().replace("signer_digest = sha256", f"signer_digest = {digest}"))
        yield authority.reply(
            TimestampRequestBuilder().data(DATA).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()
        )


def judged(token: bytes, *chains: tuple[Paper, ...], data: bytes = DATA) -> Stamp:
    return read_stamp(token, data, read_authorities([told(*chain) for chain in chains]))


def refused(token: bytes, *chains: tuple[Paper, ...], data: bytes = DATA) -> str:
    with pytest.raises(Bad) as problem:
        judged(token, *chains, data=data)
    return problem.value.verdict


@pytest.fixture(scope="module")
def papers() -> tuple[Paper, Paper]:
    """A leaf and its root."""
    root = Paper("Test Stamps Root")
    return Paper("Test Stamps", root, eku="yes"), root


@pytest.fixture(scope="module")
def token(papers: tuple[Paper, Paper], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    leaf, root = papers
    with made(tmp_path_factory.mktemp("tsa"), root, leaf) as found:
        return found


def test_a_token_tells_the_authoritys_time(token: bytes, papers: tuple[Paper, Paper]) -> None:
    at = decode_timestamp_response(token).tst_info.gen_time.astimezone(UTC)

    found = judged(token, papers)

    assert found.at == int(at.timestamp()) * 1_000_000
    assert abs(datetime.now(UTC).timestamp() * 1_000_000 - found.at) < 600_000_000
    assert found.authority.root.startswith("SHA256:")


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_rsa_and_ecdsa_with_every_usual_hash_are_read(tmp_path: Path, digest: str, kind: str) -> None:
    root = Paper("Test Stamps Root")
    leaf = RsaPaper("Test Stamps", root) if kind == "RSA" else Paper("Test Stamps", root, eku="yes")

    with made(tmp_path, root, leaf, digest) as token:
        assert judged(token, (leaf, root)).at

    assert refused(token, (leaf, root), data=b"other") == "altered"


def test_a_chain_with_certificates_between_leads_to_its_root(tmp_path: Path) -> None:
    root = Paper("Test Stamps Root")
    between = Paper("Test Stamps CA", root)
    leaf = Paper("Test Stamps", between, eku="yes")

    with made(tmp_path, root, leaf) as token:
        assert judged(token, (leaf, between, root)).authority.chain[1].der
        assert refused(token, (leaf, between)) == "altered"
        assert refused(token, (leaf, root)) == "altered"


def test_a_certificate_that_had_ended_when_it_stamped_is_doubtful(tmp_path: Path) -> None:
    root = Paper("Test Stamps Root")
    leaf = Paper("Test Stamps", root, days=(-300, -1), eku="yes")

    with made(tmp_path, root, leaf) as token:
        assert refused(token, (leaf, root)) == "doubtful"


@pytest.mark.parametrize("eku", ["", "two uses", "other use", "not critical"])
def test_an_authority_whose_certificate_is_not_for_stamps_alone_is_altered(eku: str) -> None:
    root = Paper("Test Stamps Root")

    with pytest.raises(Bad, match="time stamps alone"):
        read_authorities([told(Paper("Test Stamps", root, eku=eku), root)])


def test_a_certificate_that_may_not_sign_others_carries_no_authority() -> None:
    root = Paper("Test Stamps Root")
    between = Paper("Test Stamps", root, eku="yes")

    with pytest.raises(Bad, match="not issued by the next"):
        read_authorities([told(Paper("Below", between, eku="yes"), between, root)])


def test_one_authority_is_named_once(papers: tuple[Paper, Paper]) -> None:
    with pytest.raises(Bad, match="alike"):
        read_authorities([told(*papers), told(*papers)])


def test_another_authority_of_the_same_name_and_number_is_not_taken(token: bytes, papers: tuple[Paper, Paper]) -> None:
    leaf, root = papers
    twin = Paper(
        "Test Stamps", root, eku="yes",
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(leaf.certificate.subject)
        .issuer_name(root.certificate.subject)
        .public_key(twin.key.public_key())
        .serial_number(leaf.certificate.serial_number)
        .not_valid_before(leaf.certificate.not_valid_before_utc)
        .not_valid_after(leaf.certificate.not_valid_after_utc)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    )
    twin.certificate = builder.sign(root.key, SHA256())

    assert refused(token, (twin, root)) == "altered"
    assert refused(token, (Paper("Test Stamps", root, eku="yes"), root)) == "unknown key"
    assert refused(token) == "unknown key"


def test_a_token_without_certificates_is_judged_by_the_trusted_root_alone(
    papers: tuple[Paper, Paper], tmp_path: Path
) -> None:
    leaf, root = papers
    (tmp_path / "data").write_bytes(DATA)
    ask = ["openssl", "ts", "-query", "-data", "data", "-sha256", "-out", "query"]

    with running_authority(tmp_path / "tsa", root=root, leaf=leaf) as authority:
        subprocess.run(ask, cwd=tmp_path, check=True, capture_output=True)
        token = authority.reply((tmp_path / "query").read_bytes())

    assert leaf.certificate.public_bytes(Encoding.DER) not in token
    assert judged(token, papers).at


def test_every_flipped_bit_of_a_token_is_refused_but_the_status_that_is_not_signed(
    token: bytes, papers: tuple[Paper, Paper]
) -> None:
    """`granted` (0) becomes `grantedWithMods` (1), which means the same to us: RFC 3161 signs no status."""
    authorities = read_authorities([told(*papers)])
    status = token.index(bytes.fromhex("3003020100")) + 4

    accepted = [bit for bit in range(len(token) * 8) if holds(flipped(token, bit), authorities)]

    assert accepted == [status * 8]


def test_nothing_may_follow_or_be_missing(token: bytes, papers: tuple[Paper, Paper]) -> None:
    authorities = read_authorities([told(*papers)])

    assert not any(holds(token[:size], authorities) for size in range(len(token)))
    assert not holds(token + b"\x00", authorities)
    assert not holds(token + token, authorities)
    assert not holds(b"\x30\x80" + token[4:] + b"\x00\x00", authorities)
    assert not holds(bytes.fromhex("30053003020102"), authorities)


def holds(token: bytes, authorities: list[TimeAuthority]) -> bool:
    try:
        read_stamp(token, DATA, authorities)
    except Bad:
        return False
    return True


@pytest.mark.parametrize("text", ["", "2026-10-08", "20261308070500Z", "2026-10-08T07:05:00.000000", "20260231000000Z"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Bad):
        micros(text)


def test_both_ways_to_write_a_time_mean_the_same() -> None:
    assert micros("20261008070500.25Z") == micros("2026-10-08T07:05:00.250000Z")
    assert micros("19700101000001Z") == 1_000_000
