"""Levels on top of sdax-core: run tasks tier by tier and clean up in reverse."""
