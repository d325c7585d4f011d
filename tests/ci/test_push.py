"""A run pushes evidence: its token says who it is and what the files are about, and all of them are stored or none."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from bot.main.scan import Scans
from bot.packet.export import export
from bot.packet.verify import verify
from bot.store.ci import AFTER
from bot.store.finding import Findings
from tests.ci.issuer import COMMIT, KEY
from tests.ci.world import CLEAN, CONTROL, FOUND, SECRET, Office, codes, sha
from tests.signin.issuer import Ago
from workflows.kernel.ports import EvidenceMissing


@pytest.fixture
def before(acme: Office) -> list[str]:
    """The names of the events that were there before the test."""
    return acme.names()


def test_a_run_brings_a_report_and_what_it_is_about_is_what_the_token_says(acme: Office, before: list[str]) -> None:
    token, data = acme.token(run_id="900", jti="first"), FOUND + b"\n"

    answer = acme.push(("semgrep.json", data), token=token)

    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["stored"], said["repository"], said["commit"], said["run"]) == (True, "acme/payments", COMMIT, "900")
    (file,) = said["files"]
    assert (file["sha256"], file["size"], file["kind"], file["known"]) == (
        sha(data),
        len(data),
        "semgrep",
        "recognised",
    )
    assert [(s["tool"], s["repository"], s["findings"], s["whole"]) for s in file["scans"]] == [
        ("semgrep", "acme/payments", 1, True)
    ]
    event = acme.events()[-1]
    assert acme.names() == [*before, "evidence_received"]
    assert event.by == {"system": "github:acme/payments run 900"}
    signed = event.body["signed"]
    assert (signed["sha"], signed["ref"], signed["run_attempt"], signed["workflow"]) == (
        COMMIT,
        "refs/heads/main",
        "1",
        "Scan",
    )
    entry = acme.product.log.find(event.attestation)
    assert entry is not None
    assert entry.payload is not None
    subjects = {s["name"]: s for s in json.loads(entry.payload)["subject"]}
    assert subjects["semgrep.json"]["annotations"]["binding"] == "signed"
    assert subjects["semgrep.json"]["annotations"]["source"] == "github:acme/payments"
    assert subjects["token.jwt"]["digest"]["sha256"] == sha(token.encode())
    assert json.loads(acme.product.vault.get(subjects["jwks.json"]["digest"]["sha256"])) == {"keys": [KEY.jwk()]}
    Scans(acme.product).catch_up()
    (weakness,) = Findings(acme.product.database).open("acme/payments")
    assert weakness.commit == COMMIT


def test_the_token_is_in_the_vault_only_after_its_end_and_the_packet_has_it_all_the_same(
    acme: Office, tmp_path: Path
) -> None:
    token = acme.token(jti="kept", exp=Ago(-40))
    acme.push(("semgrep.json", CLEAN), token=token)
    p, digest = acme.product, sha(token.encode())

    p.ci.keep()
    with pytest.raises(EvidenceMissing):
        p.vault.get(digest)
    assert p.evidence(digest) == token.encode()
    while p.integrate():
        pass
    now = p.clock.now()
    out = tmp_path / "packet.zip"
    export(p.packet_source(), out=out, start=now - timedelta(days=1), end=now + timedelta(days=1))
    verdict = verify(out)
    assert verdict.fine, verdict.sentence

    p.wall = Later(p.wall.now() + timedelta(seconds=41) + AFTER)
    try:
        p.ci.keep()
    finally:
        p.wall = type(p.clock)()
    assert p.vault.get(digest) == token.encode()
    keys = json.loads(p.evidence(acme.events()[-1].body["signed"]["keys"]))["keys"]
    claims = jwt.decode(
        token, jwt.PyJWK(keys[0]).key, algorithms=["RS256"], audience=acme.url, options={"verify_exp": False}
    )  # fmt: skip
    assert claims["sha"] == COMMIT


class Later:
    """A clock that stands."""

    def __init__(self, at: Any) -> None:
        self._at = at

    def now(self) -> Any:
        return self._at


def test_the_same_bytes_once_more_are_recorded_and_not_stored_again(acme: Office, before: list[str]) -> None:
    data = CLEAN + b"\n"

    assert [acme.push(("a.json", data)).status_code for _ in range(2)] == [201, 200]
    assert acme.names() == [*before, "evidence_received", "evidence_received"]


def test_what_is_brought_for_a_case_is_evidence_of_its_control(acme: Office) -> None:
    acme.push(("a.json", CLEAN))

    answer = acme.push(("b.json", CLEAN), about={"case": f"evidence/{CONTROL}"})

    assert (answer.status_code, answer.json()["control"], answer.json()["case"]) == (
        200,
        CONTROL,
        f"evidence/{CONTROL}",
    )
    assert acme.events()[-1].body["about"] == f"evidence/{CONTROL}"


def test_what_is_said_of_a_file_is_recorded_beside_what_is_signed(acme: Office) -> None:
    told = {
        "kind": "semgrep",
        "commit": COMMIT,
        "repository": "Acme/Payments/web",
        "artifact": "sha256:77",
        "transformed": "jq",
    }

    answer = acme.push(("web.json", CLEAN), told=told)

    assert answer.status_code == 200
    (file,) = acme.events()[-1].body["files"]
    assert (file["kind_source"], file["repository"], file["artifact"]) == ("declared", "acme/payments/web", "sha256:77")


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ({"exp": Ago(60)}, 401, "token_expired"),
        ({"aud": "https://github.com/acme"}, 401, "token_audience"),
        ({"repository": "acme/other"}, 403, "unknown_publisher"),
        ({"repository_owner_id": "9"}, 403, "other_owner"),
        ({"event_name": "pull_request_target"}, 403, "event_never"),
        ({"sha": None}, 403, "claim_missing"),
    ],
)
def test_whoever_may_not_bring_anything_stores_nothing(
    acme: Office, token: dict[str, Any], status: int, code: str
) -> None:
    data = f"{code} brings this".encode()

    answer = acme.push(("a.txt", data), token=acme.token(**token))

    assert (answer.status_code, codes(answer)) == (status, [code])
    assert acme.holds(data) == []


def test_a_run_that_is_turned_away_is_recorded_once_an_hour(acme: Office) -> None:
    elsewhere = "acme/payments/.github/workflows/x.yml@refs/heads/main"

    for _ in range(3):
        acme.push(("a.json", CLEAN), token=acme.token(job_workflow_ref=elsewhere))
        acme.push(("a.json", CLEAN), token=acme.token(repository="acme/billing"))

    [event] = [e for e in acme.events() if e.body.get("rule") == "other_workflow"]
    assert event.body["signed"]["job_workflow_ref"] == elsewhere
    [other] = [e for e in acme.events() if e.body.get("rule") == "unknown_publisher"]
    assert other.body["signed"]["repository"] == "acme/billing"


def test_who_is_named_nowhere_is_counted_and_never_grows_the_record(acme: Office, before: list[str]) -> None:
    answers = [acme.push(("a.json", CLEAN), token=acme.token(repository=f"stranger/n{n}")) for n in range(3)]

    assert {a.status_code for a in answers} == {403}
    assert answers[0].json()["problems"][0]["why"] == "Repository stranger/n0 is not declared for any control."
    assert acme.names() == before
    counted = [
        count for _, who, case, _, why, count in acme.product.refusals.all() if (who, case) == ("stranger", None)
    ]
    assert len(counted) == 1
    assert counted[0] >= 3


def test_a_token_is_taken_once(acme: Office, before: list[str]) -> None:
    token = acme.token()

    first, second = (acme.push(("a.json", CLEAN), token=token) for _ in range(2))

    assert first.status_code == 200
    assert (second.status_code, codes(second)) == (401, ["token_used"])
    assert second.json()["problems"][0]["why"] == "This token was already used."
    assert acme.names()[len(before) :].count("evidence_received") == 1


def test_of_two_pushes_with_one_token_at_once_one_is_taken(acme: Office, before: list[str]) -> None:
    token = acme.token()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: acme.push(("a.json", CLEAN), token=token), range(2)))

    assert sorted(a.status_code for a in answers) == [200, 401]
    assert acme.names()[len(before) :].count("evidence_received") == 1


def test_one_bad_file_refuses_all_and_every_problem_is_told(acme: Office, before: list[str]) -> None:
    fine = b"this one is as it should be"

    answer = acme.push(("fine.txt", fine), ("leaks.json", SECRET), ("../up.txt", b"x"), ("empty.txt", b""))

    assert answer.status_code == 422
    assert codes(answer) == ["secret_in_report", "unfit_name", "empty_file"]
    assert "gitleaks detect --redact" in answer.json()["problems"][0]["next"]
    assert acme.holds(fine) == []
    assert acme.holds(b"wJalrSecretInTheClear") == []
    assert "wJalrSecretInTheClear" not in answer.text
    added = [e.body["rule"] for e in acme.events()[len(before) :]]
    assert added == ["gitleaks", "unfit_name", "empty_file"]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"commit": "52bc" * 10}, "other_commit"),
        ({"repository": "acme/billing"}, "other_repository"),
        ({"repository": "acme/payments-2"}, "other_repository"),
        ({"sha256": "0" * 64}, "other_digest"),
        ({"kind": "A B"}, "unknown_kind"),
    ],
)
def test_what_contradicts_the_token_or_the_bytes_is_refused(acme: Office, told: dict[str, Any], code: str) -> None:
    data = f"contradicts: {code} {told}".encode()

    answer = acme.push(("a.txt", data), told=told)

    assert (answer.status_code, codes(answer)) == (422, [code])
    assert acme.holds(data) == []


@pytest.mark.parametrize("about", [{"control": "NO-1"}, {"case": "approval/nothing"}])
def test_an_unknown_control_or_case_is_said_to_be_unknown(acme: Office, about: dict[str, str]) -> None:
    answer = acme.push(("a.json", CLEAN), about=about)

    assert (answer.status_code, codes(answer)) == (404, ["unknown_control"])
