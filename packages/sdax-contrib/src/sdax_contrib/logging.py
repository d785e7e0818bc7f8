"""What a run does, in the log of the standard library: `build(observers=[RunLog()])`."""

from sdax_contrib._run_log import RunLog

__all__ = ["RunLog"]
