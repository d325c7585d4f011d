"""Showing something while a person waits: the only call to Slack inside a request, bounded at 2 s of wall clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from typing import Any

from bot.slack.payload import Handles, Incoming
from bot.slack.ports import Screen
from workflows.kernel.blocks import PREFIX
from workflows.kernel.ports import ChatFailure

WAIT = 2.0
"""Seconds. A client's timeout is per socket read, so a server that trickles would hold it far longer: a future bounds it."""
DEEPEST = 3
THREADS = 32
"""Calls that may hang at once before others wait too; a call that hangs ends by its own timeouts."""
AGAIN = "Nothing was recorded. Press the button again."
SENTENCES = {
    "expired_trigger_id": f"That took too long, so Slack did not open the form. {AGAIN}",
    "exchanged_trigger_id": f"Slack opened something for this press already. {AGAIN}",
    "hash_conflict": f"The form changed in the meantime. {AGAIN}",
    "push_limit_reached": "Three windows are open, which is Slack's limit. Nothing was recorded. Close one, then press again.",
}


class Window:
    """Opens, pushes or replaces a view, and answers with a sentence where that did not work."""

    def __init__(self, screen: Screen, wait: float = WAIT) -> None:
        self._screen = screen
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="slack-show")
        self._wait = wait

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def show(self, seen: Incoming, handles: Handles, view: Mapping[str, Any]) -> str | None:
        """None where the view is on the screen, else what to tell the person."""
        call = self._way(seen, handles, view)
        if call is None:
            return SENTENCES["push_limit_reached"]
        try:
            self._pool.submit(call).result(self._wait)
        except TooSlow:
            return f"Slack was slow to open the form. {AGAIN}"
        except ChatFailure as failure:
            return SENTENCES.get(failure.code, f"Slack did not open the form ({failure.code}). {AGAIN}")
        return None

    def _way(self, seen: Incoming, handles: Handles, view: Mapping[str, Any]) -> Callable[[], None] | None:
        """From a message or Home a form is opened; from a form, the same form is replaced and another put on top."""
        if not handles.in_view:
            return lambda: self._screen.open_view(handles.trigger, view)
        if seen.around and view.get("callback_id") == f"{PREFIX}{seen.around.act}":
            return lambda: self._screen.update_view(handles.view, handles.view_hash, view)
        if seen.depth < DEEPEST:
            return lambda: self._screen.push_view(handles.trigger, view)
        return None
