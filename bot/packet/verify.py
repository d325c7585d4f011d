"""Does this packet verify? Offline: no database, no Slack, no network, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.packet.verifier.manifest import Progress
from bot.packet.verifier.report import Report
from bot.packet.verifier.whole import silent
from bot.packet.verifier.whole import verify as _verify

__all__ = ["Report", "verify"]


def verify(path: Path, trust: tuple[str, ...] = (), progress: Progress = silent, held: Sequence[bytes] = ()) -> Report:
    """Everything that can be checked of a packet: a zip file or an unpacked folder.

    ``trust`` are fingerprints known from elsewhere; where given, every key, and the root certificate of every timestamp
    authority, must be among them. ``held`` are checkpoints (signed notes or `.tlog-proof` files) that the reader has from
    elsewhere, with which the log must begin. What is wrong stands in the report; only a path with nothing at it raises
    (FileNotFoundError). The same code travels in the packet as `verify.py`.
    """
    return _verify(str(path), trust, progress, held)
