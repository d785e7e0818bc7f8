"""What is wrong in the HTML of a site: links, anchors and pictures that lead nowhere, and what comes from elsewhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SOURCES = {
    "link": "href",
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
}
"""Where a browser finds, without being asked to, what else it loads."""
LOADED_BY_STYLE = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)")


@dataclass
class Page(HTMLParser):
    """One page: where it can be jumped to, where it leads, and what it loads."""

    anchors: set[str] = field(default_factory=set[str])
    links: list[str] = field(default_factory=list[str])
    loaded: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        values = {name: value for name, value in attrs if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in SOURCES and SOURCES[tag] in values:
            self.loaded.append(values[SOURCES[tag]])
        self.loaded += LOADED_BY_STYLE.findall(values.get("style", ""))


@cache
def read(path: Path) -> Page:
    """Parse a page."""
    page = Page()
    page.feed(path.read_text("utf-8"))
    return page


def page_names(site: Path) -> set[str]:
    """The pages of a site."""
    return {path.relative_to(site).as_posix() for path in site.rglob("*.html")}


def problems(site: Path) -> Iterator[str]:
    """All that is wrong with a site, a line for each."""
    for name in sorted(page_names(site)):
        page = read(site / name)
        for address in page.loaded:
            if is_elsewhere(address):
                yield f"{name} loads something from elsewhere: {address}"
        for address in dict.fromkeys([*page.links, *page.loaded]):
            if not is_elsewhere(address) and (reason := broken(site, site / name, address)):
                yield f"{name}: {address}: {reason}"
    for path in sorted(site.rglob("*.css")):
        for address in LOADED_BY_STYLE.findall(path.read_text("utf-8")):
            yield f"{path.relative_to(site)} loads something from elsewhere: {address}"


def is_elsewhere(address: str) -> bool:
    """Whether it is not part of the site."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def broken(site: Path, page: Path, address: str) -> str:
    """Why a link to another part of the site does not work; empty if it does."""
    parts = urlsplit(address)
    if parts.scheme == "data":
        return ""
    start = site if parts.path.startswith("/") else page.parent
    target = start / unquote(parts.path).lstrip("/") if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "there is no such file"
    if parts.fragment and target.suffix == ".html":
        anchors = read(target).anchors
        return "" if unquote(parts.fragment) in anchors else "there is no such anchor"
    return ""
