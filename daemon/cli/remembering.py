"""``lmsyncctl cache``: what is remembered so that it need not be asked again."""

from daemon.cli.trunk import ask, command, subgroup
from daemon.control import protocol as p

cache = subgroup("cache", "What is remembered so that it need not be asked again.")


@command(
    cache,
    "list",
    "lmsyncctl cache list\nlmsyncctl cache list --json | jq 'select(.saved) | {cache, of, rate, saved}'",
)
def listing() -> int:
    """Show what is remembered, how often it was there, and how many calls to vendors that saved.

    Counted since the daemon started. Below: what was worked out once and saves time, not calls.
    """
    return ask(p.CacheList())
