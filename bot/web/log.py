"""The transparency log's public files (C2SP tlog-tiles): digests, counts and rates, so no login stands before them."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response

from bot.web.ports import Log
from workflows.kernel.tile import parse

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=5"


Proof = Callable[[str], tuple[int, str]]
"""Attestation id → status, and the proof file or the sentence that says why there is none."""


def add_proof(app: FastAPI, proof: Proof) -> None:
    """`/log/proof/{attestation id}`: the proof that a receipt links to, as a file to be kept (C2SP tlog-proof)."""

    @app.get("/log/proof/{attestation}")
    def proof_of(attestation: str) -> Response:
        status, text = proof(attestation)
        if status != 200:
            return PlainTextResponse(text, status, headers={"cache-control": "no-store"})
        headers = {
            "content-disposition": f'attachment; filename="{attestation}.tlog-proof"',
            "cache-control": BRIEFLY,
            "x-content-type-options": "nosniff",
        }
        return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


def add_log(app: FastAPI, log: Log) -> None:
    """`/log/checkpoint` and `/log/tile/…`; 404 for every path that the log would not write and for what is not logged yet."""

    @app.get("/log/checkpoint")
    def checkpoint() -> Response:
        found = log.checkpoint()
        if found is None:
            return _missing("The log is empty.")
        return Response(found.note, media_type="text/plain; charset=utf-8", headers={"cache-control": BRIEFLY})

    @app.get("/log/tile/{rest:path}")
    def tile(rest: str) -> Response:
        try:
            name = parse(f"tile/{rest}")
        except ValueError:
            return _missing("No tile has this path.")
        data = log.entry_bundle(name.n, name.width) if name.level is None else log.tile(name.level, name.n, name.width)
        if data is None:
            return _missing("The newest checkpoint has no such tile.")
        # A full tile never changes; a partial one of this width does not either, since its hashes are the first ones.
        return Response(data, media_type="application/octet-stream", headers={"cache-control": FOREVER})


def _missing(text: str) -> Response:
    return PlainTextResponse(text, 404, headers={"cache-control": "no-store"})
