"""One tenant file: decoded by the walk, its connections by their connectors' settings, then looked at as a whole.

Looking works on the parsed tree, not on the structs, so that one wrong route does not hide what is wrong with the next.
"""

import os
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from re import ASCII, compile
from typing import NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct, structs

from config.document import named_tables, open_document, repeated, tables
from config.files import trouble
from config.mappings import SSO, Examine, Shelf, read_mappings
from config.model import Connection, MappingFile, PersonRow, Retention, Tenant, TenantWords
from config.outward import Allowed
from config.people import read_people
from config.problems import Problem, advice, did_you_mean, dotted, shown
from config.reaching import out_of_reach
from config.secrets import is_awaited, secret_trouble
from config.shapes import fields_of
from config.taking import Taking, unfit
from config.templates import read_templates
from config.texts import duration, is_loopback, user_name
from config.walk import BAD, Finding, Steps, Walk

NAME = compile(r"[a-z0-9][a-z0-9_-]{0,62}", ASCII)
NAME_FORM = "a name has 1 to 63 lower-case letters, digits, hyphens and underscores and begins with a letter or digit"
REVIEWED = ("slack", "teams")
ALERTED = (*REVIEWED, "webhook", "teams_workflow")


class Vocabulary(NamedTuple):
    """What the rest of the program brings: kinds of source and target with their settings, the words ``when`` takes,
    the names of built-in templates (None: not known, any name is taken), what kinds of target take of a route, and what
    mapping tables may say (None: anything)."""

    sources: Mapping[str, type[Struct]]
    targets: Mapping[str, type[Struct]]
    route_words: frozenset[str]
    templates: frozenset[str] | None = None
    taking: Mapping[str, Taking] = {}
    mappings: Examine | None = None


class Surroundings(NamedTuple):
    """What is the same for all tenants of one configuration."""

    environ: Mapping[str, str]
    shared_templates: dict[str, str]
    check_secrets: bool = True
    shelf: Shelf | None = None
    """Mapping tables; None: nobody looks for any."""
    allowed: Allowed | None = None
    """What is not of the public internet and may be named all the same; None: not known, nothing is said of it."""
    stored: frozenset[tuple[str, str]] = frozenset()
    """What the vault has, by tenant (empty: for every tenant) and name."""


def read_tenant(file: Path, vocabulary: Vocabulary, around: Surroundings) -> tuple[Tenant | None, list[Problem]]:
    """The tenant, if nothing is wrong but warnings, and everything there is to say."""
    document = open_document(file)
    if isinstance(document, Problem):
        return None, [document]
    tree = document.tree
    walk = Walk(
        file.parent,
        {
            "change": vocabulary.route_words,
            "target": frozenset(named_tables(tree, "targets")),
            "source": frozenset(named_tables(tree, "sources")),
        },
    )
    if NAME.fullmatch(file.stem) is None:
        walk.found((), "the name of the file is the name of the tenant", NAME_FORM)
    words = walk.table(TenantWords, tree)
    sources = _connections(walk, tree, "sources", vocabulary.sources)
    targets = _connections(walk, tree, "targets", vocabulary.targets)
    walk.findings += [*_doubled(tree), *_logins(tree), *_horizon(tree), *_review(tree), *_alerts(tree)]
    walk.findings += unfit(tree, vocabulary.taking)
    if around.allowed is not None:
        for name, table in named_tables(tree, "targets").items():
            if vocabulary.taking.get(str(table.get("kind")), Taking()).outward:
                walk.findings += out_of_reach(table, around.allowed, ("targets", name))
    check_files(walk)
    if around.check_secrets:
        own = {name for tenant, name in around.stored if tenant in ("", file.stem)}
        check_secrets(walk, around.environ, own)
    own_templates, problems = read_templates(file.with_suffix("") / "templates", vocabulary.targets)
    templates = {**around.shared_templates, **own_templates} if own_templates else around.shared_templates
    if vocabulary.templates is not None:
        walk.findings += _unknown_templates(tree, templates.keys() | vocabulary.templates)
    people, people_problems = _people(words)
    mappings: dict[str, dict[int, MappingFile]] = {}
    sso_tables: dict[int, MappingFile] = {}
    if around.shelf is not None:
        mapped = {**_signing_on(words), **sources}
        mappings, mapping_problems = read_mappings(
            around.shelf, file.stem, mapped, (*vocabulary.sources, SSO), vocabulary.mappings
        )
        problems += mapping_problems
        sso_tables = {} if SSO in sources else mappings.pop(SSO, {})
    problems += document.problems(walk.findings) + people_problems
    if not isinstance(words, TenantWords) or any(problem.severity == "error" for problem in problems):
        return None, problems
    tenant = Tenant(
        name=file.stem,
        timezone=words.timezone,
        locale=words.locale,
        people=people,
        sources=sources,
        targets=targets,
        routes=words.routes,
        rosters=words.rosters,
        alerts=words.alerts,
        review=words.review,
        conflicts=words.conflicts,
        templates=templates,
        mappings=mappings,
        retention=words.retention,
        identity=words.identity,
        due_soon=words.due_soon,
        pilot=words.pilot,
        sso=words.sso,
        sso_tables=sso_tables,
        xapi_fallback_version=words.xapi_fallback_version,
    )
    return tenant, problems


def _signing_on(words: object) -> dict[str, Connection]:
    """Sign-on has tables as sources have them."""
    if isinstance(words, TenantWords) and words.sso is not None:
        return {SSO: Connection(name=SSO, kind=SSO, settings=words.sso)}
    return {}


def _people(words: object) -> tuple[tuple[PersonRow, ...], list[Problem]]:
    if isinstance(words, TenantWords) and words.people is not None and not trouble(words.people.file):
        return read_people(words.people.file)
    return (), []


# ── connections ──────────────────────────────────────────────────────────────────────────────────────


def _connections(
    walk: Walk, tree: dict[str, object], side: str, kinds: Mapping[str, type[Struct]]
) -> dict[str, Connection]:
    """``[sources.*]`` or ``[targets.*]``, each decoded as its kind has it."""
    connections: dict[str, Connection] = {}
    for name, table in named_tables(tree, side).items():
        path: Steps = (side, name)
        if NAME.fullmatch(name) is None:
            walk.found(path, f"this is no name for a {side[:-1]}", NAME_FORM)
        settings_type = _kind(walk, table.get("kind"), (*path, "kind"), side[:-1], kinds)
        if settings_type is None:
            continue
        own_kind = any(field.encode_name == "kind" for field in fields_of(settings_type))
        written = {key: node for key, node in table.items() if key != "kind" or own_kind}
        settings = walk.table(settings_type, written, path)
        if settings is not BAD and isinstance(settings, Struct):
            connections[name] = Connection(name=name, kind=str(table["kind"]), settings=settings)
            walk.findings += _in_the_clear(settings, path)
    return connections


def _kind(walk: Walk, kind: object, path: Steps, side: str, kinds: Mapping[str, type[Struct]]) -> type[Struct] | None:
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind]
    if kind is None:
        walk.found(path, "this key is needed: a string", f"one of: {', '.join(sorted(kinds))}")
    elif not isinstance(kind, str):
        walk.found(path, "a string is needed here", f"one of: {', '.join(sorted(kinds))}")
    else:
        listed = f"there {'are' if len(kinds) != 1 else 'is'}: {', '.join(sorted(kinds)) or 'none'}"
        near = advice(kind, kinds, f"kind of {side}")
        suggestion = f"{near} ({listed})" if near.startswith("did") else listed
        walk.found(path, f"there is no kind of {side} {shown(kind)}", suggestion)
    return None


def _in_the_clear(settings: Struct, path: Steps) -> Iterator[Finding]:
    """Vendors' addresses over plain HTTP, other than on this machine: tokens would travel in the clear."""
    for name, value in structs.asdict(settings).items():
        if (name.endswith("_url") or name == "endpoint") and isinstance(value, str) and value.startswith("http://"):
            host = urlsplit(value).hostname or ""
            if not is_loopback(host):
                yield Finding((*path, name), "credentials travel unencrypted to this address", "https://", "warning")


# ── the file as a whole ──────────────────────────────────────────────────────────────────────────────


def _doubled(tree: dict[str, object]) -> Iterator[Finding]:
    for key in ("routes", "rosters"):
        names = [((key, index, "name"), table.get("name")) for index, table in tables(tree, key)]
        for path, name, first in repeated(names):
            yield Finding(path, f"{dotted(first[:-1])} is called {shown(name)} too", "names are unique")


def _logins(tree: dict[str, object]) -> Iterator[Finding]:
    """Any source may take ``credentials = [{ key, secret }]``; the user name says who it is, so it is one client's."""
    keys: list[tuple[Steps, object]] = [
        (("sources", name, "credentials", index, "key"), entry.get("key"))
        for name, source in named_tables(tree, "sources").items()
        for index, entry in tables(source, "credentials")
    ]
    for path, key in keys:
        if isinstance(key, str):
            try:
                user_name(key)
            except ValueError as error:
                yield Finding(path, str(error))
    for path, key, first in repeated(keys):
        yield Finding(path, f"{dotted(first[:-1])} has the key {shown(key)} too", "keys are unique in a tenant")


def _horizon(tree: dict[str, object]) -> Iterator[Finding]:
    """What can be replayed must be remembered as long, or a replay would post it again."""
    written = named_tables(tree).get("retention", {})
    words = structs.asdict(Retention()) | written
    try:
        kept_s = {key: duration(str(words[key])) for key in ("statements", "deliveries", "effect_horizon")}
    except ValueError:
        return  # said where it is written
    longest = max(("statements", "deliveries"), key=lambda key: kept_s[key])
    if kept_s["effect_horizon"] < kept_s[longest]:
        yield Finding(
            ("retention", "effect_horizon" if "effect_horizon" in written else longest),
            f"effect_horizon ({words['effect_horizon']}) is shorter than {longest} ({words[longest]}): "
            "what is replayed would be posted again",
            f'effect_horizon = "{words[longest]}", or more',
        )


def _review(tree: dict[str, object]) -> Iterator[Finding]:
    """Cards are posted where there are people."""
    review = named_tables(tree).get("review", {})
    target = named_tables(tree, "targets").get(str(review.get("to")), {})
    if target and target.get("kind") not in REVIEWED:
        yield Finding(("review", "to"), "nobody reads cards there", f"a target of the kind {' or '.join(REVIEWED)}")
    elif target.get("kind") == "teams" and "team" not in review:
        yield Finding(("review", "team"), "in which team the channel is", 'team = "…"')


def _alerts(tree: dict[str, object]) -> Iterator[Finding]:
    """Alarms go where somebody reads them, and say where there."""
    targets = named_tables(tree, "targets")
    for index, alert in tables(tree, "alerts"):
        kind, path = targets.get(str(alert.get("to")), {}).get("kind"), ("alerts", index)
        if kind is None:
            continue
        if kind not in ALERTED:
            yield Finding((*path, "to"), "nobody reads alarms there", f"a target of the kind {' or '.join(ALERTED)}")
        elif kind in REVIEWED and "channel" not in alert:
            yield Finding((*path, "channel"), "in which channel alarms are told", 'channel = "…"')
        elif kind == "teams" and "team" not in alert:
            yield Finding((*path, "team"), "in which team the channel is", 'team = "…"')
        elif kind not in REVIEWED and ("channel" in alert or "team" in alert):
            yield Finding((*path, "channel"), f"a target of the kind {kind} has no channels", "leave it out")


def _unknown_templates(tree: dict[str, object], known: set[str]) -> Iterator[Finding]:
    """A route names a template without its platform and language (``slack/graded.de`` is ``graded``)."""
    names = known | {name.rpartition("/")[2].split(".")[0] for name in known}
    for index, route in tables(tree, "routes"):
        name = route.get("template")
        if isinstance(name, str) and name not in names:
            yield Finding(
                ("routes", index, "template"), f"there is no template {shown(name)}", advice(name, names, "template")
            )


def check_files(walk: Walk) -> None:
    """Files that must be there, are."""
    for path, file in walk.files:
        if why := trouble(file):
            walk.found(path, f"{file}: {why}", topic="file")


def check_secrets(
    walk: Walk, environ: Mapping[str, str], stored: Set[str], never_stored: Set[str] = frozenset()
) -> None:
    """Secrets can be had, and not by everybody. They are not read. ``stored``: names that the vault has;
    ``never_stored``: tables that are not looked for there. What can still be put into the vault is no error: it takes
    the daemon to put it in."""
    for path, secret in walk.secrets:
        outside = path[0] in never_stored
        error, warning = secret_trouble(secret, environ, frozenset() if outside else stored)
        message = f"the secret cannot be had from {secret.where}: {error}"
        if error and not outside and is_awaited(secret, environ):
            walk.warned(path, message, _putting(str(secret.credential), stored, environ), topic="secret")
        elif error:
            walk.found(path, message, topic="secret")
        elif warning:
            walk.warned(path, warning, topic="secret")


def _putting(name: str, stored: Set[str], environ: Mapping[str, str]) -> str:
    """A name that is there and much like this one, else how this one gets there."""
    directory = Path(environ.get("CREDENTIALS_DIRECTORY") or os.devnull)
    given = {path.name for path in directory.iterdir()} if directory.is_dir() else set()
    near = did_you_mean(name, stored | given)
    put = f"what needs it waits until it is put in: lmsyncctl secret set {name}"
    return f"{near} Else {put}" if near else put
