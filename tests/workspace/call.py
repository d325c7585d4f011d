"""Calls that Slack refuses, and who makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

ME = "U0MAYA"


def refused(call: Callable[[], Any]) -> Any:
    """The answer of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        call()
    return caught.value.response
