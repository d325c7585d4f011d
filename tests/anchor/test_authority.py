"""A token is kept only if it verifies: status, nonce, imprint, chain at its own time, purpose; openssl agrees."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.stamping import AuthorityAway, AuthorityUnusable, TokenRefused, open_authority
from bot.stamping.authority import Authority
from bot.stamping.token import check_purpose, read_trust
from tests.anchor.tsa import Paper, TestAuthority, running_authority

SIGNATURE = b"0E\x02 what Maya's decision was signed with"


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[TestAuthority]:
    with running_authority(tmp_path / "tsa") as running:
        yield running


@pytest.fixture
def authority(tsa: TestAuthority) -> Iterator[Authority]:
    with closing(open_authority(tsa.url, tsa.ca)) as opened:
        yield opened


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Authority, bytes]]:
    """An authority's trust, and a token of it."""
    with (
        running_authority(tmp_path_factory.mktemp("kept")) as running,
        closing(open_authority(running.url, running.ca)) as opened,
    ):
        yield opened, opened.stamp(SIGNATURE).data


def test_a_token_over_a_signature_verifies_here_and_with_openssl(tsa: TestAuthority, authority: Authority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    stamped = authority.stamp(SIGNATURE)

    assert before <= stamped.gen_at <= datetime.now(UTC)
    assert len(stamped.chain) == 2
    assert stamped.chain_pem.count("BEGIN CERTIFICATE") == 2
    assert authority.judge(stamped.data, SIGNATURE) == stamped
    assert tsa.verifies(SIGNATURE, stamped.data)
    assert not tsa.verifies(b"other bytes", stamped.data)


def test_two_requests_carry_two_nonces(tsa: TestAuthority, authority: Authority) -> None:
    first, second = authority.stamp(SIGNATURE), authority.stamp(SIGNATURE)

    assert first.data != second.data
    assert tsa.asked == 2


@pytest.mark.parametrize(
    ("fault", "error", "sentence"),
    [
        ("nonce", TokenRefused, "answers another request: its nonce differs"),
        ("imprint", TokenRefused, "stamps other bytes than those that were sent"),
        ("status 2", TokenRefused, r"refused to stamp \(status 2\)"),
        ("html", TokenRefused, "answered text/html, not application/timestamp-reply. Look at ATTESTER_TSA_URL"),
        ("html that says it is a reply", TokenRefused, "no RFC 3161 response that can be read"),
        ("huge", TokenRefused, "answers with over 65,536 bytes"),
        ("http 500", AuthorityAway, "answered HTTP 500"),
    ],
)
def test_an_answer_that_is_wrong_is_refused_with_a_reason(
    tsa: TestAuthority, authority: Authority, fault: str, error: type[Exception], sentence: str
) -> None:
    tsa.fault = fault

    with pytest.raises(error, match=sentence):
        authority.stamp(SIGNATURE)


@pytest.mark.parametrize("fault", ["silence", "trickle"])
def test_an_authority_that_is_silent_or_very_slow_is_away_after_its_time(tsa: TestAuthority, fault: str) -> None:
    tsa.fault = fault

    with (
        closing(Authority(tsa.url, read_trust(tsa.root.pem), seconds=0.3)) as hasty,
        pytest.raises(AuthorityAway, match="did not answer"),
    ):
        hasty.stamp(SIGNATURE)


def test_an_authority_that_is_not_there_is_away(tsa: TestAuthority) -> None:
    with (
        closing(open_authority("http://127.0.0.1:1/stamp", tsa.ca)) as nobody,
        pytest.raises(AuthorityAway, match="ConnectError"),
    ):
        nobody.stamp(SIGNATURE)


@pytest.mark.parametrize(
    ("leaf", "sentence"),
    [
        ({"eku": "yes", "days": (-400, -1)}, "does not verify: Error while verifying certificates"),
        ({"eku": "yes", "days": (1, 400)}, "does not verify: Error while verifying certificates"),
    ],
    ids=["ended", "not begun"],
)
def test_a_certificate_that_may_not_stamp_now_is_refused(
    tsa: TestAuthority, authority: Authority, leaf: dict[str, object], sentence: str
) -> None:
    tsa.sign_with(Paper("Test Stamps", tsa.root, **leaf))  # type: ignore[arg-type]

    with pytest.raises(TokenRefused, match=sentence):
        authority.stamp(SIGNATURE)


@pytest.mark.parametrize(
    ("purpose", "sentence"),
    [
        ("not critical", "not, critically, one for time stamps alone"),
        ("two uses", "not, critically, one for time stamps alone"),
        ("other use", "not, critically, one for time stamps alone"),
        ("", "is not one for time stamps"),
    ],
)
def test_a_certificate_is_for_time_stamps_alone(purpose: str, sentence: str) -> None:
    """openssl's authority does not even sign with such a certificate, so the certificate alone is judged."""
    with pytest.raises(TokenRefused, match=sentence):
        check_purpose(Paper("Test Stamps", eku=purpose).certificate)

    check_purpose(Paper("Test Stamps", eku="yes").certificate)


def test_another_root_of_the_same_name_is_refused(tsa: TestAuthority, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Paper("Test Stamps Root").pem)

    with closing(open_authority(tsa.url, other)) as trusting, pytest.raises(TokenRefused, match="does not verify"):
        trusting.stamp(SIGNATURE)


def test_a_certificate_that_signed_itself_is_no_authority(tsa: TestAuthority, authority: Authority) -> None:
    tsa.sign_with(Paper("Test Stamps", eku="yes"))

    with pytest.raises(TokenRefused, match="does not verify"):
        authority.stamp(SIGNATURE)


def test_a_certificate_from_one_that_may_issue_none_is_refused(tsa: TestAuthority, authority: Authority) -> None:
    mail = Paper("Mail", tsa.root, eku="other use")
    tsa.sign_with(Paper("Test Stamps", mail, eku="yes"))
    tsa.ca.write_bytes(tsa.root.pem + mail.pem)

    with (
        closing(open_authority(tsa.url, tsa.ca)) as trusting,
        pytest.raises(TokenRefused, match="does not verify"),
    ):
        trusting.stamp(SIGNATURE)


def test_an_authority_that_sends_no_certificate_is_known_by_our_own_file(tsa: TestAuthority, tmp_path: Path) -> None:
    tsa.fault = "no certificate"
    known = tmp_path / "known.pem"
    known.write_bytes(tsa.root.pem + (tsa.folder / "leaf.pem").read_bytes())

    with closing(open_authority(tsa.url, known)) as knowing, closing(open_authority(tsa.url, tsa.ca)) as asking:
        assert len(knowing.stamp(SIGNATURE).chain) == 2
        with pytest.raises(TokenRefused, match="does not carry the certificate that signed it"):
            asking.stamp(SIGNATURE)


def test_a_chain_over_an_intermediate_leads_to_the_root(tmp_path: Path) -> None:
    root = Paper("Far Root")
    between = Paper("Issuer", root)
    with running_authority(tmp_path / "far", root=root, leaf=Paper("Far Stamps", between, eku="yes")) as far:
        far.ca.write_bytes(root.pem + between.pem)
        with closing(open_authority(far.url, far.ca)) as authority:
            stamped = authority.stamp(SIGNATURE)

        assert len(stamped.chain) == 3
        assert far.verifies(SIGNATURE, stamped.data)


def test_the_root_must_be_among_the_trusted(tmp_path: Path) -> None:
    root = Paper("Far Root")
    between = Paper("Issuer", root)

    with pytest.raises(AuthorityUnusable, match="holds no root"):
        read_trust(between.pem)
    with pytest.raises(AuthorityUnusable, match="holds no PEM certificates"):
        read_trust(b"hello")
    with pytest.raises(AuthorityUnusable, match="No such file"):
        open_authority("http://127.0.0.1:1", tmp_path / "missing.pem")


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_no_altered_token_passes_with_another_time(tsa: TestAuthority, authority: Authority) -> None:
    stamped = authority.stamp(SIGNATURE)
    chance = random.Random(3161)

    passed = []
    for at in range(len(stamped.data)):
        altered = bytearray(stamped.data)
        altered[at] ^= 1 << chance.randrange(8)
        try:
            passed.append(authority.judge(bytes(altered), SIGNATURE))
        except TokenRefused:
            continue

    # Some bytes of a token are not signed (tags, the status); none of them carries the time.
    assert len(passed) <= 20
    assert {found.gen_at for found in passed} <= {stamped.gen_at}


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_is_done_to_a_token_the_answer_is_a_refusal(
    kept: tuple[Authority, bytes], data: st.DataObject
) -> None:
    authority, token = kept
    whole = bytearray(token)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
        whole = whole or bytearray(b"0")

    try:
        found = authority.judge(bytes(whole), SIGNATURE)
    except TokenRefused:
        return
    assert found.gen_at == authority.judge(token, SIGNATURE).gen_at


def test_a_token_granted_with_modifications_counts(tsa: TestAuthority, authority: Authority) -> None:
    stamped = authority.stamp(SIGNATURE)
    at = stamped.data.index(b"\x30\x03\x02\x01\x00") + 4
    modified = stamped.data[:at] + b"\x01" + stamped.data[at + 1 :]

    assert authority.judge(modified, SIGNATURE).gen_at == stamped.gen_at
