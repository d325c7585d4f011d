"""What scanners found, from reports in their own formats. Nothing is decided here, and no value makes it fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.evidence import code, package, sarif
from bot.evidence.part import Found as Found
from bot.evidence.part import Scan as Scan
from bot.evidence.part import at, fingerprint, found, items, number, path_of, said, scan
from bot.evidence.report import Read

LIST = "A list of secrets does not say what was looked at."


def scans(read: Read) -> list[Scan]:
    """What each tool says in a report; nothing for a kind without findings."""
    reader = READERS.get(read.kind)
    return list(reader(read.value)) if reader is not None else []


@dataclass(frozen=True)
class Secrets:
    """A tool that lists the secrets it found, and where it writes rule, file, line and its own fingerprint.

    What the secrets are is never read.
    """

    tool: str
    rule: str
    file: tuple[str, ...]
    line: tuple[str, ...]
    mark: str

    def scans(self, value: Any) -> Iterator[Scan]:
        """One scan."""
        yield scan(self.tool, [self._found(one) for one in items(value) or items([value])], LIST)

    def _found(self, one: Mapping[str, Any]) -> Found:
        rule, path = said(one, self.rule), path_of(said(one, *self.file))
        given = said(one, self.mark) if self.mark else ""
        # trufflehog tries what it finds at the provider, and says so; the others cannot know.
        live = self.tool != "trufflehog" or at(one, "Verified") is not False
        return found(
            rule, f"A secret: {rule}", f"A secret by the rule {rule}. It is rotated, never accepted.", path, "critical",
            mark=fingerprint(self.tool, rule, path, given) if given else "", line=number(one, *self.line), secret=live,
        )  # fmt: skip


GIT = ("SourceMetadata", "Data", "Git")
READERS: Mapping[str, Callable[[Any], Iterable[Scan]]] = {
    "sarif": sarif.scans,
    "semgrep": code.semgrep,
    "tfsec": code.tfsec,
    "checkov": code.checkov,
    "conftest": code.conftest,
    "gitlab": code.gitlab,
    "github.code_scanning": code.code_scanning,
    "trivy": package.trivy,
    "snyk": package.snyk,
    "dependabot": package.dependabot,
    "gitleaks": Secrets("gitleaks", "RuleID", ("File",), ("StartLine",), "Fingerprint").scans,
    "gitleaks.7": Secrets("gitleaks", "rule", ("file",), ("lineNumber",), "commit").scans,
    "trufflehog": Secrets("trufflehog", "DetectorName", (*GIT, "file"), (*GIT, "line"), "").scans,
    "trufflehog3": Secrets("trufflehog3", "rule", ("path",), ("line",), "id").scans,
}
"""By the kind that `report` recognises."""
