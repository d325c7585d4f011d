"""A file that is not what the program declares is refused with a sentence; nothing of it is used."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

import bot.sources.csv_file
from tests.sources.world import NOW, World
from workflows.kernel.identity import Pull
from workflows.kernel.ports import SourceFailed
from workflows.kernel.program import SourceConfig

COLUMNS = {"login": "Login", "entitlement": "Role", "active": "Active"}
GOOD = "Login,Role,Active\nmaya@acme.test,admin,yes\nravi@acme.test,viewer,no\n"


def config(**settings: object) -> SourceConfig:
    return SourceConfig(
        id="figma", kind="csv", system="Figma", settings={"file": "figma.csv", "columns": COLUMNS, **settings}
    )


def pull(world: World, data: bytes | str, **settings: object) -> Pull:
    (world.folder / "figma.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    return world.pull(config(**settings))


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode(),
        codecs.BOM_UTF8 + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        GOOD.rstrip("\n").encode(),
        ("\n" + GOOD).replace("\nLogin", "Login").replace("\nravi", "\n\n,,\nravi").encode(),
        b'"Login","Role","Active"\n"maya@acme.test","admin","yes"\n"ravi@acme.test","viewer","no"\n',
        b"Active,Login,Role\nyes,maya@acme.test,admin\nno,ravi@acme.test,viewer\n",
    ],
    ids=["plain", "BOM", "CRLF", "semicolons", "tabs", "no last newline", "blank lines", "quoted", "other order"],
)
def test_what_spreadsheets_write_is_read_alike(world: World, data: bytes) -> None:
    found = pull(world, data)

    assert found.certificate.verdict == "complete", found.certificate.reasons
    assert [(x.account.login, x.entitlement.name, x.account.active) for x in found.lines] == [
        ("maya@acme.test", "admin", True),
        ("ravi@acme.test", "viewer", False),
    ]
    assert world.raw(found) == data


def test_a_quoted_cell_may_hold_a_newline_a_delimiter_and_quotes(world: World) -> None:
    found = pull(world, 'Login,Role,Active\nmaya@acme.test,"admin, ""prod""\r\nand more",yes\n')

    assert [line.entitlement.name for line in found.lines] == ['admin, "prod"\r\nand more']


def test_the_bytes_are_kept_as_they_came_and_named_in_the_certificate(world: World) -> None:
    found = pull(world, GOOD, uploaded_by="dana@acme.test", came_from="Figma's admin page", rows=2)

    certificate = found.certificate
    assert world.raw(found) == GOOD.encode()
    assert certificate.raw_sha256 == certificate.raw_content_sha256
    assert certificate.host == "file figma.csv, from Figma's admin page"
    assert certificate.credential == "uploaded by dana@acme.test; the system itself was not seen"
    assert (certificate.streams[0].expected, certificate.streams[0].expected_from) == (
        2,
        "the count given with the file",
    )


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "figma.csv is empty. Export it again."),
        (zipped(), "figma.csv is a zip archive (an .xlsx workbook is one), not CSV. Export it as CSV in UTF-8."),
        (gzip.compress(GOOD.encode()), "figma.csv is a gzip archive, not CSV. Export it as CSV in UTF-8."),
        (GOOD.encode("utf-16"), "figma.csv is UTF-16 text, not CSV. Export it as CSV in UTF-8."),
        (
            GOOD.encode("utf-16-le"),
            "figma.csv, line 1 holds a zero byte: it is no UTF-8 text. Export it as CSV in UTF-8.",
        ),
        (
            "Login,Role,Active\nmaya@acme.test,admin,yes\nzoë@acme.test,x,yes\n".encode("latin-1"),
            "figma.csv, line 3, byte 3 is 0xeb, which is not UTF-8 (it looks like Latin-1 or Windows-1252). "
            "Export it as CSV in UTF-8.",
        ),
        (
            b"Login,Role,Login,Active\n1,2,3,4\n",
            "figma.csv has another header than the program declares; it has twice: 'Login'. "
            "Export the declared columns, or change columns and ignore in the program.",
        ),
        (
            b"Login,Rolle,Aktiv\n1,2,3\n",
            "figma.csv has another header than the program declares; it lacks: 'Role', 'Active'; "
            "it has, and the program does not name: 'Rolle', 'Aktiv'. "
            "Export the declared columns, or change columns and ignore in the program.",
        ),
        (
            b"Login,Role,Active\nmaya@acme.test,a,b,yes\n",
            "figma.csv, line 2 has 4 cells, the header has 3. A delimiter in a cell needs quotes around it; export it again.",
        ),
        (b'Login,Role,Active\n"maya,admin,yes\n', "figma.csv, line 2 is no CSV: unexpected end of data. Export it again."),
    ],
    ids=[
        "empty", "zip", "gzip", "UTF-16", "UTF-16 without mark", "Latin-1", "twice", "other header", "cells", "open quote",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_partial_with_a_sentence_that_mends_it(
    world: World, data: bytes, said: str
) -> None:
    found = pull(world, data)

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0] == said
    assert found.lines == ()
    assert world.raw(found) == data


def test_a_header_without_rows_is_partial(world: World) -> None:
    found = pull(world, "Login,Role,Active\n")

    assert found.certificate.verdict == "partial"
    assert found.certificate.reasons[0].startswith("0 lines, and at least 1 are expected.")


def test_a_known_column_that_is_not_read_may_stand_in_the_file(world: World) -> None:
    found = pull(
        world, GOOD.replace("Active", "Active,Notes").replace("yes", "yes,x").replace(",no", ",no,y"), ignore=["Notes"]
    )

    assert found.certificate.verdict == "complete"


def test_more_rows_or_bytes_than_we_take_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.sources.csv_file, "MAX_ROWS", 1)

    found = pull(world, GOOD)

    assert found.certificate.reasons[0] == "figma.csv has more than 1 rows. Export it in parts, as several sources."
    assert not found.certificate.streams[0].done


def test_a_file_of_more_than_100_megabytes_is_not_even_copied(world: World) -> None:
    path = world.folder / "figma.csv"
    with path.open("wb") as stream:
        stream.truncate(100_000_001)

    found = world.pull(config())

    assert found.certificate.reasons[0].startswith("figma.csv has 100,000,001 bytes; the limit is 100,000,000.")
    assert world.raw(found) == b""


@pytest.mark.parametrize(
    ("prepare", "name", "said"),
    [
        (lambda world: None, "figma.csv", "figma.csv is not in the program folder. Export it and put it there."),
        (
            lambda world: (world.folder.parent / "secret.csv").write_text(GOOD, encoding="utf-8"),
            "../secret.csv",
            "../secret.csv lies outside the program folder. Put the file into it.",
        ),
        (
            lambda world: (world.folder / "figma.csv").symlink_to("/etc/hostname"),
            "figma.csv",
            "figma.csv lies outside the program folder. Put the file into it.",
        ),
        (
            lambda world: (world.folder / "figma.csv").mkdir(),
            "figma.csv",
            "figma.csv is not in the program folder. Export it and put it there.",
        ),
    ],
    ids=["missing", "outside", "link to outside", "a folder"],
)
def test_only_a_file_in_the_program_folder_is_read(
    world: World, prepare: Callable[[World], object], name: str, said: str
) -> None:
    prepare(world)

    found = world.pull(config(file=name))

    assert found.certificate.reasons[0] == said
    with pytest.raises(SourceFailed, match=said.replace(".", r"\.")):
        world.open(config(file=name)).probe()


def test_the_probe_names_a_wrong_header_and_a_good_file(world: World) -> None:
    path = world.folder / "figma.csv"
    path.write_text(GOOD, encoding="utf-8")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))

    assert world.open(config()).probe() == "figma.csv can be read; it was written 3 Oct 2026 06:10 UTC."
    path.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(SourceFailed, match="it lacks: 'Login', 'Role', 'Active'"):
        world.open(config()).probe()


@pytest.mark.parametrize("written", [NOW.timestamp() - 3600, NOW.timestamp() + 3600])
def test_a_file_is_as_old_as_its_time_and_never_newer_than_the_pull(world: World, written: float) -> None:
    path = world.folder / "figma.csv"
    path.write_text(GOOD, encoding="utf-8")
    os.utime(path, (written, written))

    as_of = world.pull(config()).certificate.as_of

    assert as_of.timestamp() == min(written, NOW.timestamp())


def test_the_day_of_the_export_may_be_declared_and_must_have_come(world: World) -> None:
    past = pull(world, GOOD, as_of="2026-10-01")
    future = pull(world, GOOD, as_of="2026-10-04")
    pulled = pull(world, GOOD, as_of="pulled")

    assert past.certificate.as_of.isoformat() == "2026-10-01T00:00:00+00:00"
    assert pulled.certificate.as_of == NOW
    assert future.certificate.reasons == ("as_of is 2026-10-04, which has not come yet. Write the day of the export.",)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"columns": {"login": "Login", "e_mail": "Mail"}}, "e_mail is no field of a file with role accounts"),
        ({"columns": {"login": "A", "name": "A"}}, "name the header A twice"),
        ({"columns": {"name": "A"}}, "accounts need id, login or email"),
        ({"role": "directory", "columns": {"login": "A"}}, "a directory needs id and login"),
        ({"colums": {}}, "Extra inputs are not permitted"),
        ({"not_used": ["never"]}, "not_used needs observed_days"),
        ({"file": 7}, "settings.file"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_with_their_place(
    world: World, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(SourceFailed) as refused:
        world.open(config(**settings))

    assert said in str(refused.value)
    assert str(refused.value).endswith("Mend sources.yaml.")


@examples(deadline=None, max_examples=60)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_crash_a_pull(world_factory: Callable[[], World], data: bytes) -> None:
    world = world_factory()

    found = pull(world, b"Login,Role,Active\n" + data)

    assert found.certificate.verdict in ("complete", "partial")
    assert found.certificate.verdict == "complete" or found.certificate.reasons
