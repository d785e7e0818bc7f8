"""Structured declarative async execution: a graph of asyncio tasks that acquire, work and always clean up."""
