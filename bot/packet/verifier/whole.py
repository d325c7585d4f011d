"""The verification of a packet as a whole."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence

from bot.packet.verifier.anchor import (
    Times,
    check_anchors,
    check_held,
    check_stamps,
    read_held,
    time_verdict,
    wanted_sizes,
)
from bot.packet.verifier.archive import Archive
from bot.packet.verifier.case import Cases, Step, step_of
from bot.packet.verifier.envelope import BUNDLE_LIMIT, Place, Signed, leaf_of, open_bundle
from bot.packet.verifier.keys import SigningKey, log_fingerprint, read_keys
from bot.packet.verifier.log import Log, read_log, read_trusted, tile_names
from bot.packet.verifier.manifest import EVIDENCE, Manifest, Progress, check_files, check_signature, read_manifest
from bot.packet.verifier.report import PASSED, Bad, Report, plain
from bot.packet.verifier.signin import SignIns
from bot.packet.verifier.strict import altered, parse, unbase64
from bot.packet.verifier.tree import leaf_hash, proven_root, read_note

BUNDLES, END = "bundles/", ".sigstore.json"


def silent(what: str, done: int, total: int) -> None:
    """No progress is shown."""


def verify(path: str, trust: tuple[str, ...] = (), progress: Progress = silent, held: Sequence[bytes] = ()) -> Report:
    """Everything that can be checked of a packet (zip file or unpacked folder) without anybody else.

    ``trust`` are the fingerprints that the reader knows from elsewhere; where given, every key and every authority's root
    must be among them. ``held`` are checkpoints that the reader has from elsewhere: the log must begin with each.
    Raises FileNotFoundError where there is nothing at this path.
    """
    report = Report()
    os.stat(path)
    try:
        archive = Archive(path)
    except Bad as problem:
        report.bad("packet", problem)
        return report
    try:
        _verify(archive, report, trust, progress, held)
    except Bad as problem:
        report.bad("packet", problem)
    finally:
        archive.close()
    return report


def _verify(
    archive: Archive, report: Report, trust: tuple[str, ...], progress: Progress, held: Sequence[bytes]
) -> None:
    manifest = read_manifest(archive)
    keys = read_keys(archive)
    signer = check_signature(archive, manifest, keys)
    if signer.compromised_since:
        # Its list has no time that anybody outside gave: who holds the key could have made it at any time.
        why = "packet.json is signed with a key that was compromised. Ask for a packet that its successor signed."
        report.bad("packet.json", Bad("doubtful", why))
    whole = check_files(archive, manifest, report, progress)
    trusted = read_trusted(archive, manifest.origin)
    report.log_key = log_fingerprint(trusted.key)
    used = {signer.keyid}
    notes = read_held(held, trusted, report)
    try:
        sizes = wanted_sizes(whole, notes)
        log = read_log(archive, trusted, manifest.first, manifest.last, sizes)
        _check_log(log, manifest)
    except Bad as problem:
        report.bad("log", problem)
        _count(manifest, report)
        return
    report.entries = log.note.size
    check_held(notes, log, report)
    times = check_anchors(archive, whole, log, report)
    used |= _check_bundles(archive, manifest, keys, log, times, whole, report, progress)
    report.evidence = sum(1 for name in whole if name.startswith(EVIDENCE))
    report.keys = sorted(used)
    for key in (*report.keys, report.log_key, *report.authorities):
        if trust and key not in trust:
            report.bad("keys", Bad("unknown key", f"The key {key} is not among those that you trust."))


def _check_log(log: Log, manifest: Manifest) -> None:
    root = base64.b64encode(log.note.root).decode("ascii")
    if (log.note.size, root) != (manifest.size, manifest.root):
        raise altered("The checkpoint is not the one that packet.json names.")
    listed = {name for name in manifest.files if name.startswith("tile/")}
    if listed != tile_names(manifest.size):
        raise altered("The tiles are not exactly those of a log of this size.")


def _count(manifest: Manifest, report: Report) -> None:
    """Without a log nothing is proven: say so of each attestation."""
    for name in _bundles(manifest):
        report.verdicts[name[len(BUNDLES) : -len(END)]] = "not logged"


def _bundles(manifest: Manifest) -> list[str]:
    return [name for name in sorted(manifest.files) if name.startswith(BUNDLES)]


def _check_bundles(
    archive: Archive, manifest: Manifest, keys: dict[str, SigningKey], log: Log, times: Times, whole: set[str],
    report: Report, progress: Progress,
) -> set[str]:  # fmt: skip
    """Judge each bundle by itself, then their order: nothing of the interval may be left out. Returns the keys used."""
    names = _bundles(manifest)
    at: dict[int, Step] = {}
    used: set[str] = set()
    sign_ins = SignIns(archive, EVIDENCE)
    for done, name in enumerate(names):
        progress("attestations", done, len(names))
        id_ = name[len(BUNDLES) : -len(END)] if name.endswith(END) else name
        try:
            if name not in whole:
                raise Bad("altered" if name in archive else "missing", "its bundle is not the file that was signed.")
            signed, place = _check_bundle(archive.read(name, BUNDLE_LIMIT), id_, keys, log)
            if place.idx in at:
                raise altered("two bundles claim its place in the log.")
            _check_evidence(signed, whole, archive)
            step = step_of(signed, manifest.origin)
            sign_ins.check(signed.statement, signed.subjects)
            own = check_stamps(place.tokens, signed.signature, log.trusted.authorities, report)
            verdict, why = time_verdict(step.at, own, times.by(place.idx), signed.key.compromised_since)
        except Bad as problem:
            report.verdicts[id_] = problem.verdict
            report.bad(plain(id_), Bad(problem.verdict, f"Attestation {plain(id_[:16])}: {problem.sentence}"))
            continue
        report.verdicts[id_] = verdict
        if why and log.trusted.authorities:
            report.warn(plain(id_), verdict, f"Attestation {plain(id_[:16])}: {why}")
        at[place.idx] = step
        used.add(signed.key.keyid)
    erased = _check_erased(manifest, keys, log, report)
    _check_order(manifest, at, erased, report)
    report.attestations = len(at) + len(erased)
    report.sign_ins = sign_ins.proven
    return used


def _check_bundle(data: bytes, id_: str, keys: dict[str, SigningKey], log: Log) -> tuple[Signed, Place]:
    """One bundle: the signature, and that exactly this signature stands in the log at its place."""
    signed, place = open_bundle(data, keys, logged=True)
    if place is None or signed.id != id_:
        raise altered("the bundle is filed under another attestation's name.")
    if place.log_id != log.log_id:
        raise altered("the bundle names another log.")
    if place.checkpoint != log.whole:
        other = read_note(place.checkpoint.encode("utf-8"), log.trusted.origin, log.trusted.key)
        forked = other.size == log.note.size and other.root != log.note.root
        raise Bad("forked" if forked else "altered", "the bundle carries another checkpoint than the packet.")
    if (place.size, place.root) != (log.note.size, log.note.root):
        raise altered("the bundle states another size or root than its checkpoint.")
    if place.body != leaf_of(signed.pae_sha256, signed.signature, signed.key.der):
        raise altered("the log entry in the bundle is not that of its signature.")
    leaf = leaf_hash(place.body)
    if proven_root(leaf, place.idx, place.size, place.path) != log.note.root:
        raise Bad("not logged", "its log proof does not lead to the checkpoint.")
    if log.leaves.get(place.idx) != leaf:
        raise Bad("not logged", "the log has something else at its place, or its place is outside the interval.")
    return signed, place


def _check_evidence(signed: Signed, whole: set[str], archive: Archive) -> None:
    for name, sha256 in signed.subjects.items():
        path = EVIDENCE + sha256
        if path not in whole:
            changed = path in archive
            how = "was changed" if changed else "is missing"
            raise Bad("evidence altered" if changed else "evidence missing", f"its evidence {plain(name, 60)} {how}.")


def _check_erased(manifest: Manifest, keys: dict[str, SigningKey], log: Log, report: Report) -> dict[str, int]:
    """Erased after retention: digest, signature and place stay provable without the text."""
    found: dict[str, int] = {}
    for id_, told in sorted(manifest.erased.items()):
        try:
            key = keys.get(told["keyid"])
            body = unbase64(told["leaf"], "The leaf of an erased attestation")
            if key is None:
                raise Bad("unknown key", "it was signed with a key that is not in keys/.")
            _check_erased_leaf(body, bytes.fromhex(id_), key)
            if log.leaves.get(told["index"]) != leaf_hash(body):
                raise Bad("not logged", "the log has something else at its place.")
        except Bad as problem:
            report.verdicts[id_] = problem.verdict
            report.bad(id_, Bad(problem.verdict, f"Erased attestation {id_[:16]}: {problem.sentence}"))
            continue
        report.verdicts[id_] = "erased"
        found[id_] = told["index"]
    return found


def _check_erased_leaf(body: bytes, digest: bytes, key: SigningKey) -> None:
    value = parse(body, "The leaf of an erased attestation")
    try:
        signature = unbase64(value["spec"]["hashedRekordV002"]["signature"]["content"], "Its signature")
    except (KeyError, TypeError):
        raise altered("its leaf is malformed.") from None
    if body != leaf_of(digest, signature, key.der) or not key.signed(digest, signature):
        raise altered("its leaf is not that of a signature by its key.")


def _check_order(manifest: Manifest, at: dict[int, Step], erased: dict[str, int], report: Report) -> None:
    """An attestation for every place of the interval, every case without a gap, and all of it of the time that is named."""
    failed = {id_ for id_, verdict in report.verdicts.items() if verdict not in PASSED}
    cases = Cases(failed | set(erased))
    there = set(erased.values())
    for index in range(manifest.first, manifest.last + 1):
        if index in at:
            cases.follow(at[index], report)
        elif index not in there and not failed:
            # Where a bundle failed above, its place is empty because of that, and it is named already.
            report.bad("log", Bad("missing", f"The attestation at place {index} of the log is not in the packet."))
    for index in sorted({manifest.first, manifest.last} & set(at)):
        if not manifest.start <= at[index].at < manifest.end:
            report.bad(
                "packet.json", altered("The first or last attestation is not of the time that packet.json names.")
            )
