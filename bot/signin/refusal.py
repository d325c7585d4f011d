"""What a sign-in may fail at, by kind, and the sentences for it. An outage is never called a bad token.

Every sentence says that nothing was recorded and what to do; whose fault it is decides which of them it is.
"""

from __future__ import annotations

AGAIN = "Nothing was recorded. Press the button in Slack again."

SENTENCES = {
    "cancelled": "The sign-in was cancelled at Okta.",
    "okta_unreachable": "Okta did not answer, so your sign-in could not be checked. That is not your mistake.",
    "okta_refused": "Okta refused the sign-in as we asked for it. Whoever runs Attester has to look at its settings.",
    "token_refused": "What Okta sent back could not be accepted as a proof of who you are.",
    "other_person": "Somebody else is signed in at Okta in this browser than the person who was asked.",
    "too_old": "Your sign-in at Okta is too old for this decision.",
    "too_weak": "This decision needs a sign-in with a second factor, and Okta reports none.",
    "wrong_browser": "This sign-in was not started in this browser.",
    "unknown": "This link is not known, or it was shortened on the way.",
    "expired": "This link has expired; it is good for 5 minutes.",
    "used": "This link was used already, and it works once.",
    "too_many": "This link was opened too often.",
    "crowded": "Too many people are signing in at this moment.",
    "form": "This page was open for too long or was sent from elsewhere.",
}

NEXT_STEPS = {
    "okta_unreachable": "Nothing was recorded. Try again in a minute from the button in Slack.",
    "okta_refused": "Nothing was recorded. Ask them to run: attester doctor",
    "other_person": "Nothing was recorded. Sign out at Okta, then press the button in Slack again.",
    "wrong_browser": "Nothing was recorded. Open the link from Slack in this browser and confirm there.",
    "used": "Look at the card in Slack: it shows what is recorded.",
    "crowded": "Nothing was recorded. Try again in a minute.",
    "form": "Nothing was recorded. Load the page again and confirm there.",
}


class SignInRefused(Exception):
    """The sign-in proves nothing for this decision; nothing was recorded.

    ``kind`` is a key of SENTENCES, ``detail`` says for the log which check failed (`nonce_missing`, `aud`…). It never
    holds a token, a code or a person's data.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = detail

    @property
    def sentence(self) -> str:
        """The reason and the next step, for the person."""
        return f"{SENTENCES[self.kind]} {self.next_step}"

    @property
    def next_step(self) -> str:
        """What the person can do now."""
        return NEXT_STEPS.get(self.kind, AGAIN)
