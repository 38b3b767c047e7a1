"""What every test shares."""

import os

from hypothesis import settings

settings.register_profile("lmsyncd", deadline=None)  # how long an example takes says nothing about it on a busy machine
settings.register_profile("ci", deadline=None, derandomize=True)  # the gate judges this change, not today's luck
settings.load_profile("ci" if os.environ.get("CI") else "lmsyncd")
