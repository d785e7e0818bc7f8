"""A graph as a picture."""

from __future__ import annotations

from pathlib import Path

from sdax_contrib._picture_dot import dot_of
from sdax_contrib._picture_mermaid import mermaid_of
from sdax_contrib._picture_svg import svg_of
from sdax_contrib._picture_view import Direction, Drawable, View, check_direction


def to_svg(drawable: Drawable, *, direction: Direction = "right") -> str:
    """Draw a graph as SVG: one text that holds all it needs, follows light and dark, and runs no script.

    Args:
        drawable: A processor, its analysis, or its graph.
        direction: Where it leads, `"right"` or `"down"`.

    Raises:
        TypeError: `drawable` is none.
        ValueError: `direction` is none.
    """
    return Picture(drawable, direction=direction).svg


def to_mermaid(drawable: Drawable, *, direction: Direction = "right") -> str:
    """Describe a graph as a Mermaid flowchart. The arguments are those of `to_svg`."""
    return Picture(drawable, direction=direction).mermaid


def to_dot(drawable: Drawable, *, direction: Direction = "right") -> str:
    """Describe a graph in DOT, Graphviz's language. The arguments are those of `to_svg`."""
    return Picture(drawable, direction=direction).dot


class Picture:
    """A graph as a picture: as the last value of a notebook's cell it is shown.

    Args:
        drawable: A processor, its analysis, or its graph.
        direction: Where it leads, `"right"` or `"down"`.

    Raises:
        TypeError: `drawable` is none.
        ValueError: `direction` is none.
    """

    __slots__ = ("_direction", "_view")

    def __init__(self, drawable: Drawable, *, direction: Direction = "right") -> None:
        check_direction(direction)
        self._view = View(drawable)
        self._direction: Direction = direction

    @property
    def svg(self) -> str:
        """The picture as SVG; it is drawn anew each time."""
        return svg_of(self._view, self._direction)

    @property
    def mermaid(self) -> str:
        """The picture as a Mermaid flowchart."""
        return mermaid_of(self._view, self._direction)

    @property
    def dot(self) -> str:
        """The picture in DOT."""
        return dot_of(self._view, self._direction)

    def save(self, path: str | Path) -> None:
        """Write it to a file, as the name's ending says: `.svg`, `.mmd` (Mermaid) or `.dot`.

        Raises:
            ValueError: The name ends otherwise.
            OSError: The file cannot be written.
        """
        path = Path(path)
        writers = {".svg": "svg", ".mmd": "mermaid", ".dot": "dot"}
        if path.suffix not in writers:
            raise ValueError(
                f"the name of the file must end in .svg, .mmd or .dot; got {path.name!r}"
            )
        path.write_text(getattr(self, writers[path.suffix]), "utf-8")

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Picture({self._view.graph!r}, direction={self._direction!r})"
