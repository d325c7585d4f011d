"""RFC 3161 tokens, read by hand: what is stamped, by whom, and when. `cryptography` verifies no CMS (RFC 5652)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.packet.verifier.authority import HASHES, TimeAuthority, key_signed, micros
from bot.packet.verifier.der import (
    BITS,
    FIELD_0,
    FIELD_1,
    GENERALIZED_TIME,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    Node,
    der_algorithm,
    der_in,
    der_items,
    der_number,
    der_one,
    no_der,
)  # fmt: skip
from bot.packet.verifier.report import Bad
from bot.packet.verifier.strict import altered

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE, MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010903"), bytes.fromhex("2a864886f70d010904")
CERTIFICATE_V1, CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910020c"), bytes.fromhex("2a864886f70d010910022f")
DIGESTS = {bytes.fromhex(f"6086480165030402{n:02x}"): f"sha{bits}" for n, bits in ((1, 256), (2, 384), (3, 512))}
SIGNATURES = {
    **{bytes.fromhex(f"2a8648ce3d0403{n:02x}"): f"sha{bits}" for n, bits in ((2, 256), (3, 384), (4, 512))},
    **{bytes.fromhex(f"2a864886f70d0101{n:02x}"): f"sha{bits}" for n, bits in ((11, 256), (12, 384), (13, 512))},
}
"""ECDSA and RSA, each with the hash that it states."""
RSA = bytes.fromhex("2a864886f70d010101")
"""RSA where the hash is stated elsewhere."""
TOKEN_LIMIT = 64 * 1024
GEN_TIME = re.compile(rb"[0-9]{14}(?:\.[0-9]{0,8}[1-9])?Z")


class Stamp(NamedTuple):
    """A token that holds: its time in microseconds since 1970, and who gave it."""

    at: int
    authority: TimeAuthority


class Signer(NamedTuple):
    """The one signer of a token, not judged yet."""

    issuer: bytes
    serial: int
    digest: str
    attributes: Node
    signature: bytes


def read_stamp(response: bytes, data: bytes, authorities: Sequence[TimeAuthority]) -> Stamp:
    """The time in an RFC 3161 response over ``data``. Raises Bad where anything of it does not hold.

    Not signed, and so not used: the status, its text, attributes after the signature, and certificates and revocation
    lists beside the one that signs; which certificate may sign is what `trusted_root.json` says.
    """
    info, algorithms, embedded, signer = _signed_data(_token(response))
    if algorithms != {signer.digest}:
        raise no_der()
    _check_attributes(signer, info)
    at = _gen_time(info, hashlib.sha256(data).digest())
    named = [one for one in authorities if (one.chain[0].issuer, one.chain[0].serial) == (signer.issuer, signer.serial)]
    if not named:
        raise Bad("unknown key", "its time stamp is of an authority that trusted_root.json does not name.")
    attributes = b"\x31" + signer.attributes.whole[1:]  # RFC 5652 5.4: signed as a SET, sent with tag 0xA0
    for one in named:
        leaf = one.chain[0]
        if embedded and leaf.der not in embedded:
            continue
        if not key_signed(leaf.certificate.public_key(), signer.digest, signer.signature, attributes):
            continue
        _check_certificate(signer, leaf.der)
        if one.counted_at(at):
            return Stamp(at, one)
        raise Bad("doubtful", "its time stamp was made when a certificate of the authority was not valid.")
    raise altered("the signature of its time stamp does not hold: it was changed.")


def _token(response: bytes) -> Node:
    """The token in a response that grants one."""
    if len(response) > TOKEN_LIMIT:
        raise no_der()
    items = der_in(der_one(response, SEQUENCE), SEQUENCE, SEQUENCE)
    status = der_in(items[0], INTEGER)
    if len(items) != 2 or der_number(status[0]) not in (0, 1):
        raise altered("its time stamp is a refusal of the authority, no token.")
    if len(status) > 2 or any(one.tag != SEQUENCE for one in status[1:]):
        raise no_der()
    return items[1]


def _signed_data(token: Node) -> tuple[Node, set[str], list[bytes], Signer]:
    """What was signed (TSTInfo), the hashes that are announced, the certificates that came along, and the signer."""
    kind, content = _exactly(der_in(token), OID, FIELD_0)
    fields = der_in(der_one(content.body, SEQUENCE), INTEGER, SET, SEQUENCE)
    if kind.body != SIGNED_DATA or der_number(fields[0]) != 3:
        raise no_der()
    inner, octets = _exactly(der_in(fields[2]), OID, FIELD_0)
    if inner.body != TST_INFO:
        raise no_der()
    rest, embedded = fields[3:], []
    if rest and rest[0].tag == FIELD_0:
        embedded = [one.whole for one in der_items(rest.pop(0).body)]
        _check_kind(embedded, certificates=True)
    if rest and rest[0].tag == FIELD_1:
        _check_kind([one.whole for one in der_items(rest.pop(0).body)], certificates=False)
    (signers,) = _exactly(rest, SET)
    (signer,) = _exactly(der_in(signers), SEQUENCE)
    algorithms = {DIGESTS.get(der_algorithm(one), "") for one in der_in(fields[1])}
    return der_one(octets.body, OCTETS), algorithms, embedded, _signer(signer)


def _check_kind(values: list[bytes], certificates: bool) -> None:
    """What came along must look like what it says, so that a changed tag is not taken for something to be passed over."""
    for der in values:
        head, _, _ = _exactly(der_in(der_one(der, SEQUENCE)), SEQUENCE, SEQUENCE, BITS)
        tags = [one.tag for one in der_in(head)]
        while tags and tags[0] in (FIELD_0, INTEGER):
            tags.pop(0)
        # Then a certificate has algorithm, issuer, validity; a list of revoked ones has algorithm, issuer, time.
        if tags[:2] != [SEQUENCE, SEQUENCE] or (tags[2:3] == [SEQUENCE]) is not certificates:
            raise no_der()


def _exactly(items: list[Node], *tags: int) -> list[Node]:
    if [item.tag for item in items] != list(tags):
        raise no_der()
    return items


def _signer(node: Node) -> Signer:
    fields = der_in(node, INTEGER, SEQUENCE, SEQUENCE, FIELD_0, SEQUENCE, OCTETS)
    if der_number(fields[0]) != 1 or [one.tag for one in fields[6:]] not in ([], [FIELD_1]):
        raise no_der()
    issuer, serial = _exactly(der_in(fields[1]), SEQUENCE, INTEGER)
    digest, signing = DIGESTS.get(der_algorithm(fields[2]), ""), der_algorithm(fields[4])
    if digest not in HASHES or SIGNATURES.get(signing, digest if signing == RSA else "") != digest:
        raise altered("its time stamp is signed in a way that is not known.")
    return Signer(issuer.whole, der_number(serial), digest, fields[3], fields[5].body)


def _attribute(signer: Signer, kind: bytes) -> Node | None:
    """The one value of a signed attribute; None where there is no such attribute."""
    found = []
    for attribute in der_in(signer.attributes):
        name, values = _exactly(der_in(attribute), OID, SET)
        if name.body == kind:
            found.append(_single(der_in(values)))
    return _single(found) if found else None


def _single(items: list[Node]) -> Node:
    if len(items) != 1:
        raise no_der()
    return items[0]


def _check_attributes(signer: Signer, info: Node) -> None:
    """The signed attributes are of this TSTInfo, and say so once."""
    kind, digest = _attribute(signer, CONTENT_TYPE), _attribute(signer, MESSAGE_DIGEST)
    if kind is None or kind.tag != OID or kind.body != TST_INFO or digest is None or digest.tag != OCTETS:
        raise no_der()
    if digest.body != hashlib.new(signer.digest, info.body).digest():
        raise altered("its time stamp was changed after it was signed.")


def _check_certificate(signer: Signer, leaf: bytes) -> None:
    """The signature names the certificate that it was made with (RFC 5816, or RFC 2634 in older tokens)."""
    second, first = _attribute(signer, CERTIFICATE_V2), _attribute(signer, CERTIFICATE_V1)
    value = second or first
    if value is None or value.tag != SEQUENCE:
        raise no_der()
    named = der_in(der_in(der_in(value, SEQUENCE)[0], SEQUENCE)[0])
    digest = "sha1" if second is None else "sha256"
    if second is not None and named and named[0].tag == SEQUENCE:
        digest = DIGESTS.get(der_algorithm(named.pop(0)), "")
    if not digest or not named or named[0].tag != OCTETS or named[0].body != hashlib.new(digest, leaf).digest():
        raise altered("its time stamp names another certificate than the one that signed it.")


def _gen_time(info: Node, imprint: bytes) -> int:
    """The time of a TSTInfo over data with this SHA-256."""
    fields = der_in(der_one(info.body, SEQUENCE), INTEGER, OID, SEQUENCE, INTEGER, GENERALIZED_TIME)
    algorithm, stamped = _exactly(der_in(fields[2]), SEQUENCE, OCTETS)
    if der_number(fields[0]) != 1 or DIGESTS.get(der_algorithm(algorithm)) != "sha256":
        raise no_der()
    if stamped.body != imprint:
        raise altered("its time stamp is of something else.")
    if not GEN_TIME.fullmatch(fields[4].body):
        raise no_der()
    return micros(fields[4].body.decode("ascii"))
