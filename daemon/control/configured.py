"""Rows about the configuration and the program itself. ``views`` re-exports them."""

from typing import Literal

from daemon.control.view import View


class ProblemRow(View, frozen=True, kw_only=True, tag="problem"):
    """Something to put right in the configuration."""

    file: str
    line: int
    key: str
    message: str
    suggestion: str
    severity: Literal["error", "warning"]


class ReloadRow(View, frozen=True, kw_only=True, tag="reload"):
    applied: tuple[str, ...]
    restart_needed: tuple[str, ...]


class ConfigRow(View, frozen=True, kw_only=True, tag="config"):
    """One configuration file as it is in force; secrets are shown as where they come from."""

    file: str
    body: dict[str, object]


class VersionRow(View, frozen=True, kw_only=True, tag="version"):
    version: str
    protocol: int
