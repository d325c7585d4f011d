"""One sign-in decides what was shown, once, for the person who was asked, in the browser that confirmed it."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.signin.offline import NotProven, batch_sha256, verify_offline
from bot.signin.proof import Proof, nonce_of
from tests.signin.issuer import MAYA, TOM
from tests.signin.world import CHANGED, World, revoke
from workflows.kernel.errors import Conflict, Unsure
from workflows.kernel.ports import SigningFailed


def file_of(proof: Proof, kind: str) -> bytes:
    return next(file.data for file in proof.files if file.ref.kind == f"attester.signin{kind}")


def outcome(world: World) -> list[str]:
    return [code for code, _ in world.noted]


def test_a_decision_is_shown_whole_confirmed_at_okta_and_recorded(world: World) -> None:
    opened = world.ask()
    maya = world.browser()

    page = maya.client.get(opened.address)
    done = maya.through(opened.address)

    for text in ("Revoke admin of acme/payments (line-1)", "tom-reyes", "none since 1 Aug 2026", "Tom changed teams."):
        assert text in page.text
    assert "Maya (maya@acme.test)" in page.text
    assert revoke().sha256() in page.text
    assert (done.status_code, "Recorded, 14:03 UTC" in done.text, "You can close this page" in done.text) == (
        200, True, True,
    )  # fmt: skip
    [(ticket, proof)] = world.decided
    assert (proof.sub, proof.level, ticket.decisions) == (MAYA, "slack+sso+mfa", (revoke(),))
    assert world.noted == []


def test_okta_is_asked_for_exactly_this_and_told_nothing_of_it(world: World) -> None:
    opened = world.ask()

    sent = world.browser().confirm(opened.address)

    query = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    assert query["nonce"] == nonce_of(opened.ticket)
    assert query | {"state": "", "nonce": "", "code_challenge": ""} == {
        "client_id": "0oaattester", "response_type": "code", "response_mode": "query", "scope": "openid",
        "redirect_uri": f"{world.base}/login/callback", "state": "", "nonce": "", "code_challenge": "",
        "code_challenge_method": "S256", "max_age": "300", "acr_values": "urn:okta:loa:2fa:any",
        "login_hint": "maya@acme.test",
    }  # fmt: skip


def test_one_sign_in_covers_a_batch_and_neither_more_nor_less(world: World) -> None:
    batch = [revoke(f"line-{n}") for n in range(23)]
    opened = world.ask(*batch)
    maya = world.browser()

    page = maya.client.get(opened.address)
    maya.through(opened.address)

    [(_, proof)] = world.decided
    summary = json.loads(file_of(proof, ""))
    token, jwk = file_of(proof, ".token").decode(), json.loads(file_of(proof, ".jwk"))
    salt, digests = base64.b64decode(summary["salt"]), [d.sha256() for d in batch]
    assert all(d.title in page.text for d in batch)
    assert summary["decisions"] == digests
    assert verify_offline(token, jwk, salt, batch_sha256(digests))["sub"] == MAYA
    for other in (digests[:-1], [*digests, "d" * 64], digests[::-1]):
        with pytest.raises(NotProven, match="another decision"):
            verify_offline(token, jwk, salt, batch_sha256(other))


def test_looking_ten_times_changes_nothing_and_the_link_is_still_good(world: World) -> None:
    opened = world.ask()

    looked = [world.browser().client.get(opened.address).status_code for _ in range(10)]
    looked += [world.browser().client.head(opened.address).status_code]
    done = world.browser().through(opened.address)

    assert set(looked) == {200}
    assert "Recorded" in done.text


def test_a_link_works_once(world: World) -> None:
    opened = world.ask()
    maya = world.browser()
    sent = maya.confirm(opened.address)
    back = maya.at_okta(sent)

    first, again, opened_again = maya.client.get(back), maya.client.get(back), maya.client.get(opened.address)

    assert (first.status_code, again.status_code, opened_again.status_code) == (200, 410, 410)
    assert "used already" in again.text
    assert len(world.decided) == 1


def test_two_answers_at_the_same_moment_are_one_decision(world: World) -> None:
    opened = world.ask()
    one = world.browser()
    backs = [one.at_okta(one.confirm(opened.address)) for _ in range(4)]
    cookies = dict(one.client.cookies)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda back: httpx.get(back, cookies=cookies), backs))

    assert sorted(a.status_code for a in answers) == [200, 410, 410, 410]
    assert len(world.decided) == 1


def test_a_forwarded_link_is_refused_for_whoever_else_signs_in(world: World) -> None:
    opened = world.ask()
    world.issuer.signs_in = TOM

    done = world.browser().through(opened.address)

    assert done.status_code == 403
    assert "Somebody else is signed in at Okta" in done.text
    assert (world.decided, outcome(world)) == ([], ["other_person"])


def test_an_answer_in_another_browser_uses_nothing_up(world: World) -> None:
    opened = world.ask()
    maya, tom = world.browser(), world.browser()
    back = maya.at_okta(maya.confirm(opened.address))

    tom.client.get(opened.address)
    elsewhere = [tom.client.get(back), world.browser().client.get(back)]
    here = maya.client.get(back)

    assert [a.status_code for a in elsewhere] == [403, 403]
    assert "not started in this browser" in elsewhere[0].text
    assert "Recorded" in here.text


def test_a_state_that_nobody_was_given_or_that_came_twice_uses_nothing_up(world: World) -> None:
    opened = world.ask()
    maya = world.browser()
    back = maya.at_okta(maya.confirm(opened.address))
    state = parse_qs(urlsplit(back).query)["state"][0]

    wrong = [
        maya.client.get(back.replace(state, "x" * 43)),
        maya.client.get("/login/callback"),
        maya.client.get(f"{back}&state={state}"),
        maya.client.head(back),
    ]

    assert [a.status_code for a in wrong] == [404, 404, 404, 404]
    assert "Recorded" in maya.client.get(back).text


def test_after_five_minutes_nothing_is_decided(world: World) -> None:
    opened = world.ask()
    maya = world.browser()
    back = maya.at_okta(maya.confirm(opened.address))

    world.later(minutes=5, seconds=1)
    answers = [maya.client.get(back), maya.client.get(opened.address)]

    assert [a.status_code for a in answers] == [410, 410]
    assert "expired" in answers[1].text
    assert world.decided == []


@pytest.mark.parametrize(
    ("error", "status", "kind", "words"),
    [
        ("access_denied", 403, "cancelled", "cancelled at Okta"),
        ("login_required", 403, "cancelled", "cancelled at Okta"),
        ("server_error", 502, "okta_refused", "attester doctor"),
        ("<script>", 502, "okta_refused", "attester doctor"),
    ],
)
def test_what_okta_says_instead_of_a_code_has_its_own_sentence(
    error: str, status: int, kind: str, words: str, small_world: World
) -> None:
    world, opened = small_world, small_world.ask()
    world.issuer.error = error

    done = world.browser().through(opened.address)

    assert (done.status_code, words in done.text, "Nothing was recorded" in done.text) == (status, True, True)
    assert (world.decided, outcome(world)) == ([], [kind])
    assert "<script>" not in done.text


def test_a_password_where_two_factors_are_asked_is_refused_and_never_recorded_as_less(small_world: World) -> None:
    world, opened = small_world, small_world.ask()
    world.issuer.says = {"amr": ["pwd"], "acr": "urn:okta:loa:1fa:any"}

    done = world.browser().through(opened.address)

    assert "second factor" in done.text
    assert (world.decided, outcome(world)) == ([], ["too_weak"])


@pytest.mark.parametrize(
    ("status", "kind"), [(503, "okta_unreachable"), (429, "okta_unreachable"), (401, "okta_refused")]
)
def test_a_code_that_okta_does_not_exchange_decides_nothing(status: int, kind: str, small_world: World) -> None:
    world, opened = small_world, small_world.ask()
    world.issuer.token_status = status

    done = world.browser().through(opened.address)

    assert (done.status_code, outcome(world), world.decided) == (502, [kind], [])
    assert "Nothing was recorded" in done.text


def test_an_outage_of_the_keys_is_said_as_such(small_world: World) -> None:
    world, opened = small_world, small_world.ask()
    world.issuer.keys_reply = (429, "{}")

    done = world.browser().through(opened.address)

    assert done.status_code == 502
    assert "Okta did not answer" in done.text
    assert outcome(world) == ["okta_unreachable"]


@pytest.mark.parametrize(
    ("failure", "words", "code"),
    [
        (CHANGED, "decided by Ana Ruiz", "already_decided"),
        (Conflict("a case"), "Somebody else was quicker", "conflict"),
        (Unsure("commit"), "We do not know whether this was recorded", "unsure"),
        (SigningFailed("no key"), "signing key could not be used", "signing_failed"),
    ],
)
def test_what_the_case_says_after_the_sign_in_is_what_counts(
    failure: Exception, words: str, code: str, small_world: World
) -> None:
    world, opened = small_world, small_world.ask()
    world.refusal = failure

    done = world.browser().through(opened.address)

    assert words in done.text
    assert outcome(world) == [code]
    assert ("Nothing was recorded" in done.text or "nothing was recorded" in done.text) is (code != "unsure")


@pytest.mark.parametrize("change", ["gone", "left", "unknown"])
def test_who_left_between_click_and_sign_in_decides_nothing(change: str, small_world: World) -> None:
    world, opened = small_world, small_world.ask()
    if change == "gone":
        del world.people[MAYA]
    else:
        left = {"left": False, "unknown": None}[change]
        world.people[MAYA] = world.people[MAYA].model_copy(update={"employed": left})

    done = world.browser().through(opened.address)

    assert done.status_code == 409
    assert world.decided == []


def test_a_link_that_is_opened_again_and_again_is_stopped(small_world: World) -> None:
    opened = small_world.ask()
    maya = small_world.browser()

    sent = [maya.confirm(opened.address).status_code for _ in range(11)]

    assert sent == [303] * 10 + [429]


def test_a_decision_of_somebody_else_cannot_be_asked_for(small_world: World) -> None:
    with pytest.raises(ValueError, match="the one person whose it is"):
        small_world.ask(revoke(), revoke("line-2", person=TOM))
    with pytest.raises(ValueError, match="each of them once"):
        small_world.ask(revoke(), revoke())
