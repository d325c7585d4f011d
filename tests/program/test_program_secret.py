"""No secret stands in a program, and none is repeated in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.world import good_program, messages

# Put together here, so that this file holds nothing that looks like a secret.
SECRETS = {
    "a Slack token": "xox" + "b-1234567890-abcdefghijkl",
    "a Slack webhook address": "https://hooks.slack" + ".com/services/T000/B000/abcdef",
    "a GitHub token": "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2",
    "a GitLab token": "glp" + "at-A1b2C3d4E5f6G7h8I9j0",
    "an AWS access key": "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "an Okta token": "0" + "0" + "aB3_" * 10,
    "a private key": "-----BEGIN RSA PRIV" + "ATE KEY-----",
    "a JSON web token": "ey" + "Jhbgciojasdf.ey" + "Jzdwiioiadsf.abcdefgh",
    "an API key": "sk" + "_live_abcdefgh1234",
    "a password in a web address": "postgres" + "://attester:swordfish@db.acme.test/attester",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_what_looks_like_a_secret_is_refused_anywhere_even_in_a_comment(kind: str, tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "company.yaml"
    path.write_text(path.read_text() + f"# for later: {SECRETS[kind]}\n")

    (said,) = messages(folder)

    assert said.startswith("company.yaml:7:")
    assert f"This looks like {kind}." in said
    assert SECRETS[kind] not in said


@pytest.mark.parametrize("key", ["credential", "owner", "id", "kind", "system"])
def test_a_secret_in_a_value_is_never_repeated(key: str, tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "sources.yaml"
    secret = SECRETS["a Slack token"]
    text = path.read_text().replace("env:OKTA_CLIENT_TOKEN", "env:TOKEN")
    entry = "  - id: okta\n    kind: okta\n    system: Okta\n    credential: env:TOKEN\n"
    changed = "".join(f"  {'- ' if n == 0 else '  '}{line.strip(' -')}\n" for n, line in enumerate(entry.splitlines()))
    assert changed == entry
    lines = [line for line in entry.splitlines() if f"{key}:" not in line]
    lines = [*lines, f"    {key}: {secret}"] if key != "id" else [f"  - id: {secret}", *lines]
    path.write_text(text.replace(entry, "\n".join(lines) + "\n"))

    said = messages(folder)

    assert any("This looks like a Slack token." in line for line in said)
    assert secret not in "\n".join(said)


def test_a_secret_in_a_span_is_not_repeated_by_the_sentence_about_spans(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")
    path = folder / "controls" / "access.yaml"
    path.write_text(path.read_text().replace("14d", SECRETS["an AWS access key"]))

    said = messages(folder)

    assert len(said) == 2
    assert SECRETS["an AWS access key"] not in "\n".join(said)


def test_the_name_of_a_variable_is_no_secret(tmp_path: Path) -> None:
    folder = good_program(tmp_path / "program")

    assert "env:OKTA_CLIENT_TOKEN" in (folder / "sources.yaml").read_text()
    assert messages(folder) == []
