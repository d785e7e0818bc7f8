"""Functions on a Dask cluster: `on_dask(function, client=..., args=..., into=...)`.

Needs `pip install 'sdax-contrib[dask]'`.
"""

from sdax_contrib._dask import DaskEngine, on_dask
from sdax_contrib._dask_worker import LostWorkerError, stop_requested

__all__ = ["DaskEngine", "LostWorkerError", "on_dask", "stop_requested"]
