"""Timestamp authorities of a packet: the certificates that `trusted_root.json` names, from the one that signs to its root."""

from __future__ import annotations

import base64
import calendar
import hashlib
import re
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.packet.verifier.der import FIELD_0, der_in, der_items, der_number, der_one
from bot.packet.verifier.report import Bad
from bot.packet.verifier.strict import altered, exactly, listed, mapped, text, unbase64

LONGEST_CHAIN = 8
MICROS = 1_000_000
HASHES: dict[str, Any] = {"sha256": SHA256, "sha384": SHA384, "sha512": SHA512}
TIME = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})T?([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.([0-9]{1,9}))?Z")
UNREADABLE = (
    ValueError, TypeError, LookupError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension,
    x509.ExtensionNotFound, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What certificates that were made or altered by somebody hostile make the library raise."""


class Certified(NamedTuple):
    """A certificate taken apart. Times are microseconds since 1970."""

    der: bytes
    certificate: x509.Certificate
    issuer: bytes
    subject: bytes
    serial: int
    start: int
    end: int


class TimeAuthority(NamedTuple):
    """A certificate that signs time stamps, with its chain to a root; every link of it holds."""

    chain: list[Certified]

    @property
    def root(self) -> str:
        """The SHA-256 of the root certificate, written as the fingerprints of keys are."""
        digest = hashlib.sha256(self.chain[-1].der).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")

    def counted_at(self, at: int) -> bool:
        """Whether every certificate of the chain was valid at this time."""
        return all(one.start <= at <= one.end for one in self.chain)


def micros(moment: str) -> int:
    """Microseconds since 1970 of a time in UTC, written as RFC 3339 or as in a token. Raises Bad where it is none."""
    found = TIME.fullmatch(moment)
    if found is None:
        raise altered("a time in it is malformed.")
    fields = [int(field) for field in found.groups()[:6]]
    try:
        seconds = calendar.timegm(datetime(*fields).timetuple())  # type: ignore[arg-type]  # noqa: DTZ001 - it is UTC
    except ValueError:
        raise altered("a time in it is malformed.") from None
    return seconds * MICROS + int((found.group(7) or "").ljust(6, "0")[:6])


def key_signed(key: Any, digest: str, signature: bytes, data: bytes) -> bool:
    """Whether an RSA (PKCS #1 v1.5) or ECDSA key signed the data with this hash."""
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, data, PKCS1v15(), HASHES[digest]())
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, data, ECDSA(HASHES[digest]()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def read_authorities(values: list[Any]) -> list[TimeAuthority]:
    """The authorities of `trusted_root.json`, each judged: links, purpose, who may sign certificates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of odd certificates; here they hold or they do not
        found = [_read_authority(value) for value in values]
    if len({value["uri"] for value in values}) != len(values):
        raise altered("trusted_root.json names two timestamp authorities alike.")
    return found


def _read_authority(value: Any) -> TimeAuthority:
    exactly(
        value, "A timestamp authority in trusted_root.json", subject=mapped, uri=text, validFor=mapped, certChain=mapped
    )  # fmt: skip
    exactly(value["subject"], "The name of a timestamp authority", organization=text, commonName=text)
    chain = exactly(value["certChain"], "The chain of a timestamp authority", certificates=listed)["certificates"]
    if not 1 <= len(chain) <= LONGEST_CHAIN:
        raise altered("trusted_root.json has a timestamp authority without a chain of certificates.")
    told = [exactly(one, "A certificate of a timestamp authority", rawBytes=text)["rawBytes"] for one in chain]
    made = [_certified(unbase64(one, "A certificate of a timestamp authority")) for one in told]
    _check_chain(made)
    start = exactly(value["validFor"], "The validity of a timestamp authority", start=text)["start"]
    if micros(start) != made[0].start:
        raise altered("trusted_root.json states another time for a timestamp authority than its certificate.")
    return TimeAuthority(made)


def certificates_pem(authorities: Sequence[TimeAuthority], roots: bool) -> bytes:
    """All roots, or all other certificates, each once, as `tsa-root.pem` and `tsa-chain.pem` must hold them."""
    kept = {one.der: one for told in authorities for one in (told.chain[-1:] if roots else told.chain[:-1])}
    return b"".join(one.certificate.public_bytes(Encoding.PEM) for one in kept.values())


def _certified(der: bytes) -> Certified:
    try:
        certificate = x509.load_der_x509_certificate(der)
        if hasattr(certificate, "not_valid_before_utc"):
            start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        else:  # before release 42 of the library, whose times are UTC without saying so
            start, end = certificate.not_valid_before, certificate.not_valid_after
        fields = der_in(der_one(certificate.tbs_certificate_bytes, 0x30))
    except UNREADABLE:
        raise altered("trusted_root.json has a certificate that cannot be read.") from None
    fields = fields[1:] if fields and fields[0].tag == FIELD_0 else fields
    if len(fields) < 6:
        raise altered("trusted_root.json has a certificate that cannot be read.")
    span = [calendar.timegm(one.timetuple()) * MICROS for one in (start, end)]
    return Certified(der, certificate, fields[2].whole, fields[4].whole, der_number(fields[0]), *span)


def _check_chain(chain: list[Certified]) -> None:
    """Each is signed by the next, the last is a root, and the first is, critically, for time stamps alone (RFC 3161 2.3)."""
    if not _is_for_stamps(chain[0].certificate):
        raise Bad("altered", "A certificate of a timestamp authority is not, critically, one for time stamps alone.")
    for one, above in [(chain[n], chain[n + 1]) for n in range(len(chain) - 1)]:
        if one.issuer != above.subject or not _signs_certificates(above.certificate) or not _issued(one, above):
            raise altered("A certificate of a timestamp authority was not issued by the next one of its chain.")
    if chain[-1].issuer != chain[-1].subject:
        raise altered("The chain of a timestamp authority does not end at a root.")


def _is_for_stamps(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except UNREADABLE:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _signs_certificates(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except UNREADABLE:
        return False


def _issued(one: Certified, by: Certified) -> bool:
    try:
        digest = one.certificate.signature_hash_algorithm
        key = by.certificate.public_key()
    except UNREADABLE:
        return False
    if digest is None or digest.name not in HASHES or len(der_items(one.der)) != 1:
        return False
    return key_signed(key, digest.name, one.certificate.signature, one.certificate.tbs_certificate_bytes)
