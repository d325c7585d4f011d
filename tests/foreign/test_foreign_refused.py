"""One changed bit anywhere in a bundle is refused by our own check; sigstore-js overlooks only what it never looks at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from bot.packet.verifier.keys import SigningKey
from bot.packet.verifier.log import Log, Trusted
from bot.packet.verifier.report import Bad
from bot.packet.verifier.tree import leaf_hash, read_note
from bot.packet.verifier.whole import _check_bundle
from bot.store import migrate
from tests.foreign.company import Company
from tests.foreign.flip import Span, at_path, field, flipped, loosely, spans
from tests.foreign.peers import Judged, go_log, sigstore_js
from tests.proof.ledger import ORIGIN
from workflows.kernel.checkpoint import log_id
from workflows.kernel.encoding import b64, unb64

OVERLOOKED = {
    "mediaType",  # other versions of the format
    "verificationMaterial.tlogEntries[0].logIndex",
    "verificationMaterial.tlogEntries[0].inclusionProof.rootHash",
    "verificationMaterial.tlogEntries[0].inclusionProof.treeSize",
    "dsseEnvelope.signatures[0].keyid",
}
"""What sigstore-js does not authenticate: it is never shown and never used, and our own check compares all of it."""
SPELLING = "base64 in another spelling"


class Judge:
    """Our own check of one bundle, as `attester verify` runs it on each of a packet's."""

    def __init__(self, company: Company) -> None:
        signer, key = company.acme.signer, company.acme.key
        public = load_der_public_key(signer.public_der)
        assert isinstance(public, EllipticCurvePublicKey)
        self._keys = {signer.keyid: SigningKey(signer.keyid, signer.public_der, public, "", "", "")}
        whole = company.newest.note
        entries = company.acme.log.entries(0, company.newest.size - 1)
        leaves = {e.idx: leaf_hash(e.leaf) for e in entries if e.idx is not None}
        note = read_note(whole.encode(), ORIGIN, key.public)
        name = b64(log_id(ORIGIN, key.public))
        self._log = Log(Trusted(ORIGIN, key.public), note, whole, name, leaves)

    def accepts(self, name: str, text: str) -> bool:
        try:
            _check_bundle(text.encode("latin-1"), name.partition(".")[0], self._keys, self._log)
        except Bad:
            return False
        return True


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A small ledger: what one bundle is refused for, all are."""
    folder = tmp_path_factory.mktemp("acme")
    url = f"sqlite:///{folder / 'attester.db'}"
    migrate.upgrade(url)
    made = Company(url, folder, 120, batches=1)
    yield made
    made.close()


def test_our_own_check_refuses_ten_thousand_bundles_with_one_changed_bit(company: Company) -> None:
    judge, chance = Judge(company), Random(7)
    whole, *others = sorted(company.bundles.items(), key=lambda item: len(item[1]))
    assert all(judge.accepts(name, text) for name, text in company.bundles.items())

    tried = [(*whole, bit) for bit in range(0, len(whole[1]) * 8, 3)]
    tried += [(name, text, chance.randrange(len(text) * 8)) for name, text in others for _ in range(30)]
    accepted = [(name, bit) for name, text, bit in tried if judge.accepts(name, flipped(text, bit))]

    assert accepted == []
    assert len(tried) >= 10_000


def test_sigstore_js_accepts_a_changed_bit_only_where_it_does_not_look(company: Company, tmp_path: Path) -> None:
    chance, changed, before = Random(11), {}, {}
    for number, text in enumerate(sorted(company.bundles.values(), key=len)[:12]):
        for bit in chance.sample(range(len(text) * 8), 120):
            name = f"{number}-{bit}.json"
            changed[name], before[name] = flipped(text, bit), (text, bit)

    judged = sigstore_js(company.lay_out(tmp_path / "out", changed))

    overlooked = Counter(where(before[name], changed[name]) for name in judged.accepted)
    assert set(overlooked) <= {*OVERLOOKED, SPELLING}
    assert overlooked.total() < len(changed) / 4
    assert len(judged.refused) + len(judged.accepted) == len(changed) == 1_440


@cache
def fields(text: str) -> list[Span]:
    return list(spans(json.loads(text)))


def where(before: tuple[str, int], after: str) -> str:
    """The field that a changed bit stands in, or SPELLING where the same bytes are only spelled in another way."""
    text, bit = before
    path = field(fields(text), bit // 8)
    if path not in OVERLOOKED:
        old, new = at_path(json.loads(text), path), at_path(json.loads(after, strict=False), path)
        if isinstance(old, str) and isinstance(new, str) and loosely(old) == loosely(new):
            return SPELLING
    return path


def test_both_refuse_a_changed_bit_in_what_was_signed_proven_or_logged(company: Company, tmp_path: Path) -> None:
    chance, changed = Random(13), {}
    for number, text in enumerate(sorted(company.bundles.values(), key=len)[:10]):
        for field_name, change in CHANGES.items():
            value = json.loads(text)
            change(value, chance)
            changed[f"{number}-{field_name}.json"] = json.dumps(value)
    folder = company.lay_out(tmp_path / "out", changed)

    for judged in (sigstore_js(folder), go_log(folder)):
        if isinstance(judged, Judged):
            assert judged.accepted == []
            assert set(changed) <= set(judged.refused)


def one_bit(text: str, chance: Random) -> str:
    """Base64 of the same bytes but for one bit."""
    data = bytearray(unb64(text))
    bit = chance.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    return b64(bytes(data))


def change_payload(value: Any, chance: Random) -> None:
    value["dsseEnvelope"]["payload"] = one_bit(value["dsseEnvelope"]["payload"], chance)


def change_signature(value: Any, chance: Random) -> None:
    signature = value["dsseEnvelope"]["signatures"][0]
    signature["sig"] = one_bit(signature["sig"], chance)


def change_leaf(value: Any, chance: Random) -> None:
    entry = value["verificationMaterial"]["tlogEntries"][0]
    entry["canonicalizedBody"] = one_bit(entry["canonicalizedBody"], chance)


def change_path(value: Any, chance: Random) -> None:
    hashes = value["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"]
    hashes[0] = one_bit(hashes[0], chance)


def change_root(value: Any, chance: Random) -> None:
    checkpoint = value["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
    origin, size, root, rest = checkpoint["envelope"].split("\n", 3)
    checkpoint["envelope"] = "\n".join([origin, size, one_bit(root, chance), rest])


def change_size(value: Any, chance: Random) -> None:
    checkpoint = value["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
    origin, size, rest = checkpoint["envelope"].split("\n", 2)
    checkpoint["envelope"] = "\n".join([origin, str(int(size) + chance.randint(1, 9)), rest])


CHANGES: dict[str, Callable[[Any, Random], None]] = {
    "payload": change_payload,
    "signature": change_signature,
    "leaf": change_leaf,
    "path": change_path,
    "root": change_root,
    "size": change_size,
}


def test_the_fields_of_a_bundle_are_found_by_their_place() -> None:
    text = '{"a":[1,{"b":"cd"}],"e":{"f":"\\u2014"}}'
    found = list(spans(json.loads(text)))

    assert [field(found, text.index(part)) for part in ('"a"', "1,", '"b"', "cd", '"f"', "u2014")] == [
        "a", "a[0]", "a[1].b", "a[1].b", "e.f", "e.f",
    ]  # fmt: skip
    assert flipped("ab", 8) == "ac"
