"""`VERIFY.md`: how to check the packet with this Python file and with stock tools, with this packet's own file names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.packet.gather import Example, Gathered
from bot.packet.outside import CHAIN, ROOTS, certificate_files, root_fingerprint
from bot.packet.papers import key_path
from bot.packet.source import Key, PacketSource
from bot.packet.words import count
from workflows.kernel.bundle import TrustedAuthority
from workflows.kernel.publickey import ed25519_der, fingerprint

TEXT = """\
# Verify this packet

Nothing here needs the company, its service or a network. Unpack the zip file and open a shell in its folder.

## Everything at once

Needs Python 3.9 or newer and its package `cryptography`.

```sh
python3 verify.py .
```

It compares every file with the signed list, judges every signature, rebuilds every log entry, follows every proof to the
checkpoint, computes the log's root again from the tiles, looks for each piece of evidence, and counts every case without a
gap. It prints a line for each thing that does not hold. The last line is the outcome; the exit code is 0 only where all
verifies, 1 where something does not, 2 for a wrong call. `--json` prints a verdict for each attestation.

## Whose keys these are

A packet cannot prove whose keys signed it. Ask the company for its fingerprints by another route, then let them be compared:

```sh
python3 verify.py . {trust}
```

The keys are in `keys/`, their times in `keys.csv`; the log's key is in `policy` and in `trusted_root.json`.{roots}

## What you hold from an earlier day

A packet cannot prove that nothing was cut off its end. A checkpoint that you hold from elsewhere can: a receipt from Slack, a
copy out of the company's vault, the `checkpoint` of an earlier packet. The log must begin with it. Put the name of your file
in the place of the last word:

```sh
python3 verify.py . --held checkpoint
```

## One attestation with stock tools

Any file of `bundles/` will do; this one is attestation {index} of the log, {event}.

```sh
B=bundles/{id}.sigstore.json
K={key}
```

The statement that was signed, readable:

```sh
jq -r .dsseEnvelope.payload $B | base64 -d | jq .
```

The signature, with OpenSSL (prints `Verified OK`):

```sh
jq -r .dsseEnvelope.payload $B | base64 -d > payload
jq -r '.dsseEnvelope.signatures[0].sig' $B | base64 -d > sig.bin
(printf 'DSSEv1 28 application/vnd.in-toto+json %d ' $(wc -c < payload); cat payload) > pae.bin
openssl dgst -sha256 -verify $K -signature sig.bin pae.bin
```

The attestation's id is the SHA-256 of what was signed; it must be the name of the bundle's file:

```sh
openssl dgst -sha256 pae.bin
```

The evidence that it names; the digest must be the file's own name:

```sh
openssl dgst -sha256 evidence/sha256/{evidence}
```

{cosign}

```sh
cosign verify-blob-attestation --bundle $B --key $K --trusted-root trusted_root.json --use-signed-timestamps \\
  --type {predicate_type} evidence/sha256/{evidence}
```

Without jq, Python's standard library takes the bundle apart:

```sh
python3 - $B <<'END'
import base64, json, sys
envelope = json.load(open(sys.argv[1]))["dsseEnvelope"]
open("payload", "wb").write(base64.b64decode(envelope["payload"]))
open("sig.bin", "wb").write(base64.b64decode(envelope["signatures"][0]["sig"]))
END
```
{time}
Delete {made} before you run `verify.py` on this folder again: it reports files that are not in
the signed list.

## The signed list

`packet.sigstore.json` is a statement over the SHA-256 of `packet.json`, which lists every other file. Its signature is
checked with the same commands, with `B=packet.sigstore.json` and `K={signer}`.

## What is not in it

{missing}
"""
COSIGN = """\
cosign (3.1.2 or newer) does this for one attestation and one file of evidence, with its time stamp and its place in the log:"""
NO_COSIGN = """\
cosign (3.1.2 or newer) wants an outside time stamp, which this attestation does not carry, so expect it to refuse. Where a
bundle has one, the command is:"""
ROOT = """ The root certificates
of timestamp authorities are in `tsa-root.pem`; this prints the fingerprint of the first, which `--trust` has without `=`:

```sh
openssl x509 -in tsa-root.pem -outform DER | openssl dgst -sha256 -binary | openssl base64
```"""
OF_ONE = """
The time stamp of this attestation is over its signature (RFC 3161):

```sh
jq -r '.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp' $B | base64 -d > token.tsr
```

or without jq:

```sh
python3 - $B <<'TOKEN'
import base64, json, sys
times = json.load(open(sys.argv[1]))["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
open("token.tsr", "wb").write(base64.b64decode(times[0]["signedTimestamp"]))
TOKEN
```

OpenSSL verifies it (prints `Verification: OK`) and shows its time. `-attime` is that time, {at:%Y-%m-%d %H:%M:%S} UTC, at which
the authority's certificates are judged:

```sh
openssl ts -verify -data sig.bin -in token.tsr {certificates} -attime {seconds}
openssl ts -reply -in token.tsr -text
```
"""
STAMPED = """
The log was copied outside at {anchors}. The newest of them that has a time stamp is of {size:,} entries, stamped
{at:%Y-%m-%d %H:%M:%S} UTC; the others are checked with the same command:

```sh
openssl ts -verify -data checkpoints/{size} -in checkpoints/{size}.tsr {certificates} -attime {seconds}
```
"""
OWN_CLOCK = (
    "There is no time stamp of an outside authority in this packet: its times are those of the service's own clock."
)


def guide(source: PacketSource, found: Gathered, keys: Sequence[Key]) -> str:
    """The text. Its commands run as they stand."""
    paths = {key.keyid: key_path(key) for key in keys}
    log = fingerprint(ed25519_der(source.log_public))
    one = found.example or Example("", 0, source.signer.keyid, "", "", "")
    authorities = source.outside.authorities()
    roots = dict.fromkeys(root_fingerprint(authority) for authority in authorities)
    made = "`payload`, `sig.bin`, `pae.bin` and `token.tsr`" if one.stamped_at else "`payload`, `sig.bin` and `pae.bin`"
    return TEXT.format(
        trust=" ".join(f"--trust {print_}" for print_ in (*sorted(paths), log, *roots)),
        roots=ROOT if roots else "",
        cosign=COSIGN if one.stamped_at else NO_COSIGN,
        time=_time(found, one, authorities),
        made=made,
        missing=_missing(found),
        index=f"{one.index:,}",
        event=one.event.replace("_", " "),
        id=one.id,
        key=paths[one.keyid],
        evidence=one.evidence,
        predicate_type=one.predicate_type,
        signer=paths[source.signer.keyid],
    )


def _time(found: Gathered, one: Example, authorities: Sequence[TrustedAuthority]) -> str:
    """How to check the outside time of the example and of the newest anchor that has one."""
    files = certificate_files(authorities)
    certificates = f"-CAfile {ROOTS}" + (f" -untrusted {CHAIN}" if CHAIN in files else "")
    text, anchor = "", found.newest_anchor
    if one.stamped_at is not None:
        text += OF_ONE.format(at=one.stamped_at, seconds=_seconds(one.stamped_at), certificates=certificates)
    if anchor is not None and anchor.stamped_at is not None:
        text += STAMPED.format(
            anchors=count(found.anchors, "checkpoint"), size=anchor.size, at=anchor.stamped_at,
            seconds=_seconds(anchor.stamped_at), certificates=certificates,
        )  # fmt: skip
    return f"\n## Outside time\n{text}" if text else ""


def _missing(found: Gathered) -> str:
    """What this packet does not prove of time."""
    without = len(found.bundles) - found.stamped
    if not found.stamped:
        anchor = found.newest_anchor
        stamped = anchor is not None and anchor.stamped_at is not None
        return "No attestation of this packet has a time stamp of its own." if stamped else OWN_CLOCK
    if without:
        have = f"{count(without, 'attestation has', 'attestations have')} no time stamp of an outside authority"
        return f"{have}: what they say of time is what the service's own clock said."
    return "Every attestation has a time stamp. It proves that the attestation existed by then, and nothing else."


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
