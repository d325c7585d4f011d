"""IAM's and STS's query protocol as far as a pull needs it. For what moto never does: pages, the root user, faults."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from tests.sources.server import Reply, Request, running

Asked = dict[str, str]
Fault = Callable[[Asked], Reply | None]
MADE = "2026-01-02T03:04:05Z"
REPORT_HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,mfa_active,access_key_1_active,"
    "access_key_1_last_used_date,access_key_2_active,access_key_2_last_used_date"
)


def error(status: int, code: str) -> Reply:
    """A refusal as IAM writes it."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    return Reply(status, body.encode(), content_type="text/xml")


def user_xml(name: str, key: str, more: str = "") -> str:
    """A user of `GetAccountAuthorizationDetails`."""
    return (
        f"<member><UserName>{escape(name)}</UserName><UserId>{key}</UserId><Path>/</Path>"
        f"<Arn>arn:aws:iam::123456789012:user/{escape(name)}</Arn><CreateDate>{MADE}</CreateDate>{more}</member>"
    )


def tags_xml(**tags: str) -> str:
    """The tags of a user."""
    rows = "".join(f"<member><Key>{k}</Key><Value>{escape(v)}</Value></member>" for k, v in tags.items())
    return f"<Tags>{rows}</Tags>"


def inline_xml(element: str, name: str, document: str) -> str:
    """An inline policy, its document percent-encoded."""
    body = f"<PolicyName>{name}</PolicyName><PolicyDocument>{quote(document)}</PolicyDocument>"
    return f"<{element}><member>{body}</member></{element}>"


class Iam:
    """One account. ``users`` are XML; ``faults`` are asked first."""

    def __init__(self) -> None:
        self.page = 100
        self.users = [user_xml("maya", "AIDAMAYA", tags_xml(email="maya@acme.test"))]
        self.groups = ""
        self.policies = ""
        self.count: int | None = None
        self.report = [
            f"maya,arn:aws:iam::123456789012:user/maya,{MADE},true,2026-10-01T08:00:00+00:00,true,false,N/A,false,N/A"
        ]
        self.generated = "2026-10-03T05:00:00Z"
        self.unready = 0
        self.keys: dict[str, list[str]] = {}
        self.used: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []

    def answer(self, request: Request) -> Reply:
        """The answer to one call."""
        asked = dict(parse_qsl(request.body.decode()))
        self.asked.append(asked)
        for fault in self.faults:
            if (reply := fault(asked)) is not None:
                return reply
        action = asked["Action"]
        result = getattr(self, action)(asked)
        body = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        return Reply(200, body.encode(), content_type="text/xml")

    def GetCallerIdentity(self, _: Asked) -> str:
        return (
            "<Arn>arn:aws:iam::123456789012:user/attester</Arn><Account>123456789012</Account><UserId>AIDAUS</UserId>"
        )

    def GetAccountAuthorizationDetails(self, asked: Asked) -> str:
        start = int(asked.get("Marker", "0"))
        more = start + self.page < len(self.users)
        marker = f"<Marker>{start + self.page}</Marker>" if more else ""
        rest = (
            f"<GroupDetailList>{self.groups}</GroupDetailList><Policies>{self.policies}</Policies>" if not start else ""
        )
        users = "".join(self.users[start : start + self.page])
        return f"<UserDetailList>{users}</UserDetailList>{rest}<IsTruncated>{str(more).lower()}</IsTruncated>{marker}"

    def GetAccountSummary(self, _: Asked) -> str:
        count = len(self.users) if self.count is None else self.count
        return f"<SummaryMap><entry><key>Users</key><value>{count}</value></entry></SummaryMap>"

    def GenerateCredentialReport(self, _: Asked) -> str:
        self.unready -= 1
        return f"<State>{'STARTED' if self.unready >= 0 else 'COMPLETE'}</State>"

    def GetCredentialReport(self, _: Asked) -> str:
        content = base64.b64encode("\n".join([REPORT_HEADER, *self.report]).encode()).decode()
        return f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>{self.generated}</GeneratedTime>"

    def ListAccessKeys(self, asked: Asked) -> str:
        rows = "".join(
            f"<member><UserName>{asked['UserName']}</UserName><AccessKeyId>{key}</AccessKeyId><Status>Active</Status>"
            f"<CreateDate>{MADE}</CreateDate></member>"
            for key in self.keys.get(asked["UserName"], [])
        )
        return f"<AccessKeyMetadata>{rows}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"

    def GetAccessKeyLastUsed(self, asked: Asked) -> str:
        at = self.used.get(asked["AccessKeyId"], "")
        used = f"<LastUsedDate>{at}</LastUsedDate>" if at else ""
        return f"<AccessKeyLastUsed>{used}<Region>N/A</Region><ServiceName>N/A</ServiceName></AccessKeyLastUsed>"


@contextmanager
def account(iam: Iam) -> Iterator[str]:
    """The account on 127.0.0.1, while the block runs."""
    with running(iam.answer) as base:
        yield base
