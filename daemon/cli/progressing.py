"""How far something long is, for whoever sits before it: on the standard error, so that the answer stays the answer,
and only where that is a terminal, so that no timer fills a journal with it.
"""

import sys

from daemon.control.backed import ProgressRow


def progress(row: ProgressRow) -> None:
    if sys.stderr.isatty():
        share = f" {row.done * 100 // row.of} %" if row.of else ""
        sys.stderr.write(f"lmsyncctl: {row.doing}{share}\n")
