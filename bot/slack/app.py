"""The Bolt app: listeners that read, ask and answer, and decide nothing themselves.

`process_before_response`: a listener's exception becomes a 500 at once, which Slack re-delivers for events, and no
acknowledgement can be lost in a race. Nothing comes after `ack()`, and no listener is lazy.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from traceback import extract_tb
from typing import Any

import structlog
from slack_bolt import Ack, BoltRequest, BoltResponse
from slack_bolt import App as App
from slack_bolt.authorization import AuthorizeResult

from bot.answers import answer
from bot.slack.card import OPEN_CARD, confirm_view, notice_view
from bot.slack.chat import silent, tokenless_client
from bot.slack.command import COMMANDS, refused
from bot.slack.decide import Confirm, Decided, Desk, Fields, Form, No, Result
from bot.slack.event import Events
from bot.slack.home import enrol_url
from bot.slack.identify import Identify, is_installed
from bot.slack.lookup import LookUp
from bot.slack.payload import (
    Handles,
    Incoming,
    read_action,
    read_command,
    read_handles,
    read_submission,
    read_via,
    read_where,
)
from bot.slack.ports import Deps
from bot.slack.reply import Reply
from bot.slack.said import Said
from bot.slack.shape import Malformed, check_shape
from bot.slack.show import DEEPEST, Window
from workflows.kernel.errors import Conflict, Unsure
from workflows.kernel.link import Link
from workflows.kernel.model import Via

BoltApp = App
"""The app as others name its type: the library stays in this folder."""

ANYTHING = re.compile("")
LOG = structlog.get_logger("attester.slack")


@dataclass(frozen=True)
class Office:
    """The parts that listeners work with."""

    deps: Deps
    desk: Desk
    window: Window
    reply: Reply
    events: Events
    lookup: LookUp

    def via(self, request: BoltRequest) -> Via:
        """How a request reached us."""
        stamp = request.headers.get("x-slack-request-timestamp", [""])[0]
        socket = request.mode == "socket_mode"
        return read_via(request.body, "" if socket else request.raw_body, stamp, socket, self.deps.clock.now())

    def close(self) -> None:
        """Say what is still to be said."""
        self.window.close()
        self.reply.close()


def office(deps: Deps) -> Office:
    """The parts, made from what the composition root gives."""
    identify = Identify(deps.members, deps.book)
    desk = Desk(deps.runtime, deps.cases, deps.refusals, identify, deps.clock, deps.step_up)
    reply = Reply(deps.chat)
    lookup = LookUp(deps.members, deps.chat, deps.clock, deps.resync)
    return Office(deps, desk, Window(deps.chat), reply, Events(deps, desk, identify, lookup), lookup)


def build_app(deps: Deps, parts: Office | None = None) -> App:
    """The app with its listeners. Calls nobody: Slack may be down while the process starts."""
    parts = parts or office(deps)
    installed = deps.installation
    app = App(
        name="attester",
        logger=silent(),
        process_before_response=True,
        signing_secret=deps.signing_secret,
        # Without one of ours Bolt takes SLACK_BOT_TOKEN from the environment, and every listener could post.
        client=tokenless_client(),
        # Stored, and without a token, so that Slack may be down when the process starts.
        authorize=lambda: _authorized(installed()),
    )
    app.use(_only_here(deps))
    app.action(ANYTHING)(_action(parts))
    app.view_submission(ANYTHING)(_submission(parts))
    app.view_closed(ANYTHING)(_closed)
    app.command(ANYTHING)(_command(parts))
    _subscribe(app, parts)
    app.error(_broken(parts))
    return app


def _authorized(found: Any) -> AuthorizeResult:
    if found is None:
        return AuthorizeResult(enterprise_id=None, team_id=None)
    return AuthorizeResult(
        enterprise_id=found.enterprise or None, team_id=found.team, bot_id=found.bot, bot_user_id=found.bot_user
    )


def _only_here(deps: Deps) -> Callable[..., BoltResponse]:
    def only_here(body: dict[str, Any], next: Callable[[], BoltResponse]) -> BoltResponse:
        installed = deps.installation()
        if installed is None:
            return BoltResponse(status=503, body="")
        try:
            check_shape(body)  # again, because Socket Mode's payloads do not come through the door
        except Malformed as reason:
            LOG.warning("malformed", reason=str(reason))
            return BoltResponse(status=400, body="")
        if not is_installed(read_where(body), installed):
            LOG.warning("wrong_workspace", app=str(body.get("api_app_id", ""))[:20])
            return BoltResponse(status=401, body="")
        return next()

    return only_here


def _action(parts: Office) -> Callable[..., None]:
    def act(ack: Ack, body: dict[str, Any], request: BoltRequest) -> None:
        seen, handles = read_action(body, parts.via(request)), read_handles(body)
        result = parts.desk.take(seen, parts.deps.installation())
        if isinstance(result, Form):
            problem = parts.window.show(seen, handles, result.view)
            if problem:
                parts.reply.privately(seen, handles, problem)
        else:
            after_press(parts, seen, handles, result)
        ack()

    return act


def after_press(parts: Office, seen: Incoming, handles: Handles, result: Result) -> None:
    """What a person is told after a press: a refusal in private; a decision shows on its card, and in the form they are in."""
    if isinstance(result, Decided):
        if handles.in_view:
            parts.reply.later(lambda: _again(parts, seen, handles))
    elif isinstance(result, Fields):
        parts.reply.privately(seen, handles, f"{' '.join(result.errors.values())} Nothing was recorded.")
    elif isinstance(result, Confirm):
        parts.reply.confirm(seen, handles, result.address)
    elif not isinstance(result, Form):
        parts.reply.privately(seen, handles, result.answer.text)
        if result.answer.code == "unverified":
            parts.reply.later(lambda: parts.lookup.ask(seen.where))


def _again(parts: Office, seen: Incoming, handles: Handles) -> None:
    """Show the form as it looks after the decision; from a card that was opened on the Home tab, that tab too."""
    installed, chat = parts.deps.installation(), parts.deps.chat
    view = parts.desk.again(seen, installed)
    if view is not None:
        chat.update_view(handles.view, "", view)
    if seen.around is not None and seen.around.act == OPEN_CARD:
        chat.publish_home(handles.user, parts.events.render(handles.user, installed))


def _submission(parts: Office) -> Callable[..., None]:
    def submit(ack: Ack, body: dict[str, Any], request: BoltRequest) -> None:
        seen = read_submission(body, parts.via(request))
        result = parts.desk.take(seen, parts.deps.installation())
        ack(**submission_answer(seen, result))

    return submit


def submission_answer(seen: Incoming, result: Result) -> dict[str, Any]:
    """The answer to a submitted form. What was typed survives everything but success: a sentence is pushed on top."""
    if isinstance(result, Form):
        return {"response_action": "update", "view": dict(result.view)}
    if isinstance(result, Confirm):
        return {"response_action": "update", "view": confirm_view(result.address)}
    if isinstance(result, Decided) and not result.signed:
        return {"response_action": "clear"}
    if isinstance(result, Decided):
        return {"response_action": "update", "view": notice_view(result.text, "Recorded")}
    if isinstance(result, Fields):
        known = {field: text for field, text in result.errors.items() if field in seen.fields}
        if known or not seen.fields:
            return {"response_action": "errors", "errors": known or dict(result.errors)}
        return {"response_action": "errors", "errors": {seen.fields[0]: " ".join(result.errors.values())}}
    if seen.depth >= DEEPEST and seen.fields:
        return {"response_action": "errors", "errors": {seen.fields[0]: result.answer.text}}
    return {"response_action": "push", "view": notice_view(result.answer.text)}


def _closed(ack: Ack) -> None:
    ack()


def _command(parts: Office) -> Callable[..., None]:
    def command(ack: Ack, body: dict[str, Any], request: BoltRequest) -> None:
        seen = read_command(body, parts.via(request))
        try:
            said = run_command(parts, body, seen)
        except (Conflict, Unsure) as error:
            said = Said(answer(error).text)
        if said.text:
            ack(text=said.text, blocks=list(said.blocks) or None, response_type="ephemeral")
        else:
            ack()

    return command


def run_command(parts: Office, body: Mapping[str, Any], seen: Incoming) -> Said:
    """The private answer to a slash command; every command answers `help`, also to somebody who may do nothing else."""
    known, text = COMMANDS.get(str(body.get("command"))), str(body.get("text") or "")
    if known is None:
        return Said("This version of Attester does not know that command. Nothing was recorded.")
    installed = parts.deps.installation()
    word = known.word(text)
    refusal = parts.desk.refusal(seen, installed, word.need if word else "member")
    if refusal is not None:
        if refusal.code == "unverified":
            parts.reply.later(lambda: parts.lookup.ask(seen.where))
        address = enrol_url(parts.deps, refusal, seen.where.user, installed)
        return refused(refusal, seen.where.user, address)
    if word is None:
        return known.help() if text.strip().lower() == "help" else known.unknown(text)
    said = word.say(parts.deps, parts.desk.actor(seen, installed).somebody(), parts.deps.clock.now())
    return _opened(parts, body, seen, said) if isinstance(said, Link) else said


def _opened(parts: Office, body: Mapping[str, Any], seen: Incoming, link: Link) -> Said:
    """Open the form behind a link, as a press of a button that carries it would; what is refused is said instead."""
    pressed = seen.model_copy(update={"kind": "action", "link": link})
    result = parts.desk.take(pressed, parts.deps.installation())
    if isinstance(result, Form):
        return Said(parts.window.show(pressed, read_handles(body), result.view) or "")
    return Said(result.answer.text if isinstance(result, No) else "")


def _subscribe(app: App, parts: Office) -> None:
    @app.event("app_home_opened")
    def home_opened(body: dict[str, Any]) -> None:
        publish = parts.events.home(body)
        if publish is not None:
            parts.reply.later(publish)

    @app.event("user_change")
    def user_change(body: dict[str, Any]) -> None:
        parts.events.member_changed(body)

    @app.event("app_uninstalled")
    def app_uninstalled(body: dict[str, Any]) -> None:
        parts.events.removed(body)

    @app.event("tokens_revoked")
    def tokens_revoked(body: dict[str, Any]) -> None:
        parts.events.removed(body)


def _places(error: BaseException) -> list[str]:
    """Where an error passed through, without its message: messages quote what was in the request."""
    return [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)
    ]


def _broken(parts: Office) -> Callable[..., BoltResponse]:
    def broken(error: Exception, request: BoltRequest, body: dict[str, Any]) -> BoltResponse:
        """Nobody foresaw this. The claim says whether the decision stands; then the person reads `Recorded` after all."""
        reference = secrets.token_hex(4)
        LOG.error("listener_failed", reference=reference, error=type(error).__name__, at=_places(error))
        kind = body.get("type")
        if kind not in ("block_actions", "view_submission"):
            return BoltResponse(status=500, body="")
        seen = (read_action if kind == "block_actions" else read_submission)(body, parts.via(request))
        if (settled := parts.desk.settled(seen)) is not None:
            answered = submission_answer(seen, settled) if seen.kind == "submit" else ""
            return BoltResponse(status=200, body=answered)
        if seen.kind == "action":
            parts.reply.privately(seen, read_handles(body), answer(error, reference).text)
        return BoltResponse(status=500, body="")

    return broken
