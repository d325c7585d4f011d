"""A push is read strictly: what two readers could read in two ways is no push."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ci.meta import BadMeta, meta_of
from bot.ci.multipart import BadMultipart, Part, parts

KIND = "multipart/form-data; boundary=b"
FIELD = b'Content-Disposition: form-data; name="file"'
SHA = "9c1f" * 16


def body(*written: bytes, boundary: bytes = b"b") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in written) + b"--" + boundary + b"--\r\n"


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4))
def test_every_byte_of_a_part_comes_out_as_it_went_in(datas: list[bytes]) -> None:
    boundary = b"9051914041544843365972754266"
    form = body(*(FIELD + b"\r\n\r\n" + data for data in datas), boundary=boundary)

    assert parts(form, f"multipart/form-data; boundary={boundary.decode()}") == [Part("file", data) for data in datas]


@pytest.mark.parametrize(
    "header",
    [
        FIELD,
        FIELD + b'; filename="a.json"',
        FIELD + b'; filename="a\\"b.json"',
        FIELD + b"; filename=\"x\"; filename*=UTF-8''%e2%82%ac.json",
        FIELD.replace(b"C", b"c") + b"\r\nContent-Type: application/json",
        FIELD + b"\r\nContent-Transfer-Encoding: binary",
    ],
)
def test_headers_as_clients_write_them_are_read(header: bytes) -> None:
    assert parts(body(header + b"\r\n\r\n{}"), 'multipart/form-data; boundary="b"') == [Part("file", b"{}")]


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "multipart/mixed; boundary=b", "multipart/form-data", "multipart/form-data; boundary=",
     "multipart/form-data; boundary=b; boundary=c", f"multipart/form-data; boundary={'b' * 71}"],
)  # fmt: skip
def test_another_content_type_is_no_form(kind: str) -> None:
    with pytest.raises(BadMultipart):
        parts(body(FIELD + b"\r\n\r\n{}"), kind)


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"--b--\r\n",
        b"preamble\r\n" + body(FIELD + b"\r\n\r\n{}"),
        body(FIELD + b"\r\n\r\n{}") + b"epilogue",
        body(FIELD + b"\r\n\r\n{}").removesuffix(b"--b--\r\n"),
        b"--b\r\n" + FIELD + b"\r\n\r\n{}\r\n--bc\r\n--b--\r\n",
        body(b"{}"),
        body(b"\r\n\r\n{}"),
        body(b'Content-Disposition: attachment; name="file"\r\n\r\n{}'),
        body(b"Content-Disposition: form-data\r\n\r\n{}"),
        body(FIELD + b"\r\n" + FIELD + b"\r\n\r\n{}"),
        body(FIELD + b"\r\n folded: yes\r\n\r\n{}"),
        body(FIELD + b"\r\nContent-Transfer-Encoding: base64\r\n\r\ne30="),
        body(FIELD + b"\r\nX-Long: " + b"x" * 5000 + b"\r\n\r\n{}"),
        body(*[FIELD + b"\r\n\r\n{}"] * 65),
        body(FIELD + b"\r\n\r\n{}").replace(b"\r\n", b"\n"),
    ],
)
def test_a_form_that_is_not_whole_or_not_plain_is_refused(written: bytes) -> None:
    with pytest.raises(BadMultipart):
        parts(written, KIND)


def meta(**changed: Any) -> bytes:
    file = {"name": "a.json", "sha256": SHA, **changed.pop("file", {})}
    return json.dumps({"control": "CHG-1", "files": [file], **changed}).encode()


def test_what_is_said_of_a_file_is_read() -> None:
    window = ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"]
    found = meta_of(meta(file={"mediaType": "application/json", "window": window, "transformed": "jq 'del(.Raw)'"}))

    assert (found.control, found.files[0].sha256, found.files[0].media_type) == ("CHG-1", SHA, "application/json")
    assert found.files[0].window is not None


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 5000,
        b'{"control": "CHG-1", "control": "CHG-2", "files": []}',
        meta(case="evidence/CHG-1"),
        meta(control=""),
        meta(files=[]),
        meta(files="a.json"),
        meta(more=1),
        meta(file={"sha256": SHA.upper()}),
        meta(file={"sha256": "9c1f"}),
        meta(file={"name": ""}),
        meta(file={"commit": 5}),
        meta(file={"kind": "a\nb"}),
        meta(file={"mediaType": "text/html\r\nx: y"}),
        meta(file={"window": ["2026-11-22T00:00:00", "2026-11-23T00:00:00"]}),
        meta(file={"window": ["2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z"]}),
        meta(file={"path": "../../etc"}),
        meta(control="x" * 70_000),
    ],
)
def test_what_cannot_be_meant_is_refused(written: bytes) -> None:
    with pytest.raises(BadMeta):
        meta_of(written)
