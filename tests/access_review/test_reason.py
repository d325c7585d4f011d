"""What a reason may be: any language, as typed, as long as it can be kept."""

from __future__ import annotations

import pytest

from workflows.access_review.forms.field import Reader
from workflows.access_review.rules.refusal import checked_reason
from workflows.kernel.errors import FieldErrors, Refused

BROKEN = "half a pair \ud83d of surrogates"


def test_a_reason_with_a_broken_character_is_refused_and_nothing_fails() -> None:
    with pytest.raises(Refused) as refusal:
        checked_reason(BROKEN)

    assert "broken character" in refusal.value.why


def test_a_form_says_under_the_field_that_a_character_is_broken() -> None:
    form = Reader({"reason": BROKEN})

    form.reason()

    with pytest.raises(FieldErrors) as wrong:
        form.done()
    assert wrong.value.errors == {"reason": "This holds a broken character. Please type it again."}


def test_a_reason_in_any_language_is_kept_as_typed() -> None:
    said = "  理由: 毎週使う — נחוץ 🙂  "

    assert checked_reason(said) == said
