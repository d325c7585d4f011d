"""The named refusals of an access review, each with its reason and its next step, as sentences for people."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.access_review.model import AssignedLine
from workflows.kernel.errors import Refused
from workflows.kernel.independence import Objection
from workflows.kernel.text import writable

SENTENCES: dict[str, tuple[str, str]] = {
    "not_yours": (
        "This is not yours to decide.",
        "If you should be asked, tell the control owner. Nothing was recorded as a decision.",
    ),
    "moved_away": (
        "This line is no longer in your review: it moved to somebody else.",
        "Nothing is wanted of you here; your list shows what is still yours.",
    ),
    "own_access": (
        "This is your own access; nobody judges their own.",
        "Press “Not mine”, so that the next person is asked.",
    ),
    "account_owner": (
        "You answer for this account, so somebody else must judge its access.",
        "Press “Not mine”, so that the next person is asked.",
    ),
    "subordinate": (
        "You report to the person whose access this is.",
        "Press “Not mine”, so that somebody independent is asked.",
    ),
    "reciprocal": (
        "The person whose access this is reviews yours in the same access review.",
        "Press “Not mine”, so that somebody independent is asked.",
    ),
    "only_administrator": (
        "You are the only administrator of this system, so somebody else must judge access to it.",
        "Press “Not mine”, so that somebody independent is asked.",
    ),
    "requester": (
        "You asked for this access, so somebody else must judge it.",
        "Press “Not mine”, so that somebody independent is asked.",
    ),
    "not_employed": (
        "Only active employees decide here, and the directory does not show you as one.",
        "If that is wrong, ask the control owner to have the directory corrected.",
    ),
    "not_linked": (
        "Your Slack account is not linked to a person in the directory.",
        "Ask the control owner to link it, then try again.",
    ),
    "changed_since_shown": (
        "This line changed since it was shown to you.",
        "Look at it again and decide on what it says now.",
    ),
    "already_decided": (
        "This line is already decided and signed.",
        "If the decision is wrong, tell the control owner; your list shows what is still open.",
    ),
    "reason_missing": (
        "This verdict needs a reason.",
        "Write in a sentence why, then save again. Your other marks are kept.",
    ),
    "reason_too_short": (
        "The reason is too short to tell an auditor anything.",
        "Write a whole sentence, then save again. Your other marks are kept.",
    ),
    "reason_too_long": (
        "The reason is longer than 1,000 characters.",
        "Shorten it, then save again. Your other marks are kept.",
    ),
    "leaver": (
        "This person has left, so keeping the access is not a verdict.",
        "Revoke it. If it must stay for a while, ask the control owner for an exception of at most 30 days.",
    ),
    "target_missing": (
        "It is not said what this access should become.",
        "Choose it from the list of accesses of the same resource, then save again.",
    ),
    "nothing_marked": (
        "There is nothing to sign: no line is marked.",
        "Choose Keep, Revoke or Change on at least one line first.",
    ),
    "too_many": (
        "One signature does not cover that many lines.",
        "Sign the first part, then the rest.",
    ),
    "step_up_needed": (
        "This decision needs a fresh sign-in.",
        "Sign in again when asked, then repeat it. Your marks are kept.",
    ),
    "removal_asked": (
        "The removal was already asked for, so the verdict cannot be corrected.",
        "If the access is needed after all, request it again.",
    ),
    "removal_over": (
        "This removal needs no report: it is verified or excepted.",
        "Nothing is wanted of you here.",
    ),
    "campaign_closed": (
        "This access review has ended.",
        "What is different since then is asked in the next one.",
    ),
    "signed_already": (
        "A verdict is signed already, so the access review cannot be cancelled.",
        "Finish it; what cannot be finished needs an exception with a second signer.",
    ),
    "source_not_complete": (
        "The list of a system is not complete, so its lines cannot be reviewed.",
        "Have it fetched again (attester doctor says what is wrong), or leave the system out with a second signer.",
    ),
    "lines_open": (
        "Something in this access review is still open.",
        "Ask those who are named; what cannot be finished needs an exception with a second signer.",
    ),
    "second_signer_needed": (
        "This needs a second signer: an active person other than you.",
        "Name one and try again.",
    ),
    "too_long_an_exception": (
        "An exception for the access of somebody who has left lasts at most 30 days.",
        "Choose an earlier end date.",
    ),
    "end_date_needed": (
        "An exception needs an end date in the future.",
        "Choose one and try again.",
    ),
    "group_not_opened": (
        "This group was not opened, so nobody has seen what would be kept.",
        "Open it, look at its list, and decide the lines that were drawn from it one by one.",
    ),
    "spot_lines_open": (
        "The lines that were drawn from this group are not decided yet.",
        "Decide each of them on its own first; they are drawn from the list, so that nobody chooses them.",
    ),
    "group_dissolved": (
        "One of the lines drawn from this group was not kept, so the rest cannot be kept together.",
        "Decide its lines one by one.",
    ),
    "no_such_group": (
        "There is no such group here.",
        "Open your list again; it may have changed.",
    ),
    "no_such_line": (
        "There is no such line here.",
        "Open your list again; it may have changed.",
    ),
    "no_such_source": (
        "This access review has no such system.",
        "Choose one of those that its message shows.",
    ),
    "no_such_proposal": (
        "Nothing here waits for this second signature.",
        "Look at the newest message; it may be signed or declined already.",
    ),
    "no_such_case": (
        "This review does not exist.",
        "Open your list to see what is yours.",
    ),
    "already_exists": (
        "This access review exists already.",
        "Nothing has to be done.",
    ),
    "not_due": (
        "This is not due.",
        "Nothing was recorded.",
    ),
    "chain_too_long": (
        "These lines were already handed on three times.",
        "Decide them, or tell the control owner that they are not yours.",
    ),
    "been_asked": (
        "This person already had one of these lines.",
        "Choose somebody else.",
    ),
    "not_independent": (
        "This person may not judge one of these lines.",
        "Choose somebody else, or hand over only some of the lines.",
    ),
}  # fmt: skip


def refused(code: str, why: str = "", next_step: str = "") -> Refused:
    """The refusal with this name; ``why`` and ``next_step`` replace its sentences where more is known."""
    sentence, step = SENTENCES[code]
    return Refused(code, why or sentence, next_step or step)


def not_for_you(found: Objection) -> Refused:
    """The refusal of somebody who is not independent of a line."""
    return refused(
        found.code if found.code in SENTENCES else "not_yours", "" if found.code in SENTENCES else found.reason
    )


def not_for_them(found: Objection, line: AssignedLine) -> Refused:
    """The refusal of a person who was named as a reviewer."""
    account = line.line.account
    holder = line.person.name if line.person else account.name or account.login or account.native_id
    about = f"“{line.line.entitlement.name}” of {holder}"
    return refused("not_independent", f"This person may not judge {about}: {found.reason}")


def checked_reason(reason: str, least: int = 1) -> str:
    """The reason as typed. Refused when it is empty, shorter than ``least`` after trimming, or over 1,000 characters."""
    trimmed = reason.strip()
    if not trimmed:
        raise refused("reason_missing")
    if len(trimmed) < least:
        raise refused("reason_too_short", f"The reason has {len(trimmed)} characters; it needs at least {least}.")
    if len(reason) > 1000:
        raise refused("reason_too_long")
    if not writable(reason):
        raise refused("reason_missing", "The reason holds a broken character.", "Type it again.")
    return reason


def missing(parts: Sequence[str]) -> str:
    """What is missing, as one sentence."""
    shown = list(parts[:8])
    if len(parts) > len(shown):
        shown.append(f"and {len(parts) - len(shown)} more")
    return "Still open: " + "; ".join(shown) + "."
