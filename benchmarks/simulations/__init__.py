"""Simulations of the page on resilience: real runs of sdax on a virtual clock."""
