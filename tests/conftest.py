"""For all tests: hypothesis judges what comes out, never how long it took (timings are for ``make bench``)."""

from hypothesis import HealthCheck, settings

settings.register_profile("lmsyncd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lmsyncd")
