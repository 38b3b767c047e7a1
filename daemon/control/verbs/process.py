"""``version``, ``drain``, ``reload`` and ``config``: the daemon itself."""

from collections.abc import Sequence

from config.numbers import number_of
from config.problems import Problem
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import VERSION, ConfigShow, Done, Drain, Reload
from daemon.control.showing import shown
from daemon.control.views import ChangedRow, ConfigRow, ProblemRow, ReloadRow, VersionRow


async def version(asking: Asking) -> Done:
    await asking.emit(VersionRow(version=asking.office.version, protocol=VERSION))
    return done()


async def drain(request: Drain, asking: Asking) -> Done:
    """Finish what is in flight, take in nothing new, end. Under systemd it stays down: it ended well."""
    lanes = len(asking.office.switchboard.couriers)
    await asking.emit(
        ChangedRow(
            what="lmsyncd",
            before="running",
            after="draining",
            done=not request.dry_run,
            dry_run=request.dry_run,
            note=f"{number_of(lanes, 'lanes', 'finishes', 'finish')} what is in flight; the rest waits in the store",
        )
    )
    if request.dry_run:
        return done("would drain")
    await asking.office.drain()  # last: what is said after it may find the daemon gone
    return done("draining")


async def reload(request: Reload, asking: Asking) -> Done:
    if request.dry_run:
        return await config_check(asking)
    outcome = await asking.office.reload()
    errors = await _tell(outcome.problems, asking)
    if errors:
        return done(f"{number_of(errors, 'errors')}: the configuration in force stays", Exit.BAD_CONFIGURATION)
    await asking.emit(ReloadRow(applied=tuple(outcome.applied), restart_needed=tuple(outcome.restart_needed)))
    if outcome.restart_needed:
        return done(f"takes a restart: {', '.join(outcome.restart_needed)}")
    if outcome.taken:
        return done(f"in force now: {', '.join(outcome.taken)}")
    return done("nothing has changed" if not outcome.applied else "")


async def config_check(asking: Asking) -> Done:
    errors = await _tell(await asking.office.config_check(), asking)
    if errors:
        return done(
            f"{number_of(errors, 'errors')}: a reload would keep the configuration in force", Exit.BAD_CONFIGURATION
        )
    return done("the configuration is good")


async def config_show(request: ConfigShow, asking: Asking) -> Done:
    configuration = asking.office.configuration()
    if request.tenant:
        tenants = [asking.tenant(request.tenant)]
    else:
        tenants = [tenant for _, tenant in sorted(configuration.tenants.items())]
        await asking.emit(ConfigRow(file=str(configuration.root / "lmsyncd.toml"), body=shown(configuration.daemon)))
    for tenant in tenants:
        file = configuration.root / "tenants.d" / f"{tenant.name}.toml"
        await asking.emit(ConfigRow(file=str(file), body=shown(tenant)))
    return done()


async def _tell(problems: Sequence[Problem], asking: Asking) -> int:
    """Emit them; returns how many are errors."""
    for problem in problems:
        await asking.emit(
            ProblemRow(
                file=str(problem.file),
                line=problem.line,
                key=problem.key,
                message=problem.message,
                suggestion=problem.suggestion,
                severity=problem.severity,
            )
        )
    return sum(problem.severity == "error" for problem in problems)
