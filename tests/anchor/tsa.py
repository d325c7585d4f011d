"""A timestamp authority for tests: `openssl ts` behind real HTTP, with certificates of its own and ways to misbehave."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/leaf.pem
signer_key = {folder}/leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""
NOW = datetime.now(UTC).replace(microsecond=0)
_NUMBERS = itertools.count(1000)


class Paper:
    """A key and its certificate."""

    def __init__(
        self, name: str, by: Paper | None = None, *, days: tuple[int, int] = (-400, 4000), eku: str = ""
    ) -> None:
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by.certificate.subject if by else subject)
            .public_key(self.key.public_key())
            .serial_number(next(_NUMBERS))
            .not_valid_before(NOW + timedelta(days=days[0]))
            .not_valid_after(NOW + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=not eku, path_length=None), critical=True)
        )
        if eku:
            uses = [ExtendedKeyUsageOID.TIME_STAMPING]
            uses += [ExtendedKeyUsageOID.CODE_SIGNING] if eku == "two uses" else []
            uses = [ExtendedKeyUsageOID.CODE_SIGNING] if eku == "other use" else uses
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=eku != "not critical")
        self.certificate = builder.sign((by or self).key, SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class TestAuthority:
    """What runs. ``fault`` makes the next answers wrong; ``asked`` counts requests."""

    __test__ = False

    def __init__(self, folder: Path, root: Paper, leaf: Paper) -> None:
        self.folder = folder
        self.root = root
        self.fault = ""
        self.asked = 0
        self.url = ""
        self.ca = folder / "root.pem"
        self._lock = threading.Lock()
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        self.ca.write_bytes(root.pem)
        self.sign_with(leaf)

    def sign_with(self, leaf: Paper) -> None:
        """Sign with another certificate from now on."""
        (self.folder / "leaf.pem").write_bytes(leaf.pem)
        (self.folder / "leaf.key").write_bytes(leaf.key_pem)

    def reply(self, query: bytes) -> bytes:
        """What `openssl ts -reply` makes of a query."""
        with self._lock:  # the serial number is a file
            (self.folder / "query.tsq").write_bytes(query)
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr"]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=30)
            return (self.folder / "reply.tsr").read_bytes()

    def verifies(self, data: bytes, token: bytes) -> bool:
        """What `openssl ts -verify` says of a token over data."""
        with self._lock:
            (self.folder / "data").write_bytes(data)
            (self.folder / "token.tsr").write_bytes(token)
            command = ["openssl", "ts", "-verify", "-data", "data", "-in", "token.tsr", "-CAfile", "root.pem"]
            done = subprocess.run(command, cwd=self.folder, check=False, capture_output=True, timeout=30)
            return done.returncode == 0 and b"Verification: OK" in done.stdout + done.stderr

    def answer(self, query: bytes) -> tuple[int, str, bytes]:
        """Status, type and body for a request, with whatever fault is planted."""
        self.asked += 1
        at = query.index(b"\x04\x20") + 2  # the imprint; the nonce follows it
        match self.fault:
            case "html":
                return 200, "text/html", b"<html>Welcome to our new home page</html>"
            case "html that says it is a reply":
                return 200, "application/timestamp-reply", b"<html>"
            case "http 500":
                return 500, "text/plain", b"down"
            case "huge":
                return 200, "application/timestamp-reply", bytes(200_000)
            case "status 2":
                return 200, "application/timestamp-reply", bytes.fromhex("30053003020102")
            case "no certificate":  # certReq is the last field, and false is its default
                query = b"\x30" + bytes([query[1] - 3]) + query[2:-3]
            case "imprint":
                query = query[:at] + bytes(32) + query[at + 32 :]
            case "nonce":
                last = at + 32 + 1 + query[at + 33]
                query = query[:last] + bytes([query[last] ^ 1]) + query[last + 1 :]
        return 200, "application/timestamp-reply", self.reply(query)


@contextmanager
def running_authority(folder: Path, *, root: Paper | None = None, leaf: Paper | None = None) -> Iterator[TestAuthority]:
    """An authority on a port of 127.0.0.1 until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    root = root or Paper("Test Stamps Root")
    authority = TestAuthority(folder, root, leaf or Paper("Test Stamps", root, eku="yes"))
    quit_now = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            if authority.fault == "silence":
                authority.asked += 1
                quit_now.wait(20)
                return
            if authority.fault == "trickle":  # every byte comes before the patience with the one before it ends
                for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"x" * 500:
                    self.wfile.write(bytes([byte]))
                    if quit_now.wait(0.05):
                        return
                return
            status, kind, body = authority.answer(query)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/stamp"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        quit_now.set()
        server.shutdown()
        server.server_close()
        thread.join()
