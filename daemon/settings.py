"""The configuration with what only the process knows: which connectors there are, which words changes have."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import click

from actors import sources, targets
from actors.domain.changes import ROUTE_WORDS
from actors.domain.wording import default_templates
from config.load import examine
from config.model import Configuration
from config.problems import Problem, in_order
from config.schema import document
from config.secrets import SecretReader
from config.tenant import Vocabulary
from daemon.backup.refusing import BackupRefused
from daemon.clock import SystemClock
from daemon.gateway.sso.tables import examine as examine_mappings
from daemon.placing import misplaced
from daemon.store.database import outstanding, upgrade
from daemon.store.errors import StoreRefused
from daemon.store.opening import UNHEARD, Opening
from daemon.store.vault import put_into
from daemon.vault.keks import key_trouble

EX_OK, EX_FAILURE, EX_CONFIG = 0, 1, 78


def vocabulary() -> Vocabulary:
    """What a configuration may speak of."""
    return Vocabulary(
        {kind: source.settings for kind, source in sources.discover().items()},
        {kind: target.settings for kind, target in targets.discover().items()},
        ROUTE_WORDS,
        frozenset(default_templates()),
        {kind: target.taking for kind, target in targets.discover().items()},
        examine_mappings,
    )


def read(root: Path, environ: Mapping[str, str]) -> tuple[Configuration | None, list[Problem]]:
    """The configuration, or None if it has errors; every problem, warnings included."""
    configuration, problems = examine(root, vocabulary(), environ, put=put_into)
    if configuration is not None and (
        wrong := [*misplaced(root, configuration), *_no_keys(configuration, environ), *_no_recipients(configuration)]
    ):
        return None, in_order([*problems, *wrong])
    return configuration, problems


def _no_keys(configuration: Configuration, environ: Mapping[str, str]) -> list[Problem]:
    """What ``[vault]`` refers to and is no key. An HSM is not asked: it may be away for a while."""
    words, outside = configuration.daemon.vault, SecretReader(environ).outside
    places = [("vault.key", words.key)] if words.key is not None else []
    places += [(f"vault.former_keys[{index}]", secret) for index, secret in enumerate(words.former_keys)]
    file = configuration.root / "lmsyncd.toml"
    return [
        Problem(file=file, key=key, message=why, topic="secret")
        for key, secret in places
        if (why := key_trouble(secret, outside))
    ]


def _no_recipients(configuration: Configuration) -> list[Problem]:
    """What ``[backup]`` names and is no key that a backup could be encrypted to."""
    from daemon.backup.recipients import recipient  # with what it takes to read keys, which most need not

    found = []
    for index, path in enumerate(configuration.daemon.backup.recipients):
        try:
            recipient(path.read_bytes())
        except (BackupRefused, OSError) as error:
            key, file = f"backup.recipients[{index}]", configuration.root / "lmsyncd.toml"
            found.append(Problem(file=file, key=key, message=f"{path}: {error}"))
    return found


def report_problems(root: Path, environ: Mapping[str, str], *, as_json: bool) -> int:
    """``lmsyncd check``: prints what is wrong; 78 if there is an error."""
    configuration, problems = read(root, environ)
    show(problems, as_json=as_json)
    if configuration is None:
        return EX_CONFIG
    if not as_json:
        names = ", ".join(sorted(configuration.tenants)) or "none"
        click.echo(f"{root}: good. Tenants: {names}.")
    return EX_OK


def show(problems: list[Problem], *, as_json: bool) -> None:
    """Problems to standard output (JSON lines) or standard error (for people)."""
    from config.problems import json_lines, render

    if as_json:
        click.echo(json_lines(problems), nl=False)
    elif problems:
        click.echo(render(problems), err=True)


def schema_of(which: Literal["lmsyncd", "tenant"]) -> str:
    """``lmsyncd schema``: the JSON Schema of a file of the configuration, as text."""
    words = vocabulary()
    return json.dumps(document(which, words.sources, words.targets), indent=2, ensure_ascii=False)


def store_path(configuration: Configuration) -> Path:
    """Where the database is."""
    return configuration.state / configuration.daemon.store.path


def migrate_store(
    root: Path,
    environ: Mapping[str, str],
    *,
    dry_run: bool,
    accept_loss: bool = False,
    database: Path | None = None,
    told: Opening = UNHEARD,
) -> int:
    """``lmsyncd migrate``. ``database``: the file itself; the configuration may be wrong then, its secrets away."""
    path = database
    if path is None:
        configuration, problems = read(root, environ)
        if configuration is None:
            show(problems, as_json=False)
            return EX_CONFIG
        path = store_path(configuration)
    try:
        if dry_run:
            done = [f"would apply {name}" for name in outstanding(path)]
        else:
            done = upgrade(path, SystemClock().now_us(), accept_loss=accept_loss, told=told)
    except StoreRefused as error:
        told.rest()
        click.echo(f"lmsyncd: {error}", err=True)
        return EX_FAILURE
    told.rest()
    for line in done:
        click.echo(line)
    if not done:
        click.echo(f"{path}: nothing to do")
    return EX_OK
