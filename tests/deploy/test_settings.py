"""What connects pipelines is checked at start, all problems at once; who is who comes from the program and its sources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from bot import settings
from bot.clock import SystemClock
from bot.demo.stage import MODELS
from bot.github.client import GitHub, GitHubFailed
from bot.github.token import KeyUnusable, Tokens
from bot.main.pipeline import WhoIsWho
from bot.program.acme import BASE, copy_sample
from bot.program.load import check
from bot.sources.settings import SETTINGS
from tests.deploy.github import APP, INSTALLATION, running_github
from tests.deploy.house import CONTROL
from workflows.approval.examples.company import PEOPLE
from workflows.approval.model import Settings
from workflows.kernel.identity import directory_of

PEM = "-----BEGIN RSA PRIVATE KEY-----\\nMIIB\\n-----END RSA PRIVATE KEY-----"
APP_SET = {"GITHUB_APP_ID": "99", "GITHUB_APP_PRIVATE_KEY": PEM, "GITHUB_WEBHOOK_SECRET": "s" * 16}


def problems(**environment: str) -> list[str]:
    with pytest.raises(settings.SettingsInvalid) as caught:
        settings.load(environment)
    return caught.value.problems


@pytest.mark.parametrize("left_out", sorted(APP_SET))
def test_the_app_is_set_as_a_whole_or_not_at_all(left_out: str) -> None:
    found = problems(**{name: value for name, value in APP_SET.items() if name != left_out})

    assert any("go together" in problem for problem in found)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GITHUB_WEBHOOK_SECRET", "hush", "shorter than 16"),
        ("GITHUB_API_URL", "http://github.test", "no address of an API"),
        ("GITHUB_API_URL", "https://", "no address of an API"),
        ("GITHUB_API_URL", "https://api.github.com/?x=1", "no address of an API"),
        ("GITHUB_APP_PRIVATE_KEY", "not a key", "no PEM text"),
        ("GITHUB_APP_PRIVATE_KEY", "file:there/is/none.pem", "cannot be read"),
        ("ATTESTER_HOOK_SECRET_JENKINS", "hush", "shorter than 32"),
        ("ATTESTER_HOOK_SECRET_jenkins", "s" * 32, "names no hook"),
        ("ATTESTER_HOOK_SECRET_", "s" * 32, "names no hook"),
    ],
)
def test_what_would_not_work_or_could_be_guessed_is_said_at_start(name: str, value: str, said: str) -> None:
    found = problems(**{**APP_SET, name: value})

    assert len(found) == 1
    assert said in found[0]
    assert value not in found[0] or value.startswith(("http", "file")) or name.endswith("_")


def test_a_key_is_read_from_its_file_or_from_one_line_and_hooks_get_their_names(tmp_path: Path) -> None:
    pem = PEM.replace("\\n", "\n")
    (tmp_path / "app.pem").write_text(pem, encoding="utf-8")
    hooks = {"ATTESTER_HOOK_SECRET_GITLAB_EU": "s" * 32}

    line = settings.load({**APP_SET, **hooks, "GITHUB_API_URL": "https://ghe.acme.test/api/v3/"})
    file = settings.load({**APP_SET, "GITHUB_APP_PRIVATE_KEY": f"file:{tmp_path / 'app.pem'}"})

    assert line.github_app_private_key == file.github_app_private_key == pem
    assert line.github_api_url == "https://ghe.acme.test/api/v3"
    assert dict(line.hook_secrets) == {"gitlab-eu": "s" * 32}
    assert file.github_api_url == "https://api.github.com"


class Watch:
    """A clock that a test sets."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def test_a_token_is_asked_for_once_and_anew_shortly_before_it_ends() -> None:
    with running_github() as twin:
        watch = Watch(datetime.now(UTC))
        github = GitHub(twin.url, Tokens(APP, twin.pem, watch))

        for _ in range(3):
            github.read(str(INSTALLATION), "/repos/acme/payments/deployments")
        once = len(twin.tokens)
        watch.at += timedelta(minutes=56)
        twin.tokens.clear()
        watch.at = datetime.now(UTC)
        github.read(str(INSTALLATION), "/repos/acme/payments/deployments")
        github.close()

    assert once == 1
    assert len(twin.tokens) == 1


def test_an_app_token_says_who_and_for_less_than_ten_minutes_and_a_bad_key_says_so() -> None:
    with running_github() as twin:
        now = datetime.now(UTC)
        claims = jwt.decode(Tokens(APP, twin.pem, Watch(now)).app(), twin.public, algorithms=["RS256"])

    assert claims["iss"] == APP
    assert claims["exp"] - now.timestamp() < 600
    assert claims["iat"] < now.timestamp()
    with pytest.raises(KeyUnusable, match="GITHUB_APP_PRIVATE_KEY"):
        Tokens(APP, PEM.replace("\\n", "\n"), SystemClock()).app()


def test_a_foreign_installation_and_a_server_that_is_away_are_told_apart() -> None:
    with running_github() as twin:
        github = GitHub(twin.url, Tokens(APP, twin.pem, SystemClock()))
        with pytest.raises(GitHubFailed) as foreign:
            github.read("1", "/repos/acme/payments/deployments")
    nobody = GitHub(twin.url, Tokens(APP, twin.pem, SystemClock()))
    with pytest.raises(GitHubFailed) as away:
        nobody.read("1", "/repos/acme/payments/deployments")
    github.close()
    nobody.close()

    assert (foreign.value.kind, foreign.value.status) == ("failed", 404)
    assert away.value.kind == "unsure"


def test_an_alias_goes_before_what_a_source_says_and_a_bare_login_is_nobody() -> None:
    directory = directory_of(PEOPLE)
    lena, maya = directory.by_login("lena@acme.test"), directory.by_login("maya@acme.test")
    assert lena is not None
    assert maya is not None
    settings_ = Settings(aliases={"Lena-N": "lena@acme.test", "gone": "nobody@acme.test"})
    who = WhoIsWho(settings_, directory, {"mayachen": maya.id, "lena-n": maya.id, "gone": maya.id})

    assert who.by_account("lena-n") == lena
    assert who.by_account("MayaChen") == maya
    assert who.by_account("gone") is None
    assert who.by_account("maya@acme.test") == maya
    assert who.by_account("maya") is None
    assert who.by_address("MAYA@acme.test") == maya
    assert who.by_address("") is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", ""),
        ("accounts: github\n", ""),
        ("accounts: nowhere\n", "is no source of this program"),
        ("accounts: [github]\n", "accounts"),
    ],
)
def test_a_program_with_environments_is_sound_and_names_a_source_that_is_there(
    tmp_path: Path, more: str, said: str
) -> None:
    folder = tmp_path / "program"
    copy_sample(folder, MODELS, SETTINGS, today=BASE)
    (folder / "controls/deploys.yaml").write_text(CONTROL + more, encoding="utf-8")

    found = check(folder, MODELS, SETTINGS, today=BASE)

    assert (said in str(found)) if said else (found == [])


def test_an_environment_belongs_to_one_control(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    copy_sample(folder, MODELS, SETTINGS, today=BASE)
    (folder / "controls/one.yaml").write_text(CONTROL, encoding="utf-8")
    other = (
        CONTROL.replace("DP-01", "DP-02").replace("acme/payments", "Acme/Payments").replace("acme/billing", "acme/x")
    )
    (folder / "controls/two.yaml").write_text(other, encoding="utf-8")

    found = check(folder, MODELS, SETTINGS, today=BASE)

    assert len(found) == 1
    assert "already" in str(found[0])
