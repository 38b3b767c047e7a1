"""What a command's exit code means, the same for every verb; scripts and timers rely on it."""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    FAILURE = 1
    DEGRADED = 2
    """The daemon answers, and something is wrong with it."""
    NOTHING = 3
    """Nothing matched."""
    STALE = 4
    """What somebody was shown, or has to approve, is not what would be done now; nothing was changed."""
    USAGE = 64
    UNREACHABLE = 69
    AGAIN = 75
    """Not now: the disk is full, the vendor asks to wait, the daemon is busy."""
    FORBIDDEN = 77
    BAD_CONFIGURATION = 78


MEANINGS: dict[Exit, str] = {
    Exit.OK: "It was done.",
    Exit.FAILURE: "It failed.",
    Exit.DEGRADED: "The daemon answers but is degraded, or a check failed.",
    Exit.NOTHING: "Nothing matched.",
    Exit.STALE: "The plan is stale, and nothing was changed; or it needs approval.",
    Exit.USAGE: "The command line is wrong.",
    Exit.UNREACHABLE: "The daemon cannot be reached.",
    Exit.AGAIN: "Not possible at present; try again.",
    Exit.FORBIDDEN: "You are not permitted to do this.",
    Exit.BAD_CONFIGURATION: "The configuration is wrong.",
}
