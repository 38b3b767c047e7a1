"""How answers are printed: for people as tables and stories, for programs as JSON Lines, or not at all.

With ``--json`` every line of the standard output is one object with the schema's version and its ``kind``; the end is
a line of kind ``done``. Errors go to the standard error as lines of kind ``error``, and so does how far something is.
"""

import sys
from typing import Protocol, TextIO

import msgspec

from daemon.cli.progressing import DISPLAY, SCHEMA, over, progress
from daemon.control.backed import ProgressRow
from daemon.control.protocol import Done, Refusal

_PROGRESS = b'{"kind":"progress"'


class Printer(Protocol):
    """Where the rows of an answer go."""

    def row(self, raw: msgspec.Raw) -> None: ...

    def end(self, done: Done) -> None: ...

    def refused(self, refusal: Refusal) -> None: ...


def printer(*, as_json: bool, quiet: bool) -> Printer:
    DISPLAY.as_json, DISPLAY.is_quiet = as_json, quiet
    if quiet:
        return Quiet()
    if as_json:
        return Json()
    from daemon.cli.people import People  # with rich: a tenth of a second that programs need not wait

    return People()


class Json:
    """JSON Lines."""

    def row(self, raw: msgspec.Raw) -> None:
        if bytes(raw).startswith(_PROGRESS):
            progress(msgspec.json.decode(raw, type=ProgressRow))
            return
        over()
        sys.stdout.write(f'{{"schema":{SCHEMA},' + bytes(raw)[1:].decode() + "\n")

    def end(self, done: Done) -> None:
        self._line(sys.stdout, {"kind": "done", "exit_code": done.exit_code, "note": done.note})

    def refused(self, refusal: Refusal) -> None:
        over()
        said = {"what": refusal.what, "where": refusal.where, "advice": refusal.advice}
        self._line(sys.stderr, {"kind": "error", "exit_code": int(refusal.code), **said})

    def _line(self, stream: TextIO, body: dict[str, object]) -> None:
        stream.write(msgspec.json.encode({"schema": SCHEMA, **body}).decode() + "\n")


class Quiet:
    """Only the exit code, and errors."""

    def row(self, raw: msgspec.Raw) -> None:
        """Nothing."""

    def end(self, done: Done) -> None:
        """Nothing."""

    def refused(self, refusal: Refusal) -> None:
        tell(refusal)


def tell(refusal: Refusal) -> None:
    over()
    where = f" ({refusal.where})" if refusal.where else ""
    advice = f"\n  {refusal.advice}" if refusal.advice else ""
    sys.stderr.write(f"lmsyncctl: {refusal.what}{where}{advice}\n")
