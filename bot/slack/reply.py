"""Private answers and Home tabs, said outside of the request: best effort, and never the only place of a fact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import structlog
from prometheus_client import Counter

from bot.slack.card import confirm_blocks, confirm_view, notice_view
from bot.slack.payload import Handles, Incoming
from bot.slack.ports import SlackChat
from bot.slack.show import DEEPEST
from workflows.kernel.blocks import Block, section
from workflows.kernel.ports import ChatFailure
from workflows.kernel.text import mrkdwn

THREADS = 16
UNSAID = Counter("attester_reply_failed_total", "Private answers that did not get through, by reason", ["reason"])

LOG = structlog.get_logger("attester.slack")


class Reply:
    """A small pool that talks to Slack after the answer to Slack is on its way."""

    def __init__(self, chat: SlackChat, threads: int = THREADS) -> None:
        self._chat = chat
        self._unsaid: set[Future[None]] = set()
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="slack-reply")

    def privately(self, seen: Incoming, handles: Handles, text: str) -> None:
        """Tell one person a sentence: under the message that they pressed in, or in a window where there is none."""
        blocks = [section(mrkdwn(text, 2_900))]
        self.later(lambda: self._say(seen, handles, text, blocks, notice_view(text)))

    def confirm(self, seen: Incoming, handles: Handles, address: str) -> None:
        """Show one person the address where they confirm what they pressed."""
        text = "This decision wants a fresh sign-in. Nothing is recorded yet."
        self.later(lambda: self._say(seen, handles, text, confirm_blocks(address), confirm_view(address)))

    def later(self, job: Callable[[], None]) -> None:
        """Run a job that may fail with ChatFailure; anything else that it raises is logged by its type."""
        try:
            said = self.pool.submit(job)
        except RuntimeError:  # the pool is shut down: the process is going away
            UNSAID.labels("stopping").inc()
            return
        self._unsaid.add(said)
        said.add_done_callback(_note)
        said.add_done_callback(self._unsaid.discard)

    def wait(self, seconds: float) -> None:
        """Return when everything that was to be said until now was said, or after so many seconds."""
        wait(list(self._unsaid), seconds)

    def close(self) -> None:
        """Say what is still to be said, then end the threads."""
        self.pool.shutdown(wait=True)

    def _say(self, seen: Incoming, handles: Handles, text: str, blocks: Sequence[Block], view: Block) -> None:
        if handles.response_url:
            try:
                self._chat.respond(handles.response_url, text, blocks)
                return
            except ChatFailure as failure:
                UNSAID.labels(failure.code).inc()
        if handles.channel:
            self._chat.whisper(handles.channel, handles.user, text, blocks)
        elif handles.in_view and seen.depth < DEEPEST:
            self._chat.push_view(handles.trigger, view)
        elif not handles.in_view and handles.trigger:
            self._chat.open_view(handles.trigger, view)


def _note(done: Future[None]) -> None:
    error = done.exception()
    if error is None:
        return
    reason = error.code if isinstance(error, ChatFailure) else type(error).__name__
    UNSAID.labels(reason).inc()
    LOG.warning("reply_failed", reason=reason)
