"""Tenants for tests, with routes and with accounts at the fakes of every kind of source and target."""

from collections.abc import Mapping
from typing import Any

import msgspec
from accounts import SETTINGS, SOURCES
from toy_source import TOY

from actors import sources
from actors.ports import SourceKind
from actors.targets import discover
from config.model import Audience, Connection, Route, Tenant


def kinds() -> dict[str, SourceKind]:
    """Every kind of source, the toy too."""
    return {**sources.discover(), "toy": TOY}


def source(kind: str = "toy", name: str = "campus", **settings: object) -> dict[str, Connection]:
    """A source for a tenant: ``tenant(…, sources=source("toy", every="1m"))``."""
    decoded = msgspec.convert({**SOURCES.get(kind, {}), **settings}, kinds()[kind].settings)
    return {name: Connection(name=name, kind=kind, settings=decoded)}


def tenant(
    *routes: Route, name: str = "acme", settings: Mapping[str, Mapping[str, object]] | None = None, **more: Any
) -> Tenant:
    """A tenant with both targets, ``settings`` laid over their defaults."""
    targets = {}
    for kind, defaults in ((kind, SETTINGS[kind]) for kind in discover()):
        given = {**defaults, **(settings or {}).get(kind, {})}
        decoded = msgspec.convert(given, discover()[kind].settings)
        targets[kind] = Connection(name=kind, kind=kind, settings=decoded)
    return Tenant(name=name, timezone="Europe/Berlin", locale="en-GB", targets=targets, routes=routes, **more)


def route(name: str, *when: str, to: str = "slack", **more: Any) -> Route:
    audience = more.pop("audience", Audience(channel="C0GENERAL1"))
    return Route(name=name, when=when, to=to, audience=audience, **more)
