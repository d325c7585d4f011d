"""The command line of `verify.py`: exit 0 where everything verifies, 1 where something does not, 2 for a wrong call."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.packet.verifier.report import Report
from bot.packet.verifier.whole import silent, verify

BAR = 28
LINES = 200
HELD_LIMIT = 1024 * 1024


def show_progress(what: str, done: int, total: int) -> None:
    """A bar on a terminal."""
    if total and done % max(1, total // 100) == 0:
        full = BAR * done // total
        sys.stderr.write(f"\r{'#' * full}{'.' * (BAR - full)} {done:,}/{total:,} {what}   ")
        sys.stderr.flush()


def lines_of(report: Report) -> list[str]:
    """What a person reads: a line per failed item, the keys to compare, and the outcome as the last line."""
    told = [*report.findings, *report.warnings]
    lines = [f"{finding.verdict}: {finding.sentence}" for finding in told[:LINES]]
    if len(told) > LINES:
        lines.append(f"... and {len(told) - LINES:,} more; --json lists all.")
    if report.fine:
        lines.extend([report.newest_anchor] if report.newest_anchor else [])
        lines.extend(f"Signed with {key}" for key in report.keys)
        lines.append(f"Logged with {report.log_key}")
        lines.extend(f"Stamped under the root certificate {root}" for root in report.authorities)
        lines.append("Compare these keys with those that the company gave you by another route.")
    lines.append(report.sentence)
    return lines


def read_file(name: str) -> bytes:
    """The bytes of a small file."""
    with open(name, "rb") as file:
        return file.read(HELD_LIMIT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify one packet and say how it went."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Verify a packet offline: nothing is sent anywhere, and nothing but this file and "
        "the Python package `cryptography` is needed.",
        epilog="Exit code: 0 everything verifies, 1 something does not, 2 wrong call.",
    )
    parser.add_argument("packet", help="the zip file, or the folder that it was unpacked to")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON, with a verdict per attestation")
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="SHA256:...",
        help="a key fingerprint that you know from elsewhere; may be repeated; every other key then fails",
    )
    parser.add_argument(
        "--held",
        action="append",
        default=[],
        metavar="CHECKPOINT",
        help="a file with a checkpoint that you hold from elsewhere (a receipt, the vault); may be repeated; the log must "
        "begin with it",
    )
    told = parser.parse_args(arguments)
    progress = show_progress if sys.stderr.isatty() and not told.json else silent
    try:
        held = [read_file(name) for name in told.held]
        report = verify(told.packet, tuple(told.trust), progress, held)
    except OSError as error:
        parser.error(f"{error.filename or told.packet} cannot be read: {error.strerror}")
    if progress is not silent:
        sys.stderr.write("\r" + " " * 70 + "\r")
    print(report.as_json() if told.json else "\n".join(lines_of(report)))
    return 0 if report.fine else 1
