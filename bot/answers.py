"""Errors as sentences: the only place where an error becomes words, for Slack, the web and the command line alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.settings import SettingsInvalid
from workflows.kernel.errors import Broken, Conflict, FieldErrors, Refused, Unsure
from workflows.kernel.ports import ChatFailure, EvidenceAltered, EvidenceMissing, SigningFailed, SourceFailed

NOTHING = "Nothing was recorded."
OURS = "Something went wrong on our side."

CHAT = {
    "later": "Slack is busy. It will be tried again by itself.",
    "unsure": "Slack did not say whether the message arrived. It will be sent again; a second copy is harmless.",
    "gone": "Slack cannot reach this person or channel. Check that they are active and that the app may write to them.",
    "stale": "The message to change is not there any more. A fresh one will be posted.",
    "stopped": "Slack does not let the app work any more. Install the app again and set its new token.",
    "ours": "Slack did not accept what we sent. This is our mistake; please report it.",
}

OPERATOR = frozenset(
    {
        "ExportRefused", "FolderTaken", "LedgerCorrupt", "NoProgram", "NotOpened", "NotUpgraded", "NotWritten",
        "ProgramInvalid", "QueueUnavailable", "VaultFailed", "VaultUnusable",
    }
)  # fmt: skip
"""Errors of other folders whose message is already the sentence for the operator; known by name, so that nothing is imported."""


@dataclass(frozen=True)
class Answer:
    """What a person reads. ``recorded`` is None where it is not known; ``fields`` maps a form's field to its sentence.

    ``detail`` is for whoever runs Attester (it may name a file): the command line prints it, Slack and the web never.
    """

    code: str
    text: str
    recorded: bool | None = False
    fields: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


def answer(error: BaseException, reference: str = "") -> Answer:
    """The answer for any error. One that nobody foresaw gets the ``reference`` by which its log line is found."""
    match error:
        case Refused():
            return Answer(error.code, with_nothing_recorded(error.sentence))
        case FieldErrors():
            return Answer("fields", f"{' '.join(error.errors.values())} {NOTHING}", fields=error.errors)
        case Conflict() if type(error).__name__ == "DiskFailed":
            text = f"The disk of the database is full or broken. {NOTHING} Tell whoever runs Attester."
            return Answer("disk", text, detail=f"{text} {error}.")
        case Conflict() if type(error).__name__ == "Busy":  # the store's own kind: no lock or connection in time
            return Answer("busy", f"Too much is going on at this moment. {NOTHING} Try again in a few seconds.")
        case Conflict():
            return Answer(
                "conflict", f"Somebody else was quicker. {NOTHING} Look at the card as it is now, then try again."
            )
        case Unsure():
            text = "We do not know whether this was recorded. Look at the card before you try again."
            return Answer("unsure", text, recorded=None)
        case SigningFailed():
            text = "The signing key could not be used, so nothing was recorded. Try again later."
            return Answer("signing_failed", text, detail=str(error))
        case Broken():
            told = "What you did was recorded." if error.recorded else NOTHING
            return Answer("broken", f"{OURS} {told} {_where(error.reference)}".rstrip(), recorded=error.recorded)
        case ChatFailure():
            return _chat(error)
        case SettingsInvalid():
            return Answer("settings", "\n".join(error.problems))
        case EvidenceMissing():
            return Answer("evidence_missing", "This evidence is not in the vault. Run: attester doctor")
        case EvidenceAltered():
            return Answer("evidence_altered", "This evidence was altered: its bytes no longer match their SHA-256.")
        case SourceFailed():
            return Answer("source", str(error))
    if type(error).__name__ in OPERATOR:
        return Answer(type(error).__name__, str(error))
    return Answer("broken", f"{OURS} {NOTHING} {_where(reference)}Try again in a minute.")


def with_nothing_recorded(sentence: str) -> str:
    """The sentence, with the promise that nothing was recorded unless it already speaks of that."""
    return sentence if "recorded" in sentence.lower() else f"{sentence} {NOTHING}"


def _where(reference: str) -> str:
    return f"Give this reference to whoever runs Attester: {reference}. " if reference else ""


def _chat(failure: ChatFailure) -> Answer:
    scope = " The app lacks a scope; manifest.yaml lists them all." if failure.code.startswith("missing_scope") else ""
    return Answer(f"slack_{failure.kind}", f"{CHAT[failure.kind]}{scope} Slack said: {failure.code}.")
