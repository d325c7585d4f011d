"""What a verification found: a verdict and one sentence for each thing that is not as it should be."""

from __future__ import annotations

import json
from typing import NamedTuple

WARNINGS = ("no outside time", "erased", "late")
"""Verdicts that are said but do not fail a packet."""
PASSED = ("valid", *WARNINGS)


class Bad(Exception):
    """Something is not as it should be. ``verdict`` is its word, ``sentence`` says what it means."""

    def __init__(self, verdict: str, sentence: str) -> None:
        super().__init__(sentence)
        self.verdict = verdict
        self.sentence = sentence


class Finding(NamedTuple):
    """One thing that does not verify: a file's path, an attestation's id or a case."""

    item: str
    verdict: str
    sentence: str


class Report:
    """The outcome. ``fine`` is what counts; ``sentence`` says it in one line, for people."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self.verdicts: dict[str, str] = {}
        self.attestations = 0
        self.evidence = 0
        self.entries = 0
        self.keys: list[str] = []
        self.log_key = ""
        self.anchors = 0
        self.newest_anchor = ""
        self.sign_ins = 0
        self.authorities: list[str] = []
        self.interval: str | None = None

    def bad(self, item: str, problem: Bad) -> None:
        """Note a failure of an item."""
        self.findings.append(Finding(item, problem.verdict, problem.sentence))

    def warn(self, item: str, verdict: str, sentence: str) -> None:
        """Say something of an item that does not fail the packet."""
        self.warnings.append(Finding(item, verdict, sentence))

    def used_authority(self, root: str) -> None:
        """A time stamp rests on this root certificate."""
        if root not in self.authorities:
            self.authorities.append(root)

    @property
    def fine(self) -> bool:
        """Whether everything verifies."""
        return self.attestations > 0 and not self.findings

    @property
    def sentence(self) -> str:
        """The last line that a person reads."""
        if self.fine:
            anchors = f", {counted(self.anchors, 'anchor')}" if self.anchors else ""
            proven = f", {counted(self.sign_ins, 'sign-in')}" if self.sign_ins else ""
            return (
                f"{counted(self.attestations, 'attestation')}, {counted(self.evidence, 'evidence file')}, "
                f"log {counted(self.entries, 'entry', 'entries')}{anchors}{proven}: all verify.{self._warned()}"
            )
        failed = {name for name, verdict in self.verdicts.items() if verdict not in PASSED}
        if failed:
            return f"{len(failed):,} of {len(self.verdicts):,} attestations do not verify. Do not rely on this packet."
        things = counted(len(self.findings), "thing does", "things do")
        return f"This packet does not verify: {things} not hold. Do not rely on it."

    def _warned(self) -> str:
        """What is to be known although all verifies; empty where every attestation is `valid`."""
        count = {word: sum(1 for verdict in self.verdicts.values() if verdict == word) for word in PASSED}
        told = ""
        if count["erased"]:
            told += f" {counted(count['erased'], 'attestation was', 'attestations were')} erased after retention."
        if count["late"]:
            told += f" {counted(count['late'], 'attestation is', 'attestations are')} late."
        if not count["no outside time"]:
            return told
        if not count["valid"] and not count["late"]:
            none = "No attestation has an outside time of its own." if self.authorities else "No outside time."
            return f"{told} {none}"
        without = counted(count["no outside time"], "attestation has", "attestations have")
        return told + f" {without} no outside time."

    def as_json(self) -> str:
        """The outcome for a program."""
        value = {
            "fine": self.fine,
            "sentence": self.sentence,
            "attestations": self.attestations,
            "evidence": self.evidence,
            "entries": self.entries,
            "signing_keys": self.keys,
            "log_key": self.log_key,
            "anchors": self.anchors,
            "sign_ins": self.sign_ins,
            "newest_anchor": self.newest_anchor,
            "authorities": self.authorities,
            "warnings": [warning._asdict() for warning in self.warnings],
            "findings": [finding._asdict() for finding in self.findings],
            "verdicts": self.verdicts,
        }
        return json.dumps(value, indent=2, sort_keys=True)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def plain(text: str, limit: int = 120) -> str:
    """A name for a terminal: what comes from a packet must not drive it."""
    shown = "".join(sign if " " <= sign <= "~" else "?" for sign in text[:limit])
    return shown + ("..." if len(text) > limit else "")
