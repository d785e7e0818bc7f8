"""tenacity's strategies in a run: `TaskFunction(call, retry=TenacityPolicy(stop=stop_after_attempt(5)))`.

Needs `pip install 'sdax-contrib[tenacity]'`.
"""

from sdax_contrib._tenacity import TenacityPolicy

__all__ = ["TenacityPolicy"]
