"""Reading a configuration: ``lmsyncd.toml`` and every ``tenants.d/NAME.toml``, all problems at once.

``examine`` is for looking (``lmsyncd check``), ``load`` for using. Neither knows connectors: settings types, and the
words a route takes, are handed in.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, structs

from config.document import Document, listed, named_tables, open_document, repeated
from config.files import EXPOSED, reason, trouble, world_readable
from config.mappings import read_shelf
from config.model import Configuration, Daemon, Gateway, StoreWords, Tenant
from config.outward import Allowed
from config.problems import BadConfiguration, Problem, dotted, in_order, shown
from config.sign_on import lacking
from config.templates import read_templates
from config.tenant import Surroundings, Vocabulary, check_files, check_secrets, read_tenant
from config.texts import is_loopback, listen_address
from config.walk import Finding, Walk

TENANTS_MAX = 10_000
BEFORE_THE_STORE = frozenset({"telemetry", "vault"})
"""Tables of the daemon's whose secrets are needed before the vault can be opened."""

Put = frozenset[tuple[str, str]]
"""What the vault has, by tenant (empty: for every tenant) and name."""


def nothing_put(store: Path) -> Put:
    """Nobody looks."""
    return frozenset()


def load(
    root: Path,
    *,
    source_kinds: Mapping[str, type[Struct]],
    target_kinds: Mapping[str, type[Struct]],
    environ: Mapping[str, str],
    route_words: frozenset[str],
    builtin_templates: frozenset[str] | None = None,
) -> Configuration:
    """The configuration below ``root``. Raises BadConfiguration with every problem if there is any error."""
    vocabulary = Vocabulary(source_kinds, target_kinds, route_words, builtin_templates)
    configuration, problems = examine(root, vocabulary, environ)
    if configuration is None:
        raise BadConfiguration(problems)
    return configuration


def examine(
    root: Path,
    vocabulary: Vocabulary,
    environ: Mapping[str, str],
    *,
    secrets: bool = True,
    put: Callable[[Path], Put] = nothing_put,
) -> tuple[Configuration | None, list[Problem]]:
    """The configuration, or None if there is an error; and all problems, warnings included, in order.
    ``secrets=False`` leaves out whether secrets are there (a check on a machine other than the daemon's); ``put`` tells
    of a database what its vault has."""
    root = Path(os.path.abspath(root))
    if not root.is_dir():
        return None, [Problem(file=root, message="there is no such directory", topic="file")]
    state, problems = _state(root, environ)
    daemon, daemon_problems, stored = _daemon(root, state, environ, put if secrets else None)
    templates, template_problems = read_templates(root / "templates", vocabulary.targets)
    problems += daemon_problems + template_problems
    files, file_problems = _tenant_files(root / "tenants.d")
    problems += file_problems
    tenants: dict[str, Tenant] = {}
    shelf, shelf_problems = read_shelf(
        root / "mappings", vocabulary.sources, (file.stem for file in files), vocabulary.mappings
    )
    problems += shelf_problems
    allowed = Allowed(daemon.network.private_targets) if daemon is not None else None
    around = Surroundings(environ, templates, secrets, shelf, allowed, stored)
    for file in files:
        tenant, tenant_problems = read_tenant(file, vocabulary, around)
        problems += tenant_problems
        if tenant is not None:
            tenants[tenant.name] = tenant
    if daemon is not None:
        problems += lacking(root, daemon, tenants, on_this_machine=secrets)
    if daemon is None or any(problem.severity == "error" for problem in problems):
        return None, in_order(problems)
    return Configuration(root=root, daemon=daemon, tenants=tenants, state=state), in_order(problems)


INSTALLED_ROOT, INSTALLED_STATE = Path("/etc/lmsyncd"), Path("/var/lib/lmsyncd")
"""Where the unit has them."""


def _state(root: Path, environ: Mapping[str, str]) -> tuple[Path, list[Problem]]:
    """systemd's state directory (the first, if it names several), else one beside the configuration. A command beside
    the installed daemon (restore, verify, migrate) is not told by systemd, and means the same store."""
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not given:
        installed = root == INSTALLED_ROOT and INSTALLED_STATE.is_dir()
        return INSTALLED_STATE if installed else root / "state", []
    if not os.path.isabs(given):
        return root / "state", [Problem(file=root, message="$STATE_DIRECTORY is not an absolute path", topic="file")]
    return Path(given), []


def _daemon(
    root: Path, state: Path, environ: Mapping[str, str], put: Callable[[Path], Put] | None
) -> tuple[Daemon | None, list[Problem], Put]:
    """``lmsyncd.toml``; without it, the defaults. And what is in the vault; ``put`` None: secrets are not checked."""
    file = root / "lmsyncd.toml"
    document = open_document(file) if os.path.lexists(file) else Document(file, "", {})
    if isinstance(document, Problem):
        return None, [document], frozenset()
    walk = Walk(root, {})
    daemon = walk.table(Daemon, document.tree)
    walk.findings += _doubled_addresses(document.tree)
    check_files(walk)
    walk.findings += _exposed_keys(walk)
    # The database is the one path that is not relative to its file: it belongs to the state, not to the words.
    written = named_tables(document.tree).get("store", {}).get("path", StoreWords().path)
    path = Path(os.path.normpath(state / str(written)))
    stored = frozenset() if put is None else put(path)
    if put is not None:
        check_secrets(walk, environ, {name for tenant, name in stored if not tenant}, BEFORE_THE_STORE)
    if not isinstance(daemon, Daemon):
        return None, document.problems(walk.findings), stored
    walk.findings += _open_to_others(daemon.gateway)
    walk.findings += _unknown_callers(daemon.gateway)
    store = structs.replace(daemon.store, path=path)
    return structs.replace(daemon, store=store), document.problems(walk.findings), stored


def _doubled_addresses(tree: dict[str, object]) -> Iterator[Finding]:
    gateway = named_tables(tree).get("gateway", {})
    addresses = [
        (("gateway", key, index), address)
        for key in ("listen", "admin_listen")
        for index, address in enumerate(listed(gateway, key))
        if not str(address).endswith(":0")  # any free port: as often as you like
    ]
    for path, address, first in repeated(addresses):
        yield Finding(path, f"{shown(address)} is listened on already", f"see {dotted(first)}")


def _open_to_others(gateway: Gateway) -> Iterator[Finding]:
    for index, address in enumerate(gateway.listen):
        host, _ = listen_address(address)
        if gateway.tls is None and not is_loopback(host):
            message = "other machines reach this address, and credentials travel unencrypted to it"
            suggestion = "set gateway.tls, or listen on 127.0.0.1 behind a proxy that has a certificate"
            yield Finding(("gateway", "listen", index), message, suggestion, "warning")


def _unknown_callers(gateway: Gateway) -> Iterator[Finding]:
    if gateway.public_url.startswith("https://") and gateway.tls is None and not gateway.proxies:
        message = "a reverse proxy stands before this gateway, and nothing says who calls: strangers count as one"
        suggestion = 'let it write X-Forwarded-For, and set gateway.proxies = ["127.0.0.1"], or where it is'
        yield Finding(("gateway", "public_url"), message, suggestion, "warning")


def _exposed_keys(walk: Walk) -> Iterator[Finding]:
    for path, file in walk.files:
        if path[-1] == "key" and not trouble(file) and world_readable(file):
            yield Finding(path, f"{file}: {EXPOSED}", "", "warning", "secret")


def _tenant_files(directory: Path) -> tuple[list[Path], list[Problem]]:
    """``*.toml`` in the order of their names; what else lies there (``acme.toml.off``) is left alone."""
    try:
        files = sorted(entry for entry in directory.iterdir() if entry.suffix == ".toml" and entry.name[0] != ".")
    except FileNotFoundError:
        files = []
    except OSError as error:
        return [], [Problem(file=directory, message=reason(error), topic="file")]
    if len(files) > TENANTS_MAX:
        return [], [Problem(file=directory, message=f"there are more than {TENANTS_MAX:,} tenants", topic="file")]
    if not files:
        hint = f"write {directory / 'NAME.toml'}"
        return [], [Problem(file=directory, message="there is no tenant", suggestion=hint, severity="warning")]
    return files, []
