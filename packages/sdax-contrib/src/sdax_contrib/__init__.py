"""Retry policies and integrations for sdax, every third-party library an optional extra."""
