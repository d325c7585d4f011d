"""Judging a token: status, nonce, imprint, the authority's chain at the token's own time, and what its key is for.

RFC 3161; the signature and the chain are judged by OpenSSL inside rfc3161-client (from 1.0.4 at the token's time, as an
archive needs; before 1.0.6 one authority's token passed as another's).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from workflows.kernel.bundle import TrustedAuthority

GRANTED = frozenset({0, 1})
"""`granted` and `grantedWithMods`; the other statuses carry no token."""
SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
LONGEST_CHAIN = 8
UNREADABLE = (
    ValueError, TypeError, LookupError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What certificates and tokens that were made or altered by somebody hostile make the libraries raise."""
_STATUS_GRANTED = b"\x30\x03\x02\x01\x00"


class AuthorityUnusable(Exception):
    """The timestamp authority cannot be used as it is configured; the sentence says what to do."""


class TokenRefused(Exception):
    """What the timestamp authority answered is no token that we may rely on; the sentence says why."""


@dataclass(frozen=True)
class Stamped:
    """A verified token: the response's bytes as they came, the authority's time, and its chain from leaf to root in DER."""

    data: bytes
    gen_at: datetime
    chain: tuple[bytes, ...]
    ends_at: datetime

    @property
    def leaf_sha256(self) -> str:
        """The SHA-256 of the certificate that signed."""
        return hashlib.sha256(self.chain[0]).hexdigest()

    @property
    def chain_pem(self) -> str:
        """Leaf, intermediates, root in PEM, one after the other."""
        return "".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in self.chain)


@dataclass(frozen=True)
class Trust:
    """The certificates of ATTESTER_TSA_CA: roots that are pinned, and others that may lead to them."""

    roots: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...] = ()


def read_trust(pem: bytes) -> Trust:
    """The trust that a PEM file gives. Raises AuthorityUnusable where it has no self-signed certificate."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise AuthorityUnusable(
            "ATTESTER_TSA_CA holds no PEM certificates. Get the authority's root as PEM."
        ) from error
    roots = tuple(one for one in found if one.issuer == one.subject)
    if not roots:
        raise AuthorityUnusable(
            "ATTESTER_TSA_CA holds no root: no certificate in it is signed by itself. Add the authority's root."
        )
    return Trust(roots, tuple(one for one in found if one.issuer != one.subject))


def judge(response: bytes, imprint: bytes, nonce: int | None, trust: Trust) -> Stamped:
    """The token in a response over data with the SHA-256 ``imprint``. Raises TokenRefused with the reason.

    ``nonce`` is that of the request; None where a token is judged again later.
    """
    try:
        found = decode_timestamp_response(response)
    except ValueError as error:
        raise TokenRefused(
            "The answer is no RFC 3161 response that can be read (DER, certificates in order)."
        ) from error
    if found.status not in GRANTED:
        raise TokenRefused(f"The authority refused to stamp (status {found.status}). Look at its terms and quotas.")
    try:
        return _judged(response, found, imprint, nonce, trust)
    except VerificationError as error:
        raise TokenRefused(f"The token does not verify: {error}.") from error
    except UNREADABLE as error:
        raise TokenRefused(f"The token cannot be read ({type(error).__name__}).") from error


def _judged(response: bytes, found: TimeStampResponse, imprint: bytes, nonce: int | None, trust: Trust) -> Stamped:
    info = found.tst_info
    if info.message_imprint.hash_algorithm != SHA256 or bytes(info.message_imprint.message) != imprint:
        raise TokenRefused("The token stamps other bytes than those that were sent.")
    if nonce is not None and info.nonce != nonce:
        raise TokenRefused("The token answers another request: its nonce differs.")
    embedded = [x509.load_der_x509_certificate(bytes(der)) for der in found.signed_data.certificates]
    leaf = _leaf(found, embedded, trust)
    check_purpose(leaf)
    # The library would trust what is named here; a certificate that came inside the token must earn it by its chain.
    named = None if leaf in embedded else leaf
    builder = VerifierBuilder(
        tsa_certificate=named, intermediates=list(trust.others), roots=list(trust.roots), nonce=nonce
    )
    builder.build().verify(_granted(found.time_stamp_token()), imprint)
    gen_at = info.gen_time.astimezone(UTC) if info.gen_time.tzinfo else info.gen_time.replace(tzinfo=UTC)
    chain = _chain(leaf, [*embedded, *trust.others], trust.roots)
    return Stamped(response, gen_at, tuple(one.public_bytes(Encoding.DER) for one in chain), leaf.not_valid_after_utc)


def _granted(token: bytes) -> TimeStampResponse:
    """The token in a response of status 0. The status is not signed; the library takes no `grantedWithMods`."""
    body = _STATUS_GRANTED + token
    size = len(body)
    length = bytes([size]) if size < 0x80 else size.to_bytes((size.bit_length() + 7) // 8, "big")
    head = b"\x30" + (length if size < 0x80 else bytes([0x80 | len(length)]) + length)
    return decode_timestamp_response(head + body)


def _leaf(found: TimeStampResponse, embedded: Sequence[x509.Certificate], trust: Trust) -> x509.Certificate:
    """The certificate that signed: the one that the signer's info names, from the token or from our own file."""
    signers = list(found.signed_data.signer_infos)
    if len(signers) != 1:
        raise TokenRefused(f"The token has {len(signers)} signers; it needs one.")
    for one in (*embedded, *trust.others, *trust.roots):
        if one.issuer == signers[0].issuer and one.serial_number == signers[0].serial_number:
            return one
    raise TokenRefused("The token does not carry the certificate that signed it. Add it to ATTESTER_TSA_CA.")


def check_purpose(leaf: x509.Certificate) -> None:
    """RFC 3161 2.3: the key is for stamping alone, and the extension that says so is critical."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise TokenRefused("The certificate that signed is not one for time stamps.") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TokenRefused("The certificate that signed is not, critically, one for time stamps alone.")


def _chain(
    leaf: x509.Certificate, between: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """From the leaf to a pinned root. Raises TokenRefused where no link leads there."""
    chain = [leaf]
    while len(chain) < LONGEST_CHAIN:
        last = chain[-1]
        if last in roots:
            return chain
        above = next((one for one in (*roots, *between) if one not in chain and _issued(last, one)), None)
        if above is None:
            break
        chain.append(above)
    raise TokenRefused("The authority's certificate does not lead to a root in ATTESTER_TSA_CA.")


def _issued(one: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def trusted_authority(url: str, chain_pem: str) -> TrustedAuthority:
    """What `trusted_root.json` says of an authority, from a kept chain (leaf to root in PEM).

    Its `uri` names the leaf too: stock verifiers find an authority by its leaf, and count equal addresses as one.
    """
    chain = x509.load_pem_x509_certificates(chain_pem.encode())
    leaf = chain[0]
    der = leaf.public_bytes(Encoding.DER)
    return TrustedAuthority(
        organization=_named(leaf, NameOID.ORGANIZATION_NAME) or _named(leaf, NameOID.COMMON_NAME) or url,
        common_name=_named(leaf, NameOID.COMMON_NAME) or url,
        uri=f"{url}#{hashlib.sha256(der).hexdigest()[:16]}",
        start=leaf.not_valid_before_utc,
        chain=[one.public_bytes(Encoding.DER) for one in chain],
    )


def _named(certificate: x509.Certificate, what: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(what)
    return str(found[0].value) if found else ""
