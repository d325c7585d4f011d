"""Keys in files: made once, readable by their owner only, and named as ssh-keygen names them."""

from __future__ import annotations

import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from bot.signing import load_log_key, load_signer, verify_ed25519, verify_p256
from workflows.kernel.ports import SigningFailed
from workflows.kernel.publickey import der, ed25519_der, fingerprint, pem


def write(path: Path, key: object, mode: int = 0o600, encryption: object = None) -> Path:
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())  # type: ignore[attr-defined]
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_a_signing_key_is_made_once_with_mode_0600_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "signing.key"

    first = load_signer(f"file:{path}", create=True)
    again = load_signer(f"file:{path}", create=True)

    assert first.keyid == again.keyid == load_signer(f"file:{path}").keyid
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert os.listdir(path.parent) == ["signing.key"]


def test_a_signature_holds_and_holds_for_nothing_else(tmp_path: Path) -> None:
    signer = load_signer(f"file:{tmp_path / 'signing.key'}", create=True)

    signature = signer.sign(b"what Maya decided")

    assert verify_p256(signer.public_der, b"what Maya decided", signature)
    assert not verify_p256(signer.public_der, b"what Maya decides", signature)
    assert not verify_p256(signer.public_der, b"what Maya decided", signature[:-1])
    assert not verify_p256(b"no key", b"what Maya decided", signature)
    public = load_pem_public_key(signer.public_pem)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == signer.public_der


def test_a_log_key_signs_64_bytes_that_hold(tmp_path: Path) -> None:
    key = load_log_key(f"file:{tmp_path / 'log.key'}", create=True)

    signature = key.sign(b"three lines")

    assert len(signature) == 64
    assert key.verify(b"three lines", signature)
    assert not key.verify(b"four lines", signature)
    assert verify_ed25519(key.public, b"three lines", signature)
    assert not verify_ed25519(key.public[:-1], b"three lines", signature)
    assert key.public == load_log_key(f"file:{tmp_path / 'log.key'}").public


def test_ssh_keygen_prints_our_key_id(tmp_path: Path) -> None:
    signer = load_signer(f"file:{tmp_path / 'signing.key'}", create=True)
    log_key = load_log_key(f"file:{tmp_path / 'log.key'}", create=True)

    for path, keyid in (("signing.key", signer.keyid), ("log.key", fingerprint(ed25519_der(log_key.public)))):
        private = load_pem_private_key((tmp_path / path).read_bytes(), password=None)
        public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        (tmp_path / f"{path}.pub").write_bytes(public + b"\n")
        shown = subprocess.run(
            ["ssh-keygen", "-lf", f"{path}.pub"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert shown.stdout.split()[1] == keyid
        assert len(keyid) == 50


def test_a_public_key_is_read_back_from_its_pem(tmp_path: Path) -> None:
    signer = load_signer(f"file:{tmp_path / 'signing.key'}", create=True)

    assert der(pem(signer.public_der)) == signer.public_der
    private = load_pem_private_key((tmp_path / "signing.key").read_bytes(), password=None)
    assert private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) == signer.public_pem
    for text in ("", "-----BEGIN PUBLIC KEY-----", pem(b"x").replace("PUBLIC", "PRIVATE"), pem(b"x").replace("=", "")):
        with pytest.raises(ValueError, match=r"PEM|base64"):
            der(text)


def test_only_our_two_kinds_of_key_have_an_id() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()

    with pytest.raises(ValueError, match="neither P-256 nor Ed25519"):
        fingerprint(other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        ed25519_der(b"x" * 31)


def test_a_missing_key_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(SigningFailed, match=r"There is no key at .*openssl genpkey -algorithm EC"):
        load_signer(f"file:{tmp_path / 'signing.key'}")
    with pytest.raises(SigningFailed, match=r"There is no key at .*openssl genpkey -algorithm ED25519"):
        load_log_key(f"file:{tmp_path / 'log.key'}")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("algorithm", ["EC -pkeyopt ec_paramgen_curve:P-256", "ED25519"])
def test_the_command_in_that_sentence_makes_a_key_that_works(tmp_path: Path, algorithm: str) -> None:
    command = f"(umask 077; openssl genpkey -algorithm {algorithm} -out made.key)"

    subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)

    load = load_signer if algorithm.startswith("EC") else load_log_key
    assert load(f"file:{tmp_path / 'made.key'}").sign(b"data")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "signing.key", ec.generate_private_key(ec.SECP256R1()), mode)

    with pytest.raises(SigningFailed, match=r"Others can read or change the key in .*Run: chmod 600 "):
        load_signer(f"file:{path}", create=True)


def test_keys_of_another_kind_are_refused(tmp_path: Path) -> None:
    wrong = {
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ed25519": Ed25519PrivateKey.generate(),
    }

    for name, key in wrong.items():
        with pytest.raises(SigningFailed, match="is no ECDSA P-256 key"):
            load_signer(f"file:{write(tmp_path / name, key)}")
    with pytest.raises(SigningFailed, match="is no Ed25519 key"):
        load_log_key(f"file:{write(tmp_path / 'p256', ec.generate_private_key(ec.SECP256R1()))}")


def test_files_that_hold_no_plain_key_are_refused(tmp_path: Path) -> None:
    locked = write(tmp_path / "locked", ec.generate_private_key(ec.SECP256R1()), 0o600, BestAvailableEncryption(b"x"))
    (tmp_path / "text").write_text("-----BEGIN PRIVATE KEY-----\nnothing\n")
    (tmp_path / "text").chmod(0o600)

    with pytest.raises(SigningFailed, match="has a passphrase"):
        load_signer(f"file:{locked}")
    with pytest.raises(SigningFailed, match="holds no private key"):
        load_signer(f"file:{tmp_path / 'text'}")
    with pytest.raises(SigningFailed, match="cannot be read: Is a directory"):
        load_signer(f"file:{tmp_path}")


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "Write file:PATH"),
        ("file:", "Write file:PATH"),
        ("/etc/signing.key", "Write file:PATH"),
        ("file://host/signing.key", "on another machine"),
    ],
)
def test_other_settings_get_a_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(SigningFailed, match=sentence):
        load_signer(spec, create=True)
    with pytest.raises(SigningFailed, match=sentence):
        load_log_key(spec, create=True)


def test_a_file_url_names_the_same_key(tmp_path: Path) -> None:
    folder = tmp_path / "with space"

    made = load_signer(f"file:{folder / 'signing.key'}", create=True)

    assert load_signer(f"file://{str(folder / 'signing.key').replace(' ', '%20')}").keyid == made.keyid


def test_eight_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_signer(f"file:{tmp_path / 'signing.key'}", create=True).keyid, range(8)))

    assert len(set(keys)) == 1
    assert os.listdir(tmp_path) == ["signing.key"]
