"""Which seed a campaign of real processes plays: a gate plays the same one each time, elsewhere it searches."""

import os
import random


def campaign_seed() -> int:
    """``LMSYNCD_SEED``, else 1 where ``CI`` is set, else one that nobody chose. The caller prints it."""
    chosen = int(os.environ.get("LMSYNCD_SEED", "0"))
    return chosen or (1 if os.environ.get("CI") else random.SystemRandom().randrange(1, 10**6))
