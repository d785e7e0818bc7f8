"""The old home of the view of a graph: import it from `sdax`."""

from sdax_core import AsyncTask, ExecutionGraph, ExecutionWave, K, T, TaskAnalysis, TaskAnalyzer

__all__ = ["AsyncTask", "ExecutionGraph", "ExecutionWave", "K", "T", "TaskAnalysis", "TaskAnalyzer"]
