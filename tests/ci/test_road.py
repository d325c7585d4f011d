"""The whole road: a deploy waits for the scan that its repository's run brings, and a job gates with what people accepted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.cli import main
from bot.main.program import apply_program
from bot.program.load import load
from bot.signing.public import verify_p256
from bot.sources.settings import SETTINGS
from bot.store.finding import Findings
from tests.approval.test_road import CONTROL, RAVI, press
from tests.ci.issuer import REQUEST_TOKEN, Issuer, running_issuer
from tests.ci.world import MODELS, PUBLISHERS
from tests.deploy.github import COMMIT
from tests.deploy.house import SCANNED, House, house
from tests.road.test_finding import form, pushed, report
from workflows.kernel.exceptions import to_sign, unsealed

SCAN = b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Semgrep"}}, "results": []}]}'
BILLING = "  - {repository: acme/billing, owner_id: 4104, workflow: scan.yml}\n"
CASE = "approval/deploy/acme/payments/staging/223/1"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as made:
        yield made


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[House]:
    data = tmp_path_factory.mktemp("acme")
    with house(data, SCANNED + PUBLISHERS + BILLING, {"ATTESTER_CI_ISSUER": issuer.url}) as made:
        stage = made.stage
        (stage.folder / "controls/approval.yaml").write_text(CONTROL + PUBLISHERS, encoding="utf-8")
        now = stage.clock.now()
        apply_program(stage.product, load(stage.folder, MODELS, SETTINGS, today=now.date()), now)
        yield made


def brought(acme: House, issuer: Issuer, **token: Any) -> httpx.Response:
    """A run brings the scan."""
    meta = {"control": "DP-01", "files": [{"name": "semgrep.sarif", "sha256": hashlib.sha256(SCAN).hexdigest()}]}
    files = [("meta", ("meta", json.dumps(meta).encode())), ("file", ("x", SCAN))]
    url = acme.stage.web
    headers = {"authorization": f"Bearer {issuer.token(url, **token)}"}
    return httpx.post(f"{url}/api/evidence", files=files, headers=headers, timeout=10)


def looked_again(acme: House) -> str:
    acme.stage.pass_time(timedelta(minutes=1))
    acme.settle()
    return acme.state(CASE).status


def test_a_deploy_waits_for_a_scan_that_a_run_of_its_repository_signed(acme: House, issuer: Issuer) -> None:
    acme.github.repository.environments["staging"] = {}
    acme.github.run("223")
    acme.deliver(acme.github.payload("223", environment="staging"))
    acme.settle()
    waiting = acme.state(CASE).missing

    acme.bring("semgrep.sarif", SCAN, COMMIT)
    claimed = looked_again(acme)
    others = [
        brought(acme, issuer, sha="52bc" * 10),
        brought(
            acme, issuer, sha=COMMIT, repository="acme/billing",
            job_workflow_ref="acme/billing/.github/workflows/scan.yml@refs/heads/main",
        ),
    ]  # fmt: skip
    of_others = looked_again(acme)
    signed = brought(acme, issuer, sha=COMMIT)
    at_last = looked_again(acme)

    assert waiting == ("semgrep.sarif",)
    assert [other.status_code for other in others] == [200, 200]
    assert (claimed, of_others) == ("collecting", "collecting")
    assert (signed.status_code, at_last) == (200, "asked")
    [file] = [f for f in acme.state(CASE).files if f.name == "semgrep.sarif"]
    assert (file.binding, file.source) == ("signed", "github:acme/payments")
    card = json.dumps(acme.card(RAVI, CASE), ensure_ascii=False)
    assert f"semgrep.sarif sha256 {file.sha256[:8]}… · signed by the run" in card


def accepted(acme: House) -> str:
    """A finding that somebody asked about and Ravi accepted; its case."""
    stage = acme.stage
    pushed(stage, report("export.py"))
    (known,) = Findings(stage.product.database).open()
    assert form(stage, known.id).ok
    (case,) = stage.product.record.starting("approval/exception/semgrep/acme/payments/")
    assert press(stage, RAVI, "SQL built from text", "approve").ok
    return str(case)


def test_a_job_gets_a_signed_list_of_what_is_accepted_and_gates_with_it(
    acme: House, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case, url = accepted(acme), acme.stage.web
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{issuer.url}/request")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
    (tmp_path / "known.json").write_bytes(report("export.py"))
    (tmp_path / "more.json").write_bytes(report("export.py", "report.py"))
    (tmp_path / "key.pem").write_bytes(acme.stage.product.signer.public_pem)
    (tmp_path / "log.pem").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")

    def gate(name: str, *more: str) -> int:
        about = ("--repository", "acme/payments", "--commit", "41ab" * 10, "--level", "medium", "--url", url)
        return main(["finding", "gate", str(tmp_path / name), *about, *more])

    assert gate("known.json", "--key", str(tmp_path / "key.pem")) == 0
    assert gate("more.json") == 1
    assert "report.py" in capsys.readouterr().out
    assert gate("known.json", "--key", str(tmp_path / "log.pem")) == 1
    assert "is not signed with the key" in capsys.readouterr().err

    def ask(place: str, **token: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {issuer.token(url, **token)}"}
        return httpx.get(f"{url}/api/exceptions", params={"repository": place}, headers=headers, timeout=10)

    answer = ask("acme/payments")
    said, opened = unsealed(answer.json())
    assert verify_p256(acme.stage.product.signer.public_der, to_sign(opened.payload), opened.signature)
    (one,) = said.exceptions
    assert (said.repository, one.case, one.severity, one.place) == ("acme/payments", case, "medium", "export.py")
    assert len(one.attestations) == 1
    assert acme.stage.product.log.find(one.attestations[0]) is not None
    assert ask("acme/billing").json()["problems"][0]["code"] == "other_repository"
    assert ask("acme/other", repository="acme/other").status_code == 403
    assert ask("acme/payments", event_name="pull_request").json()["problems"][0]["code"] == "other_event"
    assert [ask("acme/payments", jti="twice").status_code for _ in range(2)] == [200, 401]
    assert ask("acme/payments", aud="https://github.com/acme").status_code == 401
