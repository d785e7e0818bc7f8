"""What is wrong in a built site is found; what is right is left alone."""

from pathlib import Path

import pytest
from website.built_html import problems

RIGHT = """\
<link rel="stylesheet" href="style.css"><script src="/app.js"></script>
<h1 id="top">Title</h1>
<a href="#top">up</a> <a href="sub/">below</a> <a href="sub/#there">there</a> <a href="https://example.org/">away</a>
<img src="picture.svg"><img src="data:image/png;base64,AAAA">
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(RIGHT)
    (tmp_path / "sub/index.html").write_text('<h2 id="there">There</h2><a href="../#top">up</a>')
    (tmp_path / "style.css").write_text("p { background: url(picture.svg) }")
    (tmp_path / "picture.svg").write_text("<svg/>")
    (tmp_path / "app.js").write_text("")
    return tmp_path


def test_a_site_that_is_right_has_no_problems(site: Path) -> None:
    assert [*problems(site)] == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ('<a href="gone/">', "sub/index.html: gone/: there is no such file"),
        ('<a href="../#gone">', "sub/index.html: ../#gone: there is no such anchor"),
        ('<a href="#gone">', "sub/index.html: #gone: there is no such anchor"),
        ('<img src="gone.svg">', "sub/index.html: gone.svg: there is no such file"),
        ('<script src="/gone.js">', "sub/index.html: /gone.js: there is no such file"),
        *(
            (tag.format(url), f"sub/index.html loads something from elsewhere: {url}")
            for url in ("https://example.org/x", "//example.org/x")
            for tag in (
                '<img src="{}">',
                '<script src="{}"></script>',
                '<link rel="stylesheet" href="{}">',
                '<p style="background: url({})">',
            )
        ),
    ],
)
def test_what_is_wrong_in_a_page_is_found(site: Path, wrong: str, problem: str) -> None:
    (site / "sub/index.html").write_text(f'<h2 id="there">There</h2>{wrong}')
    assert [*problems(site)] == [problem]


def test_a_style_that_loads_from_elsewhere_is_found(site: Path) -> None:
    (site / "style.css").write_text('@import "https://example.org/fonts.css";')
    assert [*problems(site)] == [
        "style.css loads something from elsewhere: https://example.org/fonts.css"
    ]
