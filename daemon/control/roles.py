"""Who is at the other end of the socket, and what they may do. The kernel tells; nothing the peer says counts."""

import grp
import os
import pwd
import socket
import struct
from array import array
from collections.abc import Callable
from typing import Protocol, assert_never

import msgspec
import trio

from config.model import Control
from daemon.control.protocol import Role

SO_PEERGROUPS = 59
OVERFLOW_UID = 65534
"""What the kernel shows for users that a user namespace does not map: it may be anybody."""
_GROUPS_BYTES_MAX = 1024  # the most that getsockopt gives in Python: 256 groups
Connection = socket.socket | trio.socket.SocketType
_CREDENTIALS = struct.Struct("3i")


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """A process as the kernel vouches for it, at the time it connected."""

    pid: int
    uid: int
    gids: frozenset[int]
    login: str

    @property
    def name(self) -> str:
        """For the log and for rows: who it was."""
        return f"{self.login} (uid {self.uid})"


def peer_of(connection: Connection) -> Peer:
    """May ask the system's user database, which may take its time: call it in a thread."""
    pid, uid, gid = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    login = _login(uid)
    return Peer(pid=pid, uid=uid, gids=frozenset({gid, *_groups(connection, login, gid)}), login=login)


def _login(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "unknown"


def _groups(connection: Connection, login: str, gid: int) -> list[int]:
    """All of the peer's groups; for members of very many, those that the user database tells."""
    try:
        found = array("I")
        found.frombytes(connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, _GROUPS_BYTES_MAX))
        return found.tolist()
    except OSError:
        return [] if login == "unknown" else os.getgrouplist(login, gid)


class Grants(Protocol):
    """Which groups have which role: of ``[control]`` the groups of the system, of a sign-on what its claims name."""

    @property
    def viewers(self) -> tuple[str, ...]: ...

    @property
    def operators(self) -> tuple[str, ...]: ...

    @property
    def approvers(self) -> tuple[str, ...]: ...

    @property
    def admins(self) -> tuple[str, ...]: ...


class Standing(msgspec.Struct, frozen=True):
    """What somebody may do, and why, in words."""

    role: Role
    why: str


def granted(grants: Grants, holds: Callable[[str], bool]) -> Standing:
    """The greatest role that one of the groups gives that somebody is in: the one place where groups become roles,
    for peers of the socket and for people who signed in. ``holds`` says whether they are in a group."""
    for role, groups in (
        (Role.ADMIN, grants.admins),
        (Role.APPROVER, grants.approvers),
        (Role.OPERATOR, grants.operators),
        (Role.VIEWER, grants.viewers),
    ):
        for name in groups:
            if holds(name):
                return Standing(role, f"in the group {name}, which is among the {role.name.lower()}s")
    return Standing(Role.NOBODY, "in none of the groups that have a role")


def standing(peer: Peer, control: Control) -> Standing:
    """root and the daemon's own user are admin; everybody else by their groups, the greatest role counting."""
    if peer.uid == 0:
        return Standing(Role.ADMIN, "root")
    if peer.uid == os.geteuid() and peer.uid != OVERFLOW_UID:
        return Standing(Role.ADMIN, "the user that the daemon runs as")
    return granted(control, lambda name: (gid := group_id(name)) is not None and gid in peer.gids)


def role_of(peer: Peer, control: Control) -> Role:
    """``standing``, without the reason."""
    return standing(peer, control).role


def group_id(name: str) -> int | None:
    """None where the system has no such group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def way_in(role: Role, control: Control) -> str:
    """What gives that role here: groups that this host has. Asks the system for groups, so it may block."""
    match role:
        case Role.VIEWER:
            groups: tuple[str, ...] = (*control.viewers, *control.operators, *control.approvers, *control.admins)
        case Role.OPERATOR:
            groups = (*control.operators, *control.approvers, *control.admins)
        case Role.APPROVER:
            groups = (*control.approvers, *control.admins)
        case Role.ADMIN:
            groups = control.admins
        case Role.NOBODY:
            groups = ()
        case _ as never:
            assert_never(never)
    there = [name for name in dict.fromkeys(groups) if group_id(name) is not None]
    if there:
        return f"become a member of {' or '.join(there)}, or run it as root; [control] in lmsyncd.toml names the groups"
    if groups:
        return f"run it as root; of the groups in [control] that may ({', '.join(groups)}), this host has none"
    return "run it as root; [control] in lmsyncd.toml names the groups"
