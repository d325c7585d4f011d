"""The packet's log: who keeps it, its newest checkpoint, and its tiles."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from bot.packet.verifier.archive import Archive
from bot.packet.verifier.authority import TimeAuthority, certificates_pem, read_authorities
from bot.packet.verifier.keys import log_signed
from bot.packet.verifier.report import Bad
from bot.packet.verifier.strict import altered, exactly, is_, listed, mapped, parse, text, unbase64
from bot.packet.verifier.tree import WIDTH, Note, Roots, log_id, read_note, tile_path, tiles_of

TRUSTED_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
ED25519_DER = bytes.fromhex("302a300506032b6570032100")
SMALL = 1024 * 1024
ROOTS, CHAIN = "tsa-root.pem", "tsa-chain.pem"


class Trusted(NamedTuple):
    """The log that the packet is of, and the timestamp authorities that its times are of."""

    origin: str
    key: bytes
    authorities: tuple[TimeAuthority, ...] = ()


class Log(NamedTuple):
    """A log whose checkpoint is signed and agrees with its tiles. ``leaves`` holds the leaf hashes of the interval.

    ``prefixes`` holds the roots that the log had at the sizes that were asked for.
    """

    trusted: Trusted
    note: Note
    whole: str
    log_id: str
    leaves: dict[int, bytes]
    prefixes: dict[int, bytes] = {}


def read_trusted(archive: Archive, origin: str) -> Trusted:
    """The log's key as `trusted_root.json` and `policy` both state it."""
    value = exactly(
        parse(archive.read("trusted_root.json", SMALL), "trusted_root.json"), "trusted_root.json",
        mediaType=is_(TRUSTED_ROOT_TYPE), certificateAuthorities=is_([]), ctlogs=is_([]), tlogs=listed,
        timestampAuthorities=listed,
    )  # fmt: skip
    if len(value["tlogs"]) != 1:
        raise altered("trusted_root.json does not name exactly one log.")
    log = exactly(
        value["tlogs"][0], "The log in trusted_root.json",
        baseUrl=is_(f"https://{origin}"), hashAlgorithm=is_("SHA2_256"), publicKey=mapped, logId=mapped,
        checkpointKeyId=mapped,
    )  # fmt: skip
    key = exactly(
        log["publicKey"], "The log's key", rawBytes=text, keyDetails=is_("PKIX_ED25519"), validFor=mapped
    )  # fmt: skip
    exactly(key["validFor"], "The log key's validity", start=text)
    der = unbase64(key["rawBytes"], "The log's key")
    if der[:12] != ED25519_DER or len(der) != 44:
        raise altered("The log's key is no Ed25519 key.")
    name = base64.b64encode(log_id(origin, der[12:])).decode("ascii")
    if log["logId"] != {"keyId": name} or log["checkpointKeyId"] != {"keyId": name}:
        raise altered("trusted_root.json names the log by another id than its key gives.")
    vkey = f"{origin}+{log_id(origin, der[12:])[:4].hex()}+{base64.b64encode(bytes([1]) + der[12:]).decode('ascii')}"
    if archive.read("policy", SMALL) != f"log {vkey}\nquorum none\n".encode("ascii"):
        raise altered("policy and trusted_root.json name different logs.")
    return Trusted(origin, der[12:], _read_times(archive, value["timestampAuthorities"]))


def _read_times(archive: Archive, values: list[Any]) -> tuple[TimeAuthority, ...]:
    """The authorities, whose certificates lie in PEM files beside, because stock tools want them so."""
    found = read_authorities(values)
    for name, roots in ((ROOTS, True), (CHAIN, False)):
        pem = certificates_pem(found, roots)
        if (archive.read(name, SMALL) if name in archive else b"") != pem:
            raise altered(f"{name} and trusted_root.json name different certificates.")
    return tuple(found)


def signed_note(whole: bytes, trusted: Trusted) -> Note:
    """A checkpoint that this log signed. Raises Bad."""
    note = read_note(whole, trusted.origin, trusted.key)
    if not log_signed(trusted.key, note.text, note.signature):
        raise altered("The signature of the checkpoint does not hold.")
    return note


def read_log(archive: Archive, trusted: Trusted, first: int, last: int, sizes: frozenset[int] = frozenset()) -> Log:
    """The log at its newest checkpoint: signature judged, root computed again from all leaf hashes in the tiles.

    ``sizes`` are those at which it shall tell the root that it had.
    """
    whole = archive.read("checkpoint", SMALL)
    note = signed_note(whole, trusted)
    prefixes: dict[int, bytes] = {}
    leaves = _climb(archive, note, (first, last), sizes, prefixes)
    name = base64.b64encode(log_id(trusted.origin, trusted.key)).decode("ascii")
    return Log(trusted, note, whole.decode("utf-8"), name, leaves, prefixes)


def tile_names(size: int) -> set[str]:
    """The path of every tile that a log of this size has."""
    return {tile_path(level, n, width) for level, n, width in tiles_of(size)}


def _climb(
    archive: Archive, note: Note, interval: tuple[int, int], sizes: frozenset[int], prefixes: dict[int, bytes]
) -> dict[int, bytes]:
    """Read every tile, compare each with the full tiles below it, and return the leaf hashes of the interval."""
    leaves: dict[int, bytes] = {}
    below: list[bytes] = []
    full: list[bytes] = []
    roots, level_now = Roots(), 0
    for level, n, width in tiles_of(note.size):
        if level != level_now:
            below, full, level_now = full, [], level
        path = tile_path(level, n, width)
        data = archive.read(path, width * 32)
        if len(data) != width * 32:
            raise altered(f"{path} does not have the size of a tile.")
        hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
        if level == 0:
            for at, value in enumerate(hashes, n * WIDTH):
                roots.add(value)
                if interval[0] <= at <= interval[1]:
                    leaves[at] = value
                if at + 1 in sizes:
                    prefixes[at + 1] = roots.root()
        elif hashes != below[n * WIDTH : n * WIDTH + width]:
            raise altered(f"{path} does not follow from the tiles below it.")
        if width == WIDTH:
            folded = Roots()
            for value in hashes:
                folded.add(value)
            full.append(folded.root())
    if roots.root() != note.root:
        raise Bad("forked", "The tiles do not have the root that the checkpoint states.")
    return leaves
