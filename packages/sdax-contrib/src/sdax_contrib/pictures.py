"""Pictures of a graph, made with the standard library alone: `to_svg(processor)`.

- `to_svg`: a picture that any browser opens, for light and dark.
- `to_mermaid`: text that GitHub, GitLab and many documentation tools draw.
- `to_dot`: text for Graphviz.
- `Picture`: all three, and a notebook shows it.
"""

from sdax_contrib._picture import Picture, to_dot, to_mermaid, to_svg
from sdax_contrib._picture_view import Direction, Drawable

__all__ = ["Direction", "Drawable", "Picture", "to_dot", "to_mermaid", "to_svg"]
