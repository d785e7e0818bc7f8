"""The graph, the phases, the engine and the errors of sdax, with no dependencies."""
