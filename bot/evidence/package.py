"""Reports about dependencies and images: Trivy, Snyk, Dependabot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.evidence.code import dismissal
from bot.evidence.part import (
    Found,
    Scan,
    at,
    by_package,
    fingerprint,
    found,
    items,
    number,
    path_of,
    said,
    scan,
    severity,
)


def trivy(value: Any) -> Iterator[Scan]:
    """Trivy, schema 2: targets with vulnerabilities, misconfigurations and secrets; a clean one has none of these keys."""
    results = items(value, "Results")
    findings: list[Found] = []
    for result in results:
        target = path_of(said(result, "Target"))
        findings += [_vulnerability(target, one) for one in items(result, "Vulnerabilities")]
        findings += [_misconfiguration(target, one) for one in items(result, "Misconfigurations")]
        findings += [
            found(said(one, "RuleID"), said(one, "Title"), said(one, "Title"), target, severity(said(one, "Severity")),
                  line=number(one, "StartLine"), secret=True)
            for one in items(result, "Secrets")
        ]  # fmt: skip
    yield scan("trivy", findings, "" if results else "It names nothing that was scanned.")


def _place(package: str, manifest: str) -> str:
    """A package and where it is declared; not its version, so that it stays the same place until it is mended."""
    return f"{package} in {manifest}" if manifest else package


def _vulnerability(target: str, one: Mapping[str, Any]) -> Found:
    advisory, package = said(one, "VulnerabilityID"), said(one, "PkgName")
    version, fixed = said(one, "InstalledVersion"), said(one, "FixedVersion")
    title = said(one, "Title") or f"{advisory} in {package}"
    mended = f" Fixed in {fixed}." if fixed else " No fixed version is known."
    # The target of an image's packages has its tag in it, which is another one in the next build.
    where = "" if "(" in target else target
    return found(
        advisory, title, f"{package} {version}.{mended} {said(one, 'Description')}", _place(package, where),
        severity(said(one, "Severity")), mark=by_package(advisory, package, said(one, "PkgPath") or where),
    )  # fmt: skip


def _misconfiguration(target: str, one: Mapping[str, Any]) -> Found:
    rule = said(one, "ID") or said(one, "AVDID")
    resource = said(one, "CauseMetadata", "Resource")
    return found(
        rule, said(one, "Title"), said(one, "Message") or said(one, "Description"), target,
        severity(said(one, "Severity")), mark=fingerprint("trivy", rule, target, resource) if resource else "",
        line=number(one, "CauseMetadata", "StartLine"),
    )  # fmt: skip


def snyk(value: Any) -> Iterator[Scan]:
    """Snyk: a project, or a list of them; images nest applications. One that has no dependencies shows nothing."""
    projects = [*(items([value]) or items(value))]
    projects += [nested for project in projects for nested in items(project, "applications")]
    findings: list[Found] = []
    why = "" if projects else "It names no project."
    for project in projects:
        manifest = path_of(said(project, "displayTargetFile") or said(project, "projectName"))
        findings += [_snyk(manifest, one) for one in items(project, "vulnerabilities")]
        for ignored in items(project, "filtered", "ignore"):
            reason = said(ignored, "filtered", "ignored", 0, "reason")
            findings.append(_snyk(manifest, ignored, f"ignored: {reason}" if reason else "ignored"))
        if not number(project, "dependencyCount"):
            why = why or f"Snyk found no dependencies in {manifest or 'a project'}."
        elif said(project, "error"):
            why = why or "Snyk reports an error."
    yield scan("snyk", findings, why)


def _snyk(manifest: str, one: Mapping[str, Any], dismissed: str = "") -> Found:
    advisory = said(one, "id")
    package, version = said(one, "packageName") or said(one, "moduleName"), said(one, "version")
    title = said(one, "title") or advisory
    fixed = said(one, "fixedIn", 0)
    mended = f" Fixed in {fixed}." if fixed else ""
    return found(
        advisory, f"{title} in {package}", f"{package} {version} in {manifest}.{mended}", _place(package, manifest),
        severity(said(one, "severity")), mark=by_package(advisory, package, manifest), dismissed=dismissed,
    )  # fmt: skip


def dependabot(value: Any) -> Iterator[Scan]:
    """Dependabot's alerts, by REST (a page of a list) or GraphQL (pages that say whether there is another one)."""
    if isinstance(value, list):
        made = [_rest(one) for one in items(value) if said(one, "state") != "fixed"]
        yield scan("dependabot", made, "A list of alerts does not say that it is the whole.")
        return
    repositories = items([at(value, "data", "repository")]) or items(value, "data", "search", "nodes")
    more = at(value, "data", "search", "pageInfo", "hasNextPage") is not None
    findings: list[Found] = []
    last = bool(repositories) and not more
    for repository in repositories:
        alerts = at(repository, "vulnerabilityAlerts")
        last = last and at(alerts, "pageInfo", "hasNextPage") is False
        findings += [_graph(one) for one in items(alerts, "nodes") if said(one, "state") != "FIXED"]
    name = said(repositories, 0, "nameWithOwner").lower() if len(repositories) == 1 else ""
    why = "" if last else "It does not say that it is the last page of one repository."
    yield scan("dependabot", findings, why, repository=name if name.count("/") == 1 else "")


def _rest(one: Mapping[str, Any]) -> Found:
    advisory = said(one, "security_advisory", "ghsa_id")
    package = said(one, "dependency", "package", "name")
    manifest = path_of(said(one, "dependency", "manifest_path"))
    title = said(one, "security_advisory", "summary") or advisory
    return found(
        advisory, title, said(one, "security_advisory", "description") or title, _place(package, manifest),
        severity(said(one, "security_advisory", "severity")), mark=by_package(advisory, package, manifest),
        dismissed=dismissal(one),
    )  # fmt: skip


def _graph(one: Mapping[str, Any]) -> Found:
    about = at(one, "securityVulnerability")
    known = items(about, "advisory", "identifiers")
    ghsa = next((said(i, "value") for i in known if said(i, "type") == "GHSA"), said(known, 0, "value"))
    package = said(about, "package", "name")
    manifest = path_of(said(one, "vulnerableManifestPath"))
    title = said(about, "advisory", "summary") or ghsa
    aside = said(one, "state") in ("DISMISSED", "AUTO_DISMISSED") or bool(said(one, "dismissedAt"))
    reason = said(one, "dismissReason")
    return found(
        ghsa, title, said(about, "advisory", "description") or title, _place(package, manifest),
        severity(said(about, "severity")), mark=by_package(ghsa, package, manifest),
        dismissed=(f"dismissed as {reason}" if reason else "dismissed") if aside else "",
    )  # fmt: skip
