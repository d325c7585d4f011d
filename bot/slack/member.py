"""A row of Slack's directory, read the same way from `users.list`, `users.info` and the event `user_change`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.kernel.ports import ChatUser


def read_member(row: Mapping[str, Any]) -> ChatUser:
    """The row as a value; a flag that Slack did not send, or sent as something else, is None and refuses.

    Raises ValueError for a row without ids: it cannot be anybody.
    """
    user, team = row.get("id"), row.get("team_id")
    if not isinstance(user, str) or not isinstance(team, str) or not user or not team:
        raise ValueError("a member without id or team_id")
    found = row.get("profile")
    profile: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    gone = _flag(row, "deleted")
    return ChatUser(
        user=user,
        team=team,
        name=_text(profile.get("real_name")) or _text(row.get("real_name")) or _text(row.get("name")) or user,
        email=_text(profile.get("email")) or None,
        time_zone=_text(row.get("tz")) or "UTC",
        deleted=gone,
        bot=_flag(row, "is_bot"),
        # Slack omits the guest flags for deactivated accounts, which are refused for being deactivated.
        restricted=_flag(row, "is_restricted", absent=False if gone else None),
        ultra_restricted=_flag(row, "is_ultra_restricted", absent=False if gone else None),
        # Slack leaves these two out where they are false; the other flags it always sends.
        stranger=_flag(row, "is_stranger", absent=False),
        invited=_flag(row, "is_invited_user", absent=False),
    )


def _flag(row: Mapping[str, Any], name: str, absent: bool | None = None) -> bool | None:
    value = row.get(name, absent)
    return value if isinstance(value, bool) else None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
