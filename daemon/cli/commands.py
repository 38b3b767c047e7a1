"""What both commands' trees share: exit codes for scripts, global options in any place, help that is also a manual."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import msgspec

from config.durations import seconds

EXIT_USAGE = 64
EXIT_INTERRUPTED = 130

F = TypeVar("F", bound=Callable[..., Any])


class Options(msgspec.Struct, kw_only=True):
    """The global options, wherever on the command line they stood."""

    socket: str = ""
    as_json: bool = False
    quiet: bool = False
    timeout_s: float | None = None


class Period(click.ParamType[float]):
    """A length of time as operators write it, in seconds."""

    name = "period"

    def convert(self, value: Any, parameter: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return seconds(str(value))
        except ValueError as error:
            self.fail(str(error), parameter, ctx)


PERIOD = Period()


def nobody_reads() -> int:
    """``lmsyncctl queue list | head``: whoever read has seen enough, which is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _wrong(error: click.ClickException, code: int, args: Sequence[str]) -> None:
    """What is wrong with the command line. ``--json`` may stand behind it, where nothing was read any more."""
    if "--json" not in args:
        error.show()
        return
    from daemon.cli.render import Json
    from daemon.control.exits import Exit
    from daemon.control.protocol import Refusal

    told = error.ctx if isinstance(error, click.UsageError) else None
    advice = f"{told.command_path} --help" if told else ""
    Json().refused(Refusal(Exit(code), error.format_message(), advice=advice))


class Commands(click.Group):
    """A group whose usage errors end with 64, as the manual promises, and whose commands return their exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except click.UsageError as error:
            code = EXIT_USAGE
            _wrong(error, code, sys.argv[1:] if args is None else args)
        except click.ClickException as error:
            code = error.exit_code
            _wrong(error, code, sys.argv[1:] if args is None else args)
        except click.Abort:
            code = EXIT_INTERRUPTED
        except BrokenPipeError:
            code = nobody_reads()
        sys.exit(code if isinstance(code, int) else 0)


Commands.group_class = Commands  # groups within groups behave alike


def version_option(program: str) -> Callable[[F], F]:
    """``--version``."""

    def show(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        from daemon.release import installed_version  # slow to import, and seldom asked

        if value and not ctx.resilient_parsing:
            click.echo(f"{program} {installed_version()}")
            ctx.exit()

    return click.option(
        "--version", is_flag=True, is_eager=True, expose_value=False, callback=show, help="Show the version and exit."
    )


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    if value is not None and value is not False:
        setattr(ctx.ensure_object(Options), parameter.name or "", value)
    return value


def global_options(*, hidden: bool) -> Callable[[F], F]:
    """Shown at the top of the tree (``hidden=False``), taken at its leaves as well."""
    kept: dict[str, Any] = {"hidden": hidden, "expose_value": False, "callback": _keep}
    timeout = click.FloatRange(min=0.1, max=3600)

    def decorate(command: F) -> F:
        for option in (
            click.option(
                "--timeout",
                "timeout_s",
                metavar="S",
                type=timeout,
                help="Give up when the daemon is silent for S seconds.",
                **kept,
            ),
            click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit code tells.", **kept),
            click.option(
                "--json", "as_json", is_flag=True, help="Print JSON Lines, with the schema's version.", **kept
            ),
            click.option(
                "--socket",
                metavar="PATH",
                envvar=None if hidden else "LMSYNCCTL_SOCKET",
                help="The control socket, else /run/lmsyncd/control.sock.",
                **kept,
            ),
        ):
            command = option(command)
        return command

    return decorate
