"""Build the site and check it: `uv run scripts/build_site.py`.

It writes the generated pages and pictures anew, builds with mkdocs into `site/` and with zensical into
`build/zensical/`, both strict and from the same `mkdocs.yml`, and looks in the HTML of both for links, anchors and
pictures that lead nowhere, for things that would be loaded from another host, for public names without an entry in the
reference, and for pages that only one of both has.
"""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import draw_pictures
import write_changelog_pages
import write_guarantees_page
import write_reference_pages
from update_public_surface import PACKAGES, public_modules
from website.built_html import page_names, problems, read

ROOT = Path(__file__).resolve().parent.parent
SITES = {"mkdocs": ROOT / "site", "zensical": ROOT / "build" / "zensical"}
GENERATED = (write_guarantees_page, write_reference_pages, write_changelog_pages, draw_pictures)
BUILD = ("build", "--strict", "--clean")
QUIET = {"NO_MKDOCS_2_WARNING": "1"}  # an advertisement of the theme
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def start(builder: str) -> subprocess.Popen[str]:
    """Begin to build the site with one of the two."""
    shutil.rmtree(SITES[builder], ignore_errors=True)
    return subprocess.Popen(
        [sys.executable, "-m", builder, *BUILD],
        cwd=ROOT,
        env=os.environ | QUIET | {"SITE_DIR": str(SITES[builder].relative_to(ROOT))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def built() -> bool:
    """Build with both at once; what they say comes when they have ended."""
    started = {builder: start(builder) for builder in SITES}
    for builder, process in started.items():
        said, _ = process.communicate()
        print(f"--- {builder}\n{COLOUR.sub('', said).strip()}", flush=True)
    return all(process.returncode == 0 for process in started.values())


def found() -> list[str]:
    """What is wrong in what was built."""
    pages = {builder: page_names(site) for builder, site in SITES.items()}
    wrong = [
        f"only one of both has the page {name}" for name in pages["mkdocs"] ^ pages["zensical"]
    ]
    for builder, site in SITES.items():
        wrong += [f"{builder}: {problem}" for problem in problems(site)]
        wrong += [f"{builder}: the reference has no entry for {name}" for name in missing(site)]
    return wrong


def missing(site: Path) -> list[str]:
    """The public names that have no entry in the reference of a site."""
    pages = (site / "reference").glob("sdax*/index.html")
    entries = {anchor for page in pages for anchor in read(page).anchors}
    return [name for name in public_names() if name not in entries]


def public_names() -> list[str]:
    """The names in `__all__` of every package and of every module of `sdax_contrib`, and these modules."""
    doors = [importlib.import_module(package) for package in PACKAGES]
    integrations = [*public_modules("sdax_contrib")][1:]
    names = [f"{door.__name__}.{name}" for door in [*doors, *integrations] for name in door.__all__]
    return names + [module.__name__ for module in integrations]


def main() -> int:
    """Write, build, check."""
    for page in GENERATED:
        page.main()
    if not built():
        return 1
    wrong = found()
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"--- {len(page_names(SITES['mkdocs']))} pages, built twice; {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
