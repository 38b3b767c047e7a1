"""Who is at the other end of the socket, and what they may do. The kernel tells; nothing the peer says counts."""

import grp
import os
import pwd
import socket
import struct
from array import array

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


def role_of(peer: Peer, control: Control) -> Role:
    """root and the daemon's own user are admin; everybody else by their groups, the greatest role counting."""
    if peer.uid == 0 or (peer.uid == os.geteuid() and peer.uid != OVERFLOW_UID):
        return Role.ADMIN
    for role, groups in (
        (Role.ADMIN, control.admins),
        (Role.OPERATOR, control.operators),
        (Role.VIEWER, control.viewers),
    ):
        if any(gid in peer.gids for name in groups if (gid := group_id(name)) is not None):
            return role
    return Role.NOBODY


def group_id(name: str) -> int | None:
    """None where the system has no such group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
