"""S3's wire protocol as far as a vault and its probe need it, in memory: versions, Object Lock, checksums, conditions.

Faithful unless a fault is planted. It judges no signatures; ``forbidden`` lists what this principal may not do.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Version:
    """One version of an object."""

    name: str
    data: bytes
    checksum: str
    mode: str = ""
    until: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    @property
    def locked(self) -> bool:
        return self.until > datetime.now(UTC)


@dataclass
class Bucket:
    """The store. ``fault`` is what it does wrong; ``default`` whether it locks by itself."""

    url: str = ""
    fault: str = ""
    forbidden: frozenset[str] = frozenset()
    default: bool = False
    versioning: str = "Enabled"
    trouble: list[Reply] = field(default_factory=list)
    objects: dict[str, list[Version]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, target: str, heads: dict[str, str], body: bytes) -> Reply:
        """What the store says to one request."""
        parts = urlsplit(target)
        _, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with self.lock:
            self.asked.append(f"{method} {key}")
            if self.trouble:
                return self.trouble.pop(0)
            return self._route(method, key, query, heads, body)

    def _route(self, method: str, key: str, query: dict[str, str], heads: dict[str, str], body: bytes) -> Reply:
        if "versioning" in query:
            return self._versioning(method, body)
        if "object-lock" in query:
            return self._lock_rule()
        if "delete" in query:
            return self._batch(body)
        if "retention" in query:
            return self._retention(key, query.get("versionId", ""), body)
        if method == "PUT":
            return self._put(key, heads, body)
        if method == "DELETE":
            return self._delete(key, query.get("versionId", ""), heads)
        if "list-type" in query:
            return self._list(query.get("prefix", ""))
        return self._get(key, query.get("versionId", ""))

    def _put(self, key: str, heads: dict[str, str], body: bytes) -> Reply:
        if "put" in self.forbidden:
            return error(403, "AccessDenied")
        if heads.get("if-none-match") == "*" and self.objects.get(key):
            return error(412, "PreconditionFailed")
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        said = heads.get("x-amz-checksum-sha256", checksum)
        if said != checksum and self.fault != "wrong checksum":
            return error(400, "BadDigest")
        version = Version(f"v{next(self.numbers)}", body, checksum, heads.get("x-amz-object-lock-mode", ""))
        if version.mode:
            version.until = datetime.fromisoformat(heads["x-amz-object-lock-retain-until-date"].replace("Z", "+00:00"))
        self.objects.setdefault(key, []).append(version)
        return 200, {"x-amz-version-id": version.name, "x-amz-checksum-sha256": checksum}, b""

    def _get(self, key: str, name: str) -> Reply:
        found = self._version(key, name)
        if found is None:
            return error(404, "NoSuchKey")
        if "get" in self.forbidden:
            return error(403, "AccessDenied")
        data = found.data + b"!" if self.fault == "read back" else found.data
        heads = {"x-amz-version-id": found.name, "x-amz-checksum-sha256": found.checksum}
        heads["last-modified"] = format_datetime(datetime.now(UTC), usegmt=True)
        if found.mode:
            heads |= {
                "x-amz-object-lock-mode": found.mode,
                "x-amz-object-lock-retain-until-date": found.until.isoformat(),
            }
        return 200, heads, data

    def _delete(self, key: str, name: str, heads: dict[str, str]) -> Reply:
        bypass = heads.get("x-amz-bypass-governance-retention") == "true"
        return self._removed(key, name, "bypass" if bypass else "delete")

    def _removed(self, key: str, name: str, how: str) -> Reply:
        found = self._version(key, name)
        if found is None:
            return 204, {}, b""
        if how in self.forbidden:
            return error(403, "AccessDenied")
        faithless = {"delete": "delete", "bypass": "delete with bypass", "batch": "delete in batch"}[how] == self.fault
        weak = found.mode == "GOVERNANCE" and how == "bypass"
        if found.locked and not weak and not faithless:
            return error(403, "AccessDenied")
        self.objects[key].remove(found)
        return 204, {"x-amz-version-id": name}, b""

    def _batch(self, body: bytes) -> Reply:
        text = body.decode()
        key, name = (re.search(rf"<{tag}>(.*?)</{tag}>", text) for tag in ("Key", "VersionId"))
        assert key is not None
        assert name is not None
        status, _, _ = self._removed(key[1], name[1], "batch")
        done = f"<Deleted><Key>{key[1]}</Key></Deleted>"
        failed = f"<Error><Key>{key[1]}</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
        return 200, {}, f"<DeleteResult>{done if status == 204 else failed}</DeleteResult>".encode()

    def _retention(self, key: str, name: str, body: bytes) -> Reply:
        found = self._version(key, name)
        text = body.decode()
        mode, until = (re.search(rf"<{tag}>(.*?)</{tag}>", text) for tag in ("Mode", "RetainUntilDate"))
        if found is None or mode is None or until is None:
            return error(404, "NoSuchVersion")
        date = datetime.fromisoformat(until[1].replace("Z", "+00:00"))
        shorter, weaker = date < found.until, mode[1] != found.mode
        allowed = (not shorter or self.fault == "shorten") and (not weaker or self.fault == "weaken")
        if not allowed or "retention" in self.forbidden:
            return error(403, "AccessDenied")
        found.mode, found.until = mode[1], date
        return 200, {}, b""

    def _versioning(self, method: str, body: bytes) -> Reply:
        if method == "GET":
            said = f"<VersioningConfiguration><Status>{self.versioning}</Status></VersioningConfiguration>"
            return 200, {}, said.encode()
        if "versioning" in self.forbidden:
            return error(403, "AccessDenied")
        status = "Suspended" if b"Suspended" in body else "Enabled"
        if status == "Suspended" and self.fault != "suspend versioning":
            return error(409, "InvalidBucketState")
        self.versioning = status
        return 200, {}, b""

    def _lock_rule(self) -> Reply:
        rule = "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Years>7</Years></DefaultRetention></Rule>"
        said = f"<ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule if self.default else ''}"
        return 200, {}, f"<ObjectLockConfiguration>{said}</ObjectLockConfiguration>".encode()

    def _list(self, prefix: str) -> Reply:
        found = sorted(key for key, versions in self.objects.items() if key.startswith(prefix) and versions)
        rows = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in found)
        return 200, {}, f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()

    def _version(self, key: str, name: str) -> Version | None:
        versions = self.objects.get(key, [])
        return next((v for v in reversed(versions) if not name or v.name == name), None)


def error(status: int, code: str) -> Reply:
    """An answer that says no."""
    return status, {}, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """A store on a port of 127.0.0.1 until the block ends; every bucket name is the same bucket."""
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            heads = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(heads.get("content-length", "0")))
            status, said, content = bucket.answer(self.command, self.path, heads, body)
            self.send_response(status)
            for name, value in said.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    bucket.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
