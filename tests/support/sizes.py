"""How many examples a property is tried with: few on every run of the tests, many times as many in ``make prove``.

``LMSYNCD_TIMES`` says how many times.
"""

import os

TIMES = int(os.environ.get("LMSYNCD_TIMES", "1"))


def examples(few: int) -> int:
    return few * TIMES
