"""Every error is a sentence that a person can act on, and says whether anything was recorded."""

from __future__ import annotations

import pytest

from bot.answers import CHAT, answer
from bot.settings import SettingsInvalid
from bot.store.failure import Busy
from bot.store.migrate import NotUpgraded
from workflows.kernel.errors import Broken, Conflict, FieldErrors, Refused, Unsure
from workflows.kernel.ports import ChatFailure, EvidenceAltered, EvidenceMissing, SigningFailed, SourceFailed

ERRORS: list[tuple[BaseException, str, bool | None]] = [
    (
        Refused("own_access", "This is your own access.", "Hand it over."),
        "This is your own access. Hand it over.",
        False,
    ),
    (Conflict("x"), "Somebody else was quicker.", False),
    (Busy("x"), "Too much is going on at this moment.", False),
    (Unsure("x"), "We do not know whether this was recorded.", None),
    (SigningFailed("secret path"), "The signing key could not be used, so nothing was recorded.", False),
    (Broken("r1", recorded=True), "What you did was recorded.", True),
    (Broken("r1", recorded=False), "Nothing was recorded.", False),
    (ChatFailure("stopped", "missing_scope:chat:write"), "manifest.yaml", False),
    (SettingsInvalid(["PORT is wrong.", "Set SLACK_BOT_TOKEN."]), "PORT is wrong.\nSet SLACK_BOT_TOKEN.", False),
    (NotUpgraded("Run: attester db upgrade"), "Run: attester db upgrade", False),
    (SourceFailed("Okta says no."), "Okta says no.", False),
    (EvidenceMissing(), "not in the vault", False),
    (EvidenceAltered(), "no longer match", False),
    (FieldErrors({"reason": "Say why."}), "Say why.", False),
    (ValueError("xoxb-secret"), "Something went wrong on our side.", False),
]


@pytest.mark.parametrize(("error", "text", "recorded"), ERRORS, ids=lambda value: type(value).__name__)
def test_each_error_has_its_sentence(error: BaseException, text: str, recorded: bool | None) -> None:
    said = answer(error)

    assert text in said.text
    assert said.recorded is recorded
    assert said.text[-1] not in " :"


def test_a_refusal_always_says_whether_anything_was_recorded() -> None:
    silent = answer(Refused("x", "No.", "Ask Dana."))
    spoken = answer(Refused("x", "No.", "Nothing was recorded. Ask Dana."))

    assert silent.text == "No. Ask Dana. Nothing was recorded."
    assert spoken.text.count("recorded") == 1


def test_an_unforeseen_error_gives_its_reference_and_never_its_message() -> None:
    said = answer(ValueError("xoxb-secret"), "7f3a19c1")

    assert "7f3a19c1" in said.text
    assert "xoxb" not in said.text


def test_fields_keep_their_sentences() -> None:
    assert answer(FieldErrors({"reason": "Say why."})).fields == {"reason": "Say why."}


@pytest.mark.parametrize("kind", sorted(CHAT))
def test_every_failure_of_slack_has_a_sentence(kind: str) -> None:
    assert answer(ChatFailure(kind, "code")).text.endswith("Slack said: code.")  # type: ignore[arg-type]
