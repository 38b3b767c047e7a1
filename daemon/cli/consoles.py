"""Where tables and lines are printed, so that whoever reads no further (``| head``) has made nobody fail."""

from typing import NoReturn

from rich.console import Console


class Lines(Console):
    """A console that says so where nobody reads any more; rich's own would end the process with 1."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError
