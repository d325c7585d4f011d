"""A headless Chromium for tests: one that is installed, driven by Playwright through its path.

Playwright's own browser builds are not used: they are downloads outside the lock.
`python -m tests.support.browser` prints the path, or exits 1.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MAC_APPS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")
FROM_NPM = ROOT / ".venv/browser/chromium"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class BrowserMissing(Exception):
    """No Chromium or Chrome is installed; the message says what to do."""


def browser_path() -> Path:
    """The browser's executable: PATH's, the Mac application, or the one that make installed. Raises BrowserMissing."""
    found = [Path(place) for name in NAMES if (place := shutil.which(name))]
    found += [Path("/Applications") / app for app in MAC_APPS]
    found += [FROM_NPM]
    for path in found:
        if path.exists():
            return path
    raise BrowserMissing("The tests need Chromium or Google Chrome: run 'make test', or install one and run it again.")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser for as long as the block lasts. Pages of other hosts than this machine's are the tests' own fault."""
    path = browser_path()
    environment: dict[str, str | float | bool] = {**os.environ}
    if path == FROM_NPM:
        environment["LD_LIBRARY_PATH"] = str(path.parent / "lib")
        environment["FONTCONFIG_FILE"] = str(path.parent / "fonts.conf")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS), env=environment)
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    try:
        print(browser_path())
    except BrowserMissing as missing:
        sys.exit(str(missing))
