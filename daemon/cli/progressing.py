"""How far something long is, on the standard error, so that the answer stays the answer."""

import sys

from daemon.control.backed import ProgressRow


def progress(row: ProgressRow) -> None:
    share = f" {row.done * 100 // row.of} %" if row.of else ""
    sys.stderr.write(f"lmsyncctl: {row.doing}{share}\n")
