"""Completion scripts, printed ahead of time so that packages can ship them."""

import click
from click.shell_completion import get_completion_class


def script(cli: click.Command, program: str, shell: str) -> str:
    """The script that a shell sources to complete ``program``. ``shell``: bash, zsh or fish."""
    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"no completion is known for {shell}")
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    made = complete(cli, {}, program, variable)
    # `source` would look for a bash to ask its version; the template alone is what packages need.
    text = made.source_template % made.source_vars()
    if shell == "fish":  # a comma in what is said of a word does not end it
        text = text.replace('string split ","', 'string split --max 1 ","')
    return text
