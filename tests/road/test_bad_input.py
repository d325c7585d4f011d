"""Bad files through the real command line: an error that says how to mend it, and nothing half-written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import settings
from bot.cli import main
from bot.main import Product
from bot.program.acme import copy_sample
from bot.signing import load_log_key, load_signer
from bot.sources.settings import SETTINGS
from workflows.registry import WORKFLOWS

MODELS = {w.name: w.settings for w in WORKFLOWS}
NAME = "Maya Chen"


@dataclass
class Installed:
    """Acme on this machine, applied, its people and GitHub pulled once."""

    data: Path
    github: bytes
    before: str

    @property
    def program(self) -> Path:
        """The program folder."""
        return self.data / "program"

    def complete(self) -> str:
        """The certificate of the GitHub list that reviews would open on."""
        product = Product(settings.load())
        try:
            newest = product.snapshots.latest("github")
            return newest.id if newest else ""
        finally:
            product.close()


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    data = tmp_path_factory.mktemp("acme")
    folder = data / "program"
    copy_sample(folder, MODELS, SETTINGS, today=datetime.now(UTC).date())
    for load, name in ((load_signer, "signing.key"), (load_log_key, "log.key")):
        load(f"file:{data / name}", create=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("ATTESTER_", "SLACK_", "OKTA_", "DATABASE_"))]:
            patch.delenv(name)
        patch.setenv("ATTESTER_DATA", str(data))
        patch.setenv("ATTESTER_PROGRAM", str(folder))
        patch.setenv("ATTESTER_PUBLIC_URL", "http://127.0.0.1:8080")
        for command in (["db", "upgrade"], ["program", "apply", str(folder)], ["identity", "pull"]):
            assert main(command) == 0
        made = Installed(data, (folder / "data/github.csv").read_bytes(), "")
        made.before = made.complete()
        yield made


def changed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda good: good.replace(old, new, 1)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (changed(b"Login", b"Name"), "it has twice: 'Name'"),
        (changed(b"User ID", b"Number"), "it lacks: 'User ID'"),
        (changed(NAME.encode(), "Maya Chén".encode("latin-1")), "which is not UTF-8 (it looks like Latin-1"),
        (lambda good: good.decode().encode("utf-16"), "is UTF-16 text, not CSV. Export it as CSV in UTF-8."),
        (lambda good: b"PK\x03\x04" + good, "(an .xlsx workbook is one), not CSV"),
        (lambda good: good + b"10099,short\n", "line 17 has 2 cells, the header has 14"),
        (lambda good: b"", "is empty. Export it again."),
        (lambda good: good[: good.index(b"\n") + 1], "0 lines, and at least 1 are expected"),
        (lambda good: b"\n".join(good.split(b"\n")[:4]), "more than 20% fewer"),
    ],
    ids=[
        "two headers alike",
        "a header missing",
        "Latin-1",
        "UTF-16",
        "a workbook",
        "a short row",
        "empty",
        "no row",
        "few",
    ],
)
def test_a_list_that_cannot_be_trusted_says_why_and_no_review_would_open_on_it(
    acme: Installed, capsys: pytest.CaptureFixture[str], spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    (acme.program / "data/github.csv").write_bytes(spoil(acme.github))

    code = main(["identity", "pull", "--source", "github"])

    said = capsys.readouterr()
    assert code == 1
    assert sentence in said.err
    assert "Traceback" not in said.err + said.out
    assert acme.complete() == acme.before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: b"\xef\xbb\xbf" + good,
        lambda good: good.replace(b",", b";"),
        changed(NAME.encode(), b'"=HYPERLINK(""http://127.0.0.1"")"'),
        changed(NAME.encode(), b"@SUM(A1:A9) <!channel>"),
    ],
    ids=["a byte order mark", "semicolons", "a formula", "a mention"],
)
def test_what_a_spreadsheet_may_write_is_read_as_it_stands(
    acme: Installed, capsys: pytest.CaptureFixture[str], spoil: Callable[[bytes], bytes]
) -> None:
    (acme.program / "data/github.csv").write_bytes(spoil(acme.github))

    code = main(["identity", "pull", "--source", "github"])

    assert code == 0, capsys.readouterr().err
    acme.before = acme.complete()


def bomb(text: str) -> str:
    """A few hundred bytes that an eager reader would unfold into a thousand million values."""
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(rows)


KIND = "    kind: csv\n"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (bomb, "anchors, aliases and merges are not read"),
        (lambda text: text.replace(KIND, KIND * 2, 1), "`kind` stands here a second time; the first is in line 4."),
        (lambda text: text.replace(KIND, KIND + "    knd: x\n", 1), "`knd` is not known here. Did you mean `kind`?"),
        (lambda text: text.replace(KIND, "\tkind: csv\n", 1), "A tab stands here. YAML wants spaces"),
        (lambda text: "!!python/object/apply:os.system ['true']\n", "Take it out: plain values are enough."),
        (lambda text: "sources: " + "[" * 5_000, "nested more than 20 deep"),
        (lambda text: "sources: [1, 2", "This is not valid YAML"),
        (lambda text: "", "The file is empty."),
    ],
    ids=["an alias bomb", "a key twice", "an unknown key", "a tab", "a tag", "very deep", "cut off", "empty"],
)
def test_a_program_with_a_mistake_says_where_and_how_to_mend_it_and_does_not_come_into_force(
    acme: Installed, capsys: pytest.CaptureFixture[str], spoil: Callable[[str], str], sentence: str
) -> None:
    path = acme.program / "sources.yaml"
    good = path.read_text(encoding="utf-8")
    main(["program", "apply", str(acme.program)])
    in_force = capsys.readouterr().out
    path.write_text(spoil(good), encoding="utf-8")

    checked = main(["program", "check", str(acme.program)])
    found = capsys.readouterr()
    applied = main(["program", "apply", str(acme.program)])
    path.write_text(good, encoding="utf-8")
    refused = capsys.readouterr()

    assert (checked, applied) == (1, 1)
    assert sentence in found.out
    assert sentence in refused.err
    assert "sources.yaml:" in refused.err
    main(["program", "apply", str(acme.program)])
    assert "already in force" in in_force
    assert capsys.readouterr().out == in_force
