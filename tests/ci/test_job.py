"""`attester evidence push` in a job of GitHub Actions: it asks for a token of its run, and pushes over the web."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.ci.client import PushFailed, RunClient
from bot.cli import main
from tests.ci.issuer import COMMIT, REQUEST_TOKEN
from tests.ci.world import CLEAN, CONTROL, FOUND, SECRET, Office


@pytest.fixture
def job(acme: Office, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The environment of a job; nothing else of the product is set there."""
    for name, value in acme.job().items():
        monkeypatch.setenv(name, value)
    return acme.job()


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for name, data in {"found.json": FOUND, "clean.json": CLEAN, "leaks.json": SECRET}.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.mark.usefixtures("job")
def test_a_job_pushes_with_a_token_of_its_own_for_exactly_this_installation(
    acme: Office, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [str(reports / "found.json"), str(reports / "clean.json")]
    assert main(["evidence", "push", *both, "--control", CONTROL]) == 0
    several = capsys.readouterr()
    assert main(["evidence", "push", str(reports / "found.json"), "--control", CONTROL]) == 0
    said = capsys.readouterr()

    assert several.out.count("not the whole: several reports of one tool and repository came at once") == 2
    assert "semgrep over acme/payments: 1 finding, the whole" in said.out
    assert f"Bound to acme/payments at {COMMIT}, signed by run 812." in said.out
    assert set(acme.issuer.audiences) == {acme.url}
    assert acme.events()[-1].body["signed"]["sha"] == COMMIT


@pytest.mark.usefixtures("job")
def test_what_is_refused_is_said_line_by_line_and_ends_with_one(
    acme: Office, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evidence", "push", str(reports / "leaks.json"), str(reports / "clean.json"), "--control", CONTROL]

    assert main([*arguments, "--commit", "52bc" * 10]) == 1

    said = capsys.readouterr().err.splitlines()
    assert [line.split(" ")[0] for line in said] == ["leaks.json", "clean.json"]
    assert "wJalrSecretInTheClear" not in "".join(said)


@pytest.mark.usefixtures("job")
def test_json_alone_stands_on_standard_output(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "push", str(reports / "clean.json"), "--control", CONTROL, "--json"]) == 0

    printed = capsys.readouterr().out
    assert json.loads(printed[printed.index("[\n") :])[0]["kind"] == "semgrep"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}, "permissions: id-token: write"),
        ({"ATTESTER_PUBLIC_URL": ""}, "Write https://HOST"),
        ({"ATTESTER_PUBLIC_URL": "http://attester.acme.test"}, "no https address"),
        ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another"}, "GitHub gave no token (status 404)"),
    ],
)
def test_a_job_that_cannot_push_is_told_what_to_set(
    job: Mapping[str, str], reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    changed: dict[str, str], said: str,
) -> None:  # fmt: skip
    for name, value in changed.items():
        monkeypatch.setenv(name, value)

    assert main(["evidence", "push", str(reports / "clean.json"), "--control", CONTROL]) == 1

    assert said in capsys.readouterr().err


def test_what_is_sent_again_is_sent_with_a_new_token(acme: Office) -> None:
    pauses: list[float] = []
    asked = len(acme.issuer.audiences)
    away = RunClient("http://127.0.0.1:9", acme.job()["ACTIONS_ID_TOKEN_REQUEST_URL"], REQUEST_TOKEN, pauses.append)

    with pytest.raises(PushFailed) as failed:
        away.push({"control": CONTROL}, [({"name": "a.json"}, CLEAN)])

    away.close()
    assert "did not answer" in str(failed.value)
    assert (len(acme.issuer.audiences) - asked, len(pauses)) == (3, 2)
