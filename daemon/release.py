"""Which release this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def installed_version() -> str:
    """As installed; ``unknown`` where the code runs without having been installed."""
    try:
        return version("lmsyncd")
    except PackageNotFoundError:
        return "unknown"
