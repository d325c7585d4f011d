"""Keys in files: PKCS#8 PEM that only its owner can read."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from bot.signing.public import verify_ed25519, verify_p256
from workflows.kernel.ports import SigningFailed
from workflows.kernel.publickey import fingerprint, pem

MAX_KEY_FILE = 64 * 1024
P256 = "EC -pkeyopt ec_paramgen_curve:P-256"
ED25519 = "ED25519"
Private = EllipticCurvePrivateKey | Ed25519PrivateKey


class FileSigner:
    """A P-256 key that signs attestations; ``keyid`` is its OpenSSH fingerprint."""

    def __init__(self, private: EllipticCurvePrivateKey) -> None:
        self._private = private
        self._der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._keyid = fingerprint(self._der)

    @property
    def keyid(self) -> str:
        """`SHA256:…`, what `ssh-keygen -lf` prints."""
        return self._keyid

    @property
    def public_der(self) -> bytes:
        """SPKI DER."""
        return self._der

    @property
    def public_pem(self) -> bytes:
        """SPKI PEM."""
        return pem(self._der).encode()

    def sign(self, data: bytes) -> bytes:
        """ECDSA with SHA-256 in DER, verified once: a broken key or a flipped bit records nothing. Raises SigningFailed."""
        signature = self._private.sign(data, ECDSA(SHA256()))
        if not verify_p256(self._der, data, signature):
            raise SigningFailed("The signing key made a signature that does not hold. Nothing was recorded.")
        return signature


class FileLogKey:
    """An Ed25519 key that signs checkpoints."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key().public_bytes_raw()

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """64 bytes, verified once. Raises SigningFailed."""
        signature = self._private.sign(data)
        if not self.verify(data, signature):
            raise SigningFailed("The log key made a signature that does not hold. No checkpoint was published.")
        return signature

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this key made the signature."""
        return verify_ed25519(self._public, data, signature)


def file_signer(path: Path, create: bool) -> FileSigner:
    """The P-256 key in a file. Raises SigningFailed with what to do."""
    key = _create(path, generate_private_key(SECP256R1()), P256) if create and not path.exists() else _load(path, P256)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise SigningFailed(
            f"{path} is no ECDSA P-256 key, which attestations need. Point ATTESTER_SIGNING_KEY at one."
        )
    return FileSigner(key)


def file_log_key(path: Path, create: bool) -> FileLogKey:
    """The Ed25519 key in a file. Raises SigningFailed with what to do."""
    key = _create(path, Ed25519PrivateKey.generate(), ED25519) if create and not path.exists() else _load(path, ED25519)
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningFailed(f"{path} is no Ed25519 key, which the log needs. Point ATTESTER_LOG_KEY at one.")
    return FileLogKey(key)


def _load(path: Path, algorithm: str) -> object:
    """The private key in a file, of whatever kind. Nobody but the file's owner may be able to read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise SigningFailed(f"{path} is no file. Name the file that holds the key.")
            if mode & 0o077:
                raise SigningFailed(f"Others can read or change the key in {path}. Run: chmod 600 {path}")
            data = file.read(MAX_KEY_FILE)
    except FileNotFoundError:
        raise SigningFailed(
            f"There is no key at {path}. Restore it from your backup. For a new installation make one: "
            f"(umask 077; openssl genpkey -algorithm {algorithm} -out {path})"
        ) from None
    except OSError as error:
        raise SigningFailed(f"The key in {path} cannot be read: {error.strerror}.") from error
    try:
        return load_pem_private_key(data, password=None)
    except TypeError:
        raise SigningFailed(f"The key in {path} has a passphrase. Write it as PKCS#8 PEM without one.") from None
    except ValueError:
        raise SigningFailed(f"{path} holds no private key. Write it as PKCS#8 PEM.") from None


def _create(path: Path, key: Private, algorithm: str) -> object:
    """Keep a new key: written whole under another name first, never over a key that is there. Returns the key that is kept."""
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    except OSError as error:
        raise SigningFailed(f"A key cannot be written to {path}: {error.strerror}.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where another process has just made one: then that one counts
        _sync_folder(path.parent)
    except FileExistsError:
        return _load(path, algorithm)
    except OSError as error:
        raise SigningFailed(f"A key cannot be written to {path}: {error.strerror}.") from error
    finally:
        Path(draft).unlink(missing_ok=True)
    return key


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
