# /// script
# requires-python = ">=3.11"
# dependencies = ["playwright>=1.50"]
# ///
"""Look at the built site in headless Chromium: `uv run scripts/check_site.py [folder] [--pages WORD]`.

Every page is opened at the width of a desktop and of a phone, light and dark. Reported are errors in the console,
requests that fail or go to another host, pictures that do not show, text that is wider than the screen, and a search
that finds nothing. Screenshots of all of it are kept. Build the site first (`uv run scripts/build_site.py`), and have
a Chromium: `apt-get install chromium`.
"""

import argparse
import importlib
import shutil
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = {"desktop": 1280, "phone": 390}  # pixels
SCHEMES = ("light", "dark")
HEIGHT = 900
SEARCHED = "deadline"
FOUND = "A caller waits only so long"  # how docs/how-to/deadline.md begins
PATIENCE = 10_000  # milliseconds
BROKEN_PICTURES = "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)"
TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('.md-content *')]
        .filter(e => e.getBoundingClientRect().right > width + 1)
        .slice(0, 3).map(e => e.tagName + ': ' + e.textContent.trim().slice(0, 60));
}"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Generator[str]:
    """Serve the folder on a free port while the block lasts; gives its address."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def pages(folder: Path, wanted: str) -> list[str]:
    """The pages of the site, as parts of an address."""
    found = sorted(
        path.parent.relative_to(folder).as_posix() for path in folder.rglob("index.html")
    )
    return [path for path in found if wanted in path]


class Ears:
    """Hears what goes wrong while pages are loaded, and lets nothing be fetched from elsewhere."""

    def __init__(self, page: Any, address: str) -> None:
        self.address = address
        self.problems: list[str] = []
        page.route("**/*", self.asked)
        page.on("console", self.told)
        page.on("pageerror", self.failed)
        page.on("response", self.answered)

    def told(self, message: Any) -> None:
        """Something was written to the console."""
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def failed(self, error: Any) -> None:
        """A script raised an error."""
        self.problems.append(f"error: {error}")

    def asked(self, route: Any) -> None:
        """Something is to be fetched."""
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.problems.append(f"request to another host: {route.request.url}")
            route.abort()

    def answered(self, response: Any) -> None:
        """Something was fetched, or is not there."""
        if response.status >= 400:
            self.problems.append(f"answer {response.status}: {response.url}")

    def heard(self) -> list[str]:
        """What went wrong since this was last asked."""
        problems, self.problems = self.problems, []
        return problems


def seen(page: Any) -> Iterator[str]:
    """What is wrong with how the open page looks."""
    yield from (f"missing picture: {source}" for source in page.evaluate(BROKEN_PICTURES))
    yield from (f"too wide: {element}" for element in page.evaluate(TOO_WIDE))


def found_by_search(page: Any, address: str) -> bool:
    """Whether the search shows the first page on the word that is searched."""
    page.goto(address, wait_until="networkidle")
    page.keyboard.press("/")  # opens the search
    page.keyboard.type(SEARCHED)
    try:
        page.get_by_text(FOUND).first.wait_for(timeout=PATIENCE)
    except Exception as error:  # of the library, which is not imported here
        print(error)
        return False
    return True


class Visit:
    """Opens every page at one width, in one colour scheme."""

    def __init__(self, browser: Any, name: str, scheme: str, address: str) -> None:
        size = {"width": WIDTHS[name], "height": HEIGHT}
        self.name = f"{name}-{scheme}"
        self.page = browser.new_page(viewport=size, color_scheme=scheme)
        self.ears = Ears(self.page, address)
        self.address = address

    def problems(self, paths: list[str], screenshots: Path) -> Iterator[str]:
        """What is wrong with each page, and with the search."""
        for path in paths:
            self.page.goto(f"{self.address}{path}/", wait_until="load")
            picture = (
                screenshots
                / self.name
                / f"{'index' if path == '.' else path.replace('/', '--')}.png"
            )
            self.page.screenshot(path=picture, full_page=True)
            for problem in [*self.ears.heard(), *seen(self.page)]:
                yield f"{self.name}, {path}: {problem}"
        if not found_by_search(self.page, self.address):
            yield f"{self.name}: the search does not find {SEARCHED!r}"
        self.page.close()


def main() -> int:
    """Look at every page; say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "site")
    parser.add_argument("--pages", default="", help="only those with this in their address")
    parser.add_argument("--screenshots", type=Path, default=ROOT / "build" / "screenshots")
    arguments = parser.parse_args()
    wanted = pages(arguments.folder, arguments.pages)
    sync_api: Any = importlib.import_module("playwright.sync_api")
    wrong = 0
    with sync_api.sync_playwright() as playwright, served(arguments.folder) as address:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name, scheme in product(WIDTHS, SCHEMES):
            visit = Visit(browser, name, scheme, address)
            for problem in visit.problems(wanted, arguments.screenshots):
                print(problem, flush=True)
                wrong += 1
        browser.close()
    print(f"{len(wanted)} pages, {wrong} problems; screenshots in {arguments.screenshots}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
