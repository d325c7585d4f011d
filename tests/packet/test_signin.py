"""The proof of a sign-in, years later, by the verifier that travels in the packet: it is good for one decision only.

Whoever runs the service holds its signing key. They may rewrite files and sign attestations anew; what Okta signed they
cannot, and every rewriting below is one that a thief of that key could make.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.packet.verifier.archive import Archive
from bot.packet.verifier.report import Bad
from bot.packet.verifier.signin import SignIns
from bot.signin.proof import nonce_of, proof_of
from bot.signin.token import SignedIn
from tests.signin.issuer import KEY, MAYA, OTHER, TOM, Issuer, new_key
from workflows.kernel.attestation import Born
from workflows.kernel.signin import Decision, Ticket

CASE, PROGRAM, SHOWN = "approval/access/github/payments-admin/tom", "ab" * 32, "cd" * 32
AT = "2026-11-25T09:00:00.000000Z"
NOON = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def decision(number: int = 1, **changed: Any) -> Decision:
    """Maya approves."""
    told: dict[str, Any] = {
        "case": CASE, "act": "approve", "title": "Tom asks for admin of acme/payments", "person": MAYA,
        "program": PROGRAM, "shown": SHOWN, "command": {"name": "Approve", "fields": {"step": number}, "at": 4},
        "facts": (("Decision", f"Approve line {number}"),),
    }  # fmt: skip
    return Decision(**{**told, **changed})


@dataclass
class Claimed:
    """An attestation that claims a sign-in, with the files that it names; tests change them before they look."""

    folder: Path
    files: list[Born]
    level: str = "slack+sso+mfa"
    sub: str = MAYA
    said: dict[str, Any] = field(default_factory=dict)

    def replace(self, kind: str, data: bytes) -> None:
        """Another file in place of one of this kind, named by the attestation as if it had always been there."""
        (old,) = [b for b in self.files if b.ref.kind == kind][:1]
        new = Born(old.ref.model_copy(update={"sha256": _sha256(data)}), data)
        self.files[self.files.index(old)] = new
        if kind != "attester.signin":
            summary = next(b for b in self.files if b.ref.kind == "attester.signin")
            self.replace("attester.signin", summary.data.replace(old.ref.sha256.encode(), new.ref.sha256.encode()))

    def edit(self, kind: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a JSON file."""
        told = json.loads(next(b for b in self.files if b.ref.kind == kind).data)
        change(told)
        self.replace(kind, json.dumps(told).encode())

    def judged(self, sign_ins: SignIns | None = None) -> str:
        """The verifier's sentence; empty where the proof holds."""
        for one in self.files:
            (self.folder / one.ref.sha256).write_bytes(one.data)
        by = {"person": {"sub": self.sub, "issuer": "okta", "name": "Maya"}, "assurance": self.level}
        predicate = {"case": CASE, "at": AT, "program": PROGRAM, "shown": SHOWN, "by": by, **self.said}
        subject = [
            {"name": f"{number} {b.ref.name}", "digest": {"sha256": b.ref.sha256}, "annotations": {"kind": b.ref.kind}}
            for number, b in enumerate(self.files)
        ]
        named = {s["name"]: s["digest"]["sha256"] for s in subject}
        try:
            (sign_ins or SignIns(Archive(str(self.folder)), "")).check(
                {"subject": subject, "predicate": predicate}, named
            )
        except Bad as bad:
            return f"{bad.verdict}: {bad.sentence}"
        return ""


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def claimed(tmp_path: Path) -> Callable[..., Claimed]:
    """Maya signs in for decisions, and an attestation claims it."""

    def make(*decisions: Decision, key: Any = KEY, **claims: Any) -> Claimed:
        issuer = Issuer(key=key)
        ticket = Ticket(
            id="0" * 64, purpose="decide", at=NOON, expires_at=NOON + timedelta(minutes=5), team="T0ACME", user="U0MAYA",
            sub=MAYA, level="slack+sso+mfa", salt=b"0123456789abcdef", decisions=decisions or (decision(),),
        )  # fmt: skip
        token = issuer.token(nonce_of(ticket), **claims)
        keys = json.dumps({"keys": [key.jwk()]}).encode()
        signed = SignedIn(
            sub=MAYA, level="slack+sso+mfa", token=token, claims=issuer.claims("n"), jwk=key.jwk(), jwks=keys
        )
        return Claimed(tmp_path, list(proof_of(ticket, signed).files))

    return make


Make = Callable[..., Claimed]


def test_a_sign_in_for_this_decision_proves_it_also_long_after_the_token_ended(claimed: Make) -> None:
    assert claimed(exp=1_000_000_000).judged() == ""


def test_a_decision_that_is_one_character_different_was_not_confirmed(claimed: Make) -> None:
    made = claimed()
    made.edit("attester.signin.decision", lambda told: told.update(title=told["title"].replace("Tom", "Tim")))

    assert "another decision than this one" in made.judged()


def test_one_sign_in_for_23_lines_stands_for_exactly_these_23(claimed: Make) -> None:
    lines = [decision(number) for number in range(23)]

    assert claimed(*lines).judged() == ""
    for wrong in (lines[:-1], [*lines, decision(23)], [lines[1], lines[0], *lines[2:]]):
        made, others = claimed(*lines), claimed(*wrong)
        made.files = [b for b in made.files if b.ref.kind in ("attester.signin.token",)] + [
            b for b in others.files if b.ref.kind != "attester.signin.token"
        ]
        summary = next(b for b in made.files if b.ref.kind == "attester.signin")
        told = json.loads(summary.data)
        told["token"] = made.files[0].ref.sha256
        made.replace("attester.signin", json.dumps(told).encode())
        assert "another decision than this one" in made.judged()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.said.update(case="approval/access/github/payments-admin/lena"), "none of the decisions"),
        (lambda c: c.said.update(program="ac" * 32), "none of the decisions"),
        (lambda c: c.said.update(shown="ce" * 32), "none of the decisions"),
        (lambda c: setattr(c, "sub", TOM), "another person's"),
        (lambda c: c.files.pop(0), "not among its evidence"),
        (lambda c: c.files.pop(1), "not among the evidence that was signed"),
        (lambda c: c.edit("attester.signin", lambda t: t.update(salt="AAAA")), "16 bytes"),
        (lambda c: c.edit("attester.signin", lambda t: t.update(salt="QUFBQUFBQUFBQUFBQUFBQQ==")), "another decision"),
        (lambda c: c.edit("attester.signin", lambda t: t.update(decisions=[])), "does not name the decisions"),
        (lambda c: c.edit("attester.signin", lambda t: t.pop("token")), "not of the right kind"),
        (lambda c: c.replace("attester.signin", b"[]"), "no object"),
        (lambda c: c.replace("attester.signin.token", b"only.two"), "no signed token"),
        (lambda c: c.replace("attester.signin.token", b"e30.e30.e30"), "not signed with RS256"),
        (lambda c: c.edit("attester.signin.jwk", lambda t: t.update(OTHER.jwk())), "list of keys"),
        (lambda c: c.edit("attester.signin.jwks", lambda t: t.update(keys=[])), "list of keys"),
        (lambda c: c.edit("attester.signin.jwks", lambda t: t.update(keys=[OTHER.jwk()])), "list of keys"),
    ],
    ids=[
        "another case", "another program", "another card", "another person", "no proof", "no token", "short salt",
        "another salt", "no decision", "no digest", "no object", "no token at all", "no algorithm", "another key",
        "no keys", "other keys",
    ],
)  # fmt: skip
def test_a_sign_in_that_does_not_fit_proves_nothing(
    claimed: Make, change: Callable[[Claimed], None], says: str
) -> None:
    made = claimed()
    change(made)

    said = made.judged()

    assert said.startswith("altered: its sign-in does not prove it: ")
    assert says in said


def test_a_key_of_ones_own_proves_nothing_where_the_list_of_keys_was_another_one(claimed: Make) -> None:
    made = claimed(key=OTHER)
    made.edit("attester.signin.jwks", lambda told: told.update(keys=[KEY.jwk()]))
    made.edit("attester.signin.jwk", lambda told: told.update(KEY.jwk()))

    assert "another key signed it" in made.judged()


def test_a_key_that_is_too_short_proves_nothing(claimed: Make) -> None:
    assert "2,048 bits" in claimed(key=new_key("key-1", 1024)).judged()


def test_a_password_alone_is_no_second_factor_whatever_the_attestation_claims(claimed: Make) -> None:
    made = claimed(amr=["pwd"], acr="urn:okta:loa:1fa:any")

    strong = made.judged()
    made.level = "slack+sso"

    assert "no second factor" in strong
    assert made.judged() == ""


def test_one_sign_in_is_good_for_one_moment_only(claimed: Make) -> None:
    made = claimed()
    made.judged()
    both = SignIns(Archive(str(made.folder)), "")

    first, made.said["at"] = made.judged(both), "2026-11-25T10:00:00.000000Z"

    assert first == ""
    assert "two decisions" in made.judged(both)
