"""The packet's own list: what it is of, and the SHA-256 of every other file, signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from bot.packet.verifier.archive import Archive
from bot.packet.verifier.envelope import BUNDLE_LIMIT, open_bundle
from bot.packet.verifier.keys import SigningKey
from bot.packet.verifier.report import Bad, Report, plain
from bot.packet.verifier.strict import altered, exactly, instant, is_, listed, mapped, number, parse, sha256, text

MANIFEST_LIMIT = 512 * 1024 * 1024
PACKET_TYPE = "urn:attester:packet/v1"
MANIFEST_PREDICATE = "urn:attester:packet/manifest/v1"
SELF = ("packet.json", "packet.sigstore.json")
EVIDENCE = "evidence/sha256/"

ADDED = "it was added or renamed. Verify the zip file as you received it, or remove what you added."

Progress = Callable[[str, int, int], None]
"""(what, how many are done, of how many)"""


class Manifest(NamedTuple):
    """`packet.json`. ``files`` maps each path to SHA-256 and size, ``erased`` each erased id to its place and leaf."""

    origin: str
    start: str
    end: str
    first: int
    last: int
    size: int
    root: str
    files: dict[str, dict[str, Any]]
    erased: dict[str, dict[str, Any]]


def read_manifest(archive: Archive) -> Manifest:
    """The list, well formed; its signature is judged by `check_signature`."""
    value = exactly(
        parse(archive.read("packet.json", MANIFEST_LIMIT), "packet.json"), "packet.json",
        type=is_(PACKET_TYPE), attester=text, origin=text, interval=mapped, checkpoint=mapped, programs=listed,
        erased=listed, files=mapped,
    )  # fmt: skip
    interval = exactly(
        value["interval"], "The interval", start=instant, end=instant, first=number, last=number
    )  # fmt: skip
    checkpoint = exactly(value["checkpoint"], "The checkpoint in packet.json", size=number, root=text)
    if not interval["first"] <= interval["last"] < checkpoint["size"] or not all(map(sha256, value["programs"])):
        raise altered("packet.json contradicts itself.")
    for name, told in value["files"].items():
        exactly(told, f"packet.json on {plain(name)}", sha256=sha256, bytes=number)
    erased = {}
    for told in value["erased"]:
        exactly(told, "An erased attestation", id=sha256, index=number, keyid=text, leaf=text)
        erased[told["id"]] = told
    return Manifest(
        origin=value["origin"],
        start=interval["start"],
        end=interval["end"],
        first=interval["first"],
        last=interval["last"],
        size=checkpoint["size"],
        root=checkpoint["root"],
        files=value["files"],
        erased=erased,
    )


def check_signature(archive: Archive, manifest: Manifest, keys: dict[str, SigningKey]) -> SigningKey:
    """The key that signed the list. Raises Bad where its signature does not hold or is over something else."""
    data = archive.read("packet.sigstore.json", BUNDLE_LIMIT)
    try:
        signed, _ = open_bundle(data, keys, logged=False)
    except Bad as problem:
        raise Bad(problem.verdict, f"packet.sigstore.json: {problem.sentence}") from None
    said = {"packet.json": hashlib.sha256(archive.read("packet.json", MANIFEST_LIMIT)).hexdigest()}
    if signed.statement["predicateType"] != MANIFEST_PREDICATE or signed.subjects != said:
        raise altered("packet.json is not the list that was signed.")
    predicate = exactly(signed.statement["predicate"], "The signed list", origin=is_(manifest.origin), files=number)
    if predicate["files"] != len(manifest.files):
        raise altered("packet.json is not the list that was signed.")
    return signed.key


def check_files(archive: Archive, manifest: Manifest, report: Report, progress: Progress) -> set[str]:
    """Compare every file with the list; returns those that are as listed."""
    whole = set()
    for name in archive.names:
        if name not in manifest.files and name not in SELF:
            report.bad(plain(name), altered(f"{plain(name)} is not in the signed list: {ADDED}"))
    for done, (name, told) in enumerate(sorted(manifest.files.items())):
        progress("files", done, len(manifest.files))
        if name not in archive:
            missing = "evidence missing" if name.startswith(EVIDENCE) else "missing"
            report.bad(plain(name), Bad(missing, f"{plain(name)} is in the signed list and not in the packet."))
            continue
        try:
            same = archive.size(name) == told["bytes"] and archive.digest(name) == told["sha256"]
            # Evidence is named by attestations, not by this list: its name must be its digest, whoever signed the list.
            same = same and (not name.startswith(EVIDENCE) or name == EVIDENCE + told["sha256"])
        except Bad as problem:
            report.bad(plain(name), problem)
            continue
        if same:
            whole.add(name)
        else:
            changed = "evidence altered" if name.startswith(EVIDENCE) else "altered"
            report.bad(plain(name), Bad(changed, f"{plain(name)} is not the file that was signed: it was changed."))
    return whole
