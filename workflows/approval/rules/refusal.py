"""The named refusals of an approval, each with its reason and its next step, as sentences for people."""

from __future__ import annotations

from workflows.kernel.errors import Refused
from workflows.kernel.text import writable

SENTENCES: dict[str, tuple[str, str]] = {
    "own_request": (
        "You asked for this yourself, so somebody else decides it.",
        "Nothing is wanted of you; you hear when it is decided.",
    ),
    "benefits_you": (
        "This is for your own benefit, so somebody else decides it.",
        "Nothing is wanted of you; you hear when it is decided.",
    ),
    "own_risk": (
        "You own this risk, so somebody else decides whether it is accepted.",
        "Nothing is wanted of you; you hear when it is decided.",
    ),
    "author": (
        "You wrote part of this change, so somebody else decides whether it goes out.",
        "Ask another release approver to look at it.",
    ),
    "subordinate": (
        "You report to the person who asks or benefits.",
        "Somebody who does not depend on them is asked.",
    ),
    "decided_earlier": (
        "You decided an earlier step of this, so another person decides this one.",
        "Nothing more is wanted of you here.",
    ),
    "inside_line": (
        "The risk's owner reports to you, and this step is for somebody outside that line.",
        "Nothing more is wanted of you here.",
    ),
    "not_asked": (
        "This is not yours to decide.",
        "If it should be yours, ask one of those who are asked to hand it over.",
    ),
    "not_employed": (
        "Only active employees decide here, and the directory does not show you as one.",
        "If that is wrong, ask the control owner to have the directory corrected.",
    ),
    "not_linked": (
        "Your Slack account is not linked to a person in the directory.",
        "Ask the control owner to link it, then try again.",
    ),
    "directory_too_old": (
        "The directory of people was last read more than a day ago, so nobody can be recognised surely.",
        "Try again after the next directory pull; the control owner can start one.",
    ),
    "changed_since_shown": (
        "This changed since it was shown to you.",
        "Look at the newest card and decide on what it says now.",
    ),
    "already_decided": (
        "This is already decided.",
        "Look at the card; nothing of your answer was recorded as a decision.",
    ),
    "withdrawn": (
        "Whoever asked has taken this back.",
        "Nothing has to be done.",
    ),
    "superseded": (
        "What was asked about has changed, so this request no longer counts.",
        "If it is still wanted, it is asked anew.",
    ),
    "lapsed": (
        "The time to decide this is over; silence approved nothing.",
        "If it is still wanted, ask for it again.",
    ),
    "collecting": (
        "The evidence for this is not complete yet, so nobody decides it now.",
        "You are asked as soon as it is here.",
    ),
    "step_up_needed": (
        "This decision needs a stronger sign-in than a press in Slack.",
        "Sign in again when asked, then repeat it. Nothing was recorded as a decision.",
    ),
    "reason_missing": (
        "A reason is needed.",
        "Write in a sentence why, then send it again.",
    ),
    "reason_too_short": (
        "The reason is too short to tell anybody anything.",
        "Write a whole sentence, then send it again.",
    ),
    "reason_too_long": (
        "The reason is longer than 1,000 characters.",
        "Shorten it, then send it again.",
    ),
    "reason_unreadable": (
        "The text has signs that cannot be written down: half a character, or a null.",
        "Type it again, then send it.",
    ),
    "end_missing": (
        "This can only be given for a time.",
        "Choose until when, then send it again.",
    ),
    "end_too_far": (
        "That is longer than is allowed for this.",
        "Choose an earlier end, then send it again.",
    ),
    "end_passed": (
        "The end that was asked for has passed.",
        "If it is still wanted, ask for it again.",
    ),
    "only_shorter": (
        "A request can be shortened, never lengthened.",
        "Choose an earlier end that still lies ahead.",
    ),
    "not_in_catalogue": (
        "This cannot be asked for: it is not in the catalogue.",
        "Choose from the list of /access, or ask the control owner to add it to the program.",
    ),
    "no_list": (
        "There is no complete list of who has what in that system yet.",
        "Try again after its next complete pull.",
    ),
    "unknown_person": (
        "Nobody who works here has this id.",
        "Choose a person from the directory.",
    ),
    "already_asked": (
        "This is asked for already.",
        "Wait for that answer, or take that request back first.",
    ),
    "conflict_of_duties": (
        "One person may not hold these two at once.",
        "One of the two has to end first; the control owner can tell which.",
    ),
    "nobody_may": (
        "Nobody who could decide this is independent and can be asked.",
        "Ask the control owner to name somebody in the program.",
    ),
    "no_owner": (
        "Neither the control owner nor the deputy is in the directory.",
        "Have the directory or the program corrected.",
    ),
    "no_emergency": (
        "The program has no policy for emergencies.",
        "Ask for it in the ordinary way.",
    ),
    "no_risks": (
        "The program does not say who accepts risks.",
        "Ask the control owner to add `risks` to this control.",
    ),
    "no_such_environment": (
        "The program names no such environment.",
        "Ask the control owner to add it to this control.",
    ),
    "rotate_it": (
        "A live secret cannot be accepted.",
        "Rotate it, then scan again.",
    ),
    "finding_unknown": (
        "This finding is not in a stored scan.",
        "Upload the scan first, then ask again.",
    ),
    "already_accepted": (
        "This finding is accepted already.",
        "Ask anew in the last 14 days before its end, if it is still there.",
    ),
    "compensating_missing": (
        "An accepted risk needs a control that makes up for it.",
        "Write what is done instead, then send it again.",
    ),
    "unknown_author": (
        "An author of this change is not linked to anybody in the directory, so you cannot be told apart from them.",
        "You can refuse it now. To approve it, have the login linked first.",
    ),
    "other_commit": (
        "This evidence is about another commit.",
        "Send evidence for exactly the commit that waits.",
    ),
    "not_yours": (
        "This is not yours to do.",
        "Look at the card: it names whose it is.",
    ),
    "in_effect": (
        "This is in effect already, so it cannot be taken back.",
        "It ends at its end. To end it now, ask whoever granted it.",
    ),
    "task_over": (
        "Nothing has to be done here any more.",
        "Nothing is wanted of you.",
    ),
    "not_independent": (
        "This person may not decide it.",
        "Choose somebody else.",
    ),
    "chain_too_long": (
        "This was handed over three times already.",
        "Decide it, or refuse it with a reason.",
    ),
    "too_long_away": (
        "A handover lasts at most 30 days.",
        "Choose a day after today and at most 30 days ahead.",
    ),
    "name_too_long": (
        "The names of this are too long for a case.",
        "Ask the control owner to give the entry a shorter id.",
    ),
    "not_due": (
        "This is not due.",
        "Nothing was recorded.",
    ),
    "not_for_people": (
        "Attester does this by itself.",
        "Nothing was recorded.",
    ),
    "already_exists": (
        "This case exists already.",
        "Nothing has to be done.",
    ),
    "no_such_case": (
        "This does not exist here.",
        "Open the Home tab for what is waiting.",
    ),
}  # fmt: skip


def refused(code: str, why: str = "", next_step: str = "") -> Refused:
    """The refusal with this name; ``why`` and ``next_step`` replace its sentences where more is known."""
    sentence, step = SENTENCES[code]
    return Refused(code, why or sentence, next_step or step)


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
        raise refused("reason_unreadable")
    return reason
