"""What is in this process's memory stays there: no core dump has it, and no other process of the same user reads it."""

import ctypes
import resource

PR_SET_DUMPABLE = 4
PR_GET_DUMPABLE = 3


def keep_memory_private() -> str:
    """Core dumps off, and no tracing by others of our user. What could not be done, in words; empty: all of it was.
    Never raises: a daemon that may be traced delivers all the same, and says so."""
    failed = []
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        failed.append(f"core dumps are not off: {error}")
    try:
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            failed.append(f"other processes may trace this one: error {ctypes.get_errno()}")
    except (OSError, AttributeError, MemoryError) as error:
        failed.append(f"other processes may trace this one: {error}")
    return "; ".join(failed)
