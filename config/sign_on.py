"""What sign-on needs beyond a tenant's own file: an address that people can be sent back to, and xmlsec1."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from config.files import trouble
from config.model import Daemon, Tenant
from config.problems import Problem
from config.texts import is_loopback


def lacking(root: Path, daemon: Daemon, tenants: Mapping[str, Tenant], *, on_this_machine: bool) -> Iterator[Problem]:
    """``on_this_machine``: whether the daemon is to run where this is asked."""
    signing_on = [tenant for tenant in tenants.values() if tenant.sso is not None and tenant.sso.configured()]
    if signing_on and (why := _unreachable(daemon.gateway.public_url)):
        for tenant in signing_on:
            message = f"nobody who signs in could be sent back here: {why}"
            hint = 'in lmsyncd.toml: [gateway] public_url = "https://…"'
            yield Problem(file=root / "tenants.d" / f"{tenant.name}.toml", key="sso", message=message, suggestion=hint)
    by_saml = [tenant.name for tenant in signing_on if tenant.sso is not None and tenant.sso.saml is not None]
    program = daemon.sso.xmlsec1
    if by_saml and on_this_machine and (why := _not_run(program)):
        message = f"{program}: {why}; nobody can sign on by SAML ({', '.join(by_saml[:5])})"
        hint = "install xmlsec1 (Debian: apt install xmlsec1), or say where it is"
        yield Problem(
            file=root / "lmsyncd.toml",
            key="sso.xmlsec1",
            message=message,
            suggestion=hint,
            severity="warning",
            topic="file",
        )


def _unreachable(public_url: str) -> str:
    if not public_url:
        return "gateway.public_url is not set"
    parts = urlsplit(public_url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        return "gateway.public_url is not https"
    return ""


def _not_run(program: Path) -> str:
    return trouble(program) or ("" if os.access(program, os.X_OK) else "it is no program")
