"""Asking IAM: which calls, in which order, and what its refusals mean (identity page, section 4)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bot.sources.aws.read import read
from bot.sources.aws.wire import FAILURES, client
from bot.sources.certified import Collected
from bot.sources.gather import Gathered
from bot.sources.raw import RawWriter, read_raw
from bot.sources.settings import AwsSettings
from workflows.kernel.ports import SourceFailed

KINDS = ["User", "Group", "LocalManagedPolicy"]
PAGE = 1_000
MAX_PAGES = 10_000
NO_SUCH_KEY = frozenset(["InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "SignatureDoesNotMatch"])
DENIED = frozenset(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
PERMISSIONS = (
    "iam:GetAccountAuthorizationDetails, iam:GenerateCredentialReport, iam:GetCredentialReport, iam:GetAccountSummary, "
    "iam:ListAccessKeys, iam:GetAccessKeyLastUsed"
)
"""All that reading needs."""

SET_KEYS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


class Halted(Exception):
    """A list cannot be read to its end; the message says why and what to do. ``everything``: nothing else can be either."""

    def __init__(self, why: str, *, everything: bool = False) -> None:
        super().__init__(why)
        self.everything = everything


class AwsConnector:
    """The IAM of one AWS account, read with the standard AWS credentials. ``endpoint`` is another base of the API."""

    people_only = False

    def __init__(
        self,
        settings: AwsSettings,
        endpoint: str | None,
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
        progress: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._now = now
        self._wait = wait
        self._progress = progress
        self.host = endpoint or "iam.amazonaws.com"
        self.credential = "not known"

    def probe(self) -> str:
        """Who the credential is, and that it may read IAM. Raises SourceFailed."""
        try:
            found = client("sts", self._endpoint).get_caller_identity()
            users = client("iam", self._endpoint).get_account_summary()["SummaryMap"].get("Users", 0)
        except FAILURES as error:
            raise SourceFailed(_why("probe", error)) from error
        return f"AWS answers; we are {found['Arn']}, and the account has {users} users."

    def collect(self, path: Path) -> Collected:
        """Every answer into the raw file."""
        reasons: list[str] = []
        with RawWriter(path) as raw:
            calls = Calls(raw, self._now, self._progress)
            try:
                self._read_all(calls, reasons)
            except Halted as error:
                reasons.append(str(error))
            digest = raw.content_sha256
        return Collected(digest, retries=calls.retries, reasons=tuple(dict.fromkeys(reasons)))

    def read(self, path: Path, as_of: datetime) -> Gathered:
        """What the raw file says."""
        return read(read_raw(path), self._settings)

    def _read_all(self, calls: Calls, reasons: list[str]) -> None:
        try:
            who = client("sts", self._endpoint).get_caller_identity()
            iam = client("iam", self._endpoint)
        except FAILURES as error:
            raise Halted(_why("account", error), everything=True) from error
        self.credential = str(who["Arn"])
        self.host = f"{self._endpoint or 'iam.amazonaws.com'}, account {who['Account']}"
        calls.listen(iam)

        def take(what: Callable[[], None]) -> None:
            try:
                what()
            except Halted as error:
                if error.everything:
                    raise
                reasons.append(str(error))

        names: list[str] = []
        take(
            lambda: names.extend(calls.pages("users", "", iam.get_account_authorization_details, _users, Filter=KINDS))
        )
        take(lambda: calls.once("summary", "", iam.get_account_summary))
        take(lambda: self._report(calls, iam))
        if not self._settings.access_keys:
            return
        keys: list[tuple[str, str]] = []
        for name in names:
            take(lambda name=name: keys.extend(  # type: ignore[misc]
                (name, key) for key in calls.pages("keys", name, iam.list_access_keys, _keys, UserName=name)
            ))  # fmt: skip
        for _, key in keys:
            take(lambda key=key: calls.once("key_use", key, iam.get_access_key_last_used, AccessKeyId=key))  # type: ignore[misc]

    def _report(self, calls: Calls, iam: Any) -> None:
        """AWS makes the report on demand and at most every four hours; until then it gives the old one again."""
        for _ in range(self._settings.report_tries):
            if calls.once("report_state", "", iam.generate_credential_report).get("State") == "COMPLETE":
                calls.once("report", "", iam.get_credential_report, _report_rows)
                return
            self._wait(1.0)
        raise Halted("report: AWS did not finish the credential report. Pull again in a few minutes.")


class Calls:
    """Calls of IAM whose exact answers go into the raw file, one entry an answer, retried ones included."""

    def __init__(self, raw: RawWriter, now: Callable[[], datetime], progress: Callable[[str], None]) -> None:
        self._raw = raw
        self._now = now
        self._progress = progress
        self._heard: list[Mapping[str, Any]] = []
        self.retries = 0

    def listen(self, client: Any) -> None:
        """Hear every answer of a client before it is parsed."""
        client.meta.events.register("before-parse", self._hear)

    def once(
        self, stream: str, part: str, call: Callable[..., Any], rows: Callable[[Any], int] = lambda _: 1, **asked: Any
    ) -> Any:
        """One call. Raises Halted."""
        self._heard.clear()
        name = "".join(word.capitalize() for word in call.__name__.split("_"))
        try:
            found = call(**asked)
        except FAILURES as error:
            self._keep(stream, part, name, 0)
            raise _halted(stream, error) from error
        self._keep(stream, part, name, rows(found))
        return found

    def pages(
        self, stream: str, part: str, call: Callable[..., Any], names: Callable[[Any], list[str]], **asked: Any
    ) -> list[str]:
        """All pages of a list, by its markers; returns the names on them. Raises Halted."""
        found: list[str] = []
        seen: set[str] = set()
        marker: dict[str, str] = {}
        while len(seen) < MAX_PAGES:
            answer = self.once(stream, part, call, lambda page: len(names(page)), **asked, **marker, MaxItems=PAGE)
            found.extend(names(answer))
            self._progress(f"{stream}: {len(found):,} rows{f' of {part}' if part else ''}")
            if not answer.get("IsTruncated"):
                return found
            here = answer.get("Marker")
            if not here or here in seen:
                raise Halted(f"{stream}: AWS says that there is more and does not say where. Pull again.")
            seen.add(here)
            marker = {"Marker": here}
        raise Halted(f"{stream}: more than {MAX_PAGES:,} pages. This cannot be right; nothing more was read.")

    def _hear(self, response_dict: Mapping[str, Any], **_: Any) -> None:
        self._heard.append(dict(response_dict))

    def _keep(self, stream: str, part: str, name: str, rows: int) -> None:
        for number, answer in enumerate(self._heard, 1):
            last = number == len(self._heard)
            headers = {str(k): str(v) for k, v in answer["headers"].items()}
            status = int(answer["status_code"])
            self._raw.add(
                stream, part, f"iam:{name}", status, rows if last else 0, headers, answer["body"], self._now()
            )
        self.retries += max(0, len(self._heard) - 1)


def _users(page: Any) -> list[str]:
    return [user["UserName"] for user in page.get("UserDetailList", ())]


def _keys(page: Any) -> list[str]:
    return [key["AccessKeyId"] for key in page.get("AccessKeyMetadata", ())]


def _report_rows(found: Any) -> int:
    return len(list(csv.DictReader(found["Content"].decode("utf-8", "replace").splitlines())))


def _halted(stream: str, error: BaseException) -> Halted:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    return Halted(_why(stream, error), everything=isinstance(error, BotoCoreError) or code in NO_SUCH_KEY)


def _why(stream: str, error: BaseException) -> str:
    """What AWS's refusal means, with how to mend it."""
    if isinstance(error, BotoCoreError):
        return f"{stream}: AWS could not be asked ({type(error).__name__}). {SET_KEYS}, and look at the network."
    if not isinstance(error, ClientError):
        return f"{stream}: the answer is not one of AWS's ({type(error).__name__}). Look at AWS_ENDPOINT_URL and at proxies."
    code = str(error.response.get("Error", {}).get("Code", "no code"))[:80]
    if code in NO_SUCH_KEY:
        return f"{stream}: AWS refused the credential ({code}). Make a new access key. {SET_KEYS}."
    if code in DENIED:
        return f"{stream}: the credential may not read this ({code}). Allow it: {PERMISSIONS}."
    return f"{stream}: AWS answered {code}. Pull again later."
