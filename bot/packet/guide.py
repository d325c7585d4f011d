"""`VERIFY.md`: how to check the packet with this Python file and with stock tools, with this packet's own file names."""

from __future__ import annotations

from collections.abc import Sequence

from bot.packet.gather import Example, Gathered
from bot.packet.papers import key_path
from bot.packet.source import Key, PacketSource
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

The keys are in `keys/`, their times in `keys.csv`; the log's key is in `policy` and in `trusted_root.json`.

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

cosign (3.1.2 or newer) wants an outside time stamp, which this packet does not carry yet, so expect it to refuse. Where a
bundle has one, the command is:

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

Delete `payload`, `sig.bin` and `pae.bin` before you run `verify.py` on this folder again: it reports files that are not in
the signed list.

## The signed list

`packet.sigstore.json` is a statement over the SHA-256 of `packet.json`, which lists every other file. Its signature is
checked with the same commands, with `B=packet.sigstore.json` and `K={signer}`.

## What is not in it

There is no time stamp of an outside authority in this packet: its times are those of the service's own clock.
"""


def guide(source: PacketSource, found: Gathered, keys: Sequence[Key]) -> str:
    """The text. Its commands run as they stand."""
    paths = {key.keyid: key_path(key) for key in keys}
    log = fingerprint(ed25519_der(source.log_public))
    one = found.example or Example("", 0, source.signer.keyid, "", "", "")
    return TEXT.format(
        trust=" ".join(f"--trust {print_}" for print_ in (*sorted(paths), log)),
        index=f"{one.index:,}",
        event=one.event.replace("_", " "),
        id=one.id,
        key=paths[one.keyid],
        evidence=one.evidence,
        predicate_type=one.predicate_type,
        signer=paths[source.signer.keyid],
    )
