"""How long a graph run by sdax takes, against the same work written by hand and run by peers.

`uv run python -m benchmarks` measures and prints one table; README.md says how it measures.
"""
