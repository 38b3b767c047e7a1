"""``report --html``: asks for the figures and writes the page, whole or not at all."""

import os
import sys
import tempfile
from pathlib import Path

from daemon.cli.commands import Options
from daemon.cli.progressing import over, waiting
from daemon.cli.render import tell
from daemon.cli.reportpage import page
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.client import SOCKET, Client
from daemon.control.exits import Exit

PATIENCE_S = 120.0


def written(options: Options, request: p.Report, path: Path) -> int:
    try:
        socket = Path(options.socket) if options.socket else SOCKET
        with Client(socket, options.timeout_s or PATIENCE_S, None if options.quiet else waiting) as client:
            rows = [v.decode_view(said) for said in client.ask(request) if not isinstance(said, p.Done)]
        over()
        [row] = [each for each in rows if isinstance(each, v.ReportRow)]
        _write(path, page(row))
    except p.Refusal as refusal:
        tell(refusal)
        return refusal.code
    except OSError as error:
        tell(p.Refusal(Exit.FAILURE, f"the page cannot be written: {error.strerror or error}", where=str(path)))
        return Exit.FAILURE
    if not options.quiet:
        sys.stdout.write(f"{path}: {row.tenant}, {row.whole.delivered:,} changes\n")
    return Exit.OK


def _write(path: Path, text: str) -> None:
    """Beside it first: who reads the old page reads all of it."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(beside, 0o644 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
