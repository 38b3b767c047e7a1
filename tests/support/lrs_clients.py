"""A whole daemon as an LRS, with a credential for every purpose in its tenant's file: for clients that others made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rehearsal import rehearsal

from daemon.demo.stage import Stage

SCOPES = {
    "boss": ("all",),
    "auditor": ("all/read",),
    "writer": ("statements/write",),
    "reader": ("statements/read",),
    "player": ("statements/write", "statements/read/mine", "state"),
    "profiler": ("profile",),
    "author": ("define", "statements/write"),
}
"""By the credential's name."""


def secret(name: str) -> str:
    return f"the secret of {name}"


def _credentials(root: Path) -> None:
    """The tenant is left with its LRS and nothing to carry anywhere."""
    for name in SCOPES:
        path = root / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(secret(name), encoding="utf-8")
    keys = "\n".join(
        f'  {{ key = "{name}", secret = {{ file = "../secrets/{name}" }}, scopes = ["{_listed(scopes)}"] }},'
        for name, scopes in SCOPES.items()
    )
    campus = root / "tenants.d" / "campus.toml"
    campus.write_text(
        'timezone = "Europe/Berlin"\nlocale = "en-GB"\n'
        f'[sources.campus]\nkind = "xapi"\ndedupe = false\ncredentials = [\n{keys}\n]\n',
        encoding="utf-8",
    )


def _listed(scopes: tuple[str, ...]) -> str:
    return '", "'.join(scopes)


@asynccontextmanager
async def lrs(tmp_path: Path) -> AsyncIterator[Stage]:
    """The daemon, up and ready; its LRS is at ``stage.scene.endpoint``."""
    async with rehearsal(tmp_path, change=_credentials) as stage:
        yield stage
