"""For all tests: hypothesis judges what comes out, never how long it took (timings are for ``make bench``)."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

NO_HURRY: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("search", **NO_HURRY)
settings.register_profile("gate", derandomize=True, **NO_HURRY)  # it judges the change, not the luck of the day
settings.load_profile("gate" if os.environ.get("CI") else "search")
