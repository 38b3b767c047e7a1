"""The world's clock and dice, as the ports want them."""

import random
import secrets
import time


class SystemClock:
    """Wall time."""

    def now_us(self) -> int:
        return time.time_ns() // 1000


class SystemDice:
    """Chance for jitter; tokens from the system's own source of secrets."""

    def random(self) -> float:
        return random.random()  # noqa: S311  # jitter, not a secret

    def token(self) -> str:
        return secrets.token_hex(16)
