"""Who may do what: from what the kernel says of the peer, never from what the peer says of itself."""

import grp
import os
import pwd
import socket
import struct

import pytest

from config.model import Control
from daemon.control import roles
from daemon.control.protocol import Role
from daemon.control.roles import Peer, peer_of, role_of

GROUPS = {"watchers": 701, "operators": 702, "masters": 703}
WORDS = Control(viewers=("watchers",), operators=("operators", "not-there"), admins=("masters",))


@pytest.fixture(autouse=True)
def system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "group_id", GROUPS.get)
    monkeypatch.setattr(os, "geteuid", lambda: 500)


def peer(uid: int, *gids: int) -> Peer:
    return Peer(pid=1, uid=uid, gids=frozenset(gids), login="x")


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (peer(0), Role.ADMIN),
        (peer(500), Role.ADMIN),
        (peer(1000), Role.NOBODY),
        (peer(1000, 1000, 4), Role.NOBODY),
        (peer(1000, 701), Role.VIEWER),
        (peer(1000, 1000, 702), Role.OPERATOR),
        (peer(1000, 703), Role.ADMIN),
        (peer(1000, 701, 702), Role.OPERATOR),
        (peer(1000, 703, 701), Role.ADMIN),
    ],
)
def test_the_greatest_role_counts(who: Peer, role: Role) -> None:
    assert role_of(who, WORDS) is role


def test_an_unmapped_user_is_nobody_even_to_a_daemon_that_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: roles.OVERFLOW_UID)
    assert role_of(peer(roles.OVERFLOW_UID), WORDS) is Role.NOBODY


def test_the_kernel_tells_who_we_are() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        seen = peer_of(ours)
    assert (seen.pid, seen.uid) == (os.getpid(), os.getuid())
    assert {os.getgid(), *os.getgroups()} <= seen.gids
    assert seen.login == pwd.getpwuid(os.getuid()).pw_name
    assert seen.login in seen.name


class ManyGroups:
    """A connection whose peer has more groups than Python can be told of."""

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        if option == roles.SO_PEERGROUPS:
            raise OSError(34, "Numerical result out of range")
        return struct.pack("3i", 7, os.getuid(), 12)


def test_members_of_very_many_groups_are_looked_up() -> None:
    seen = peer_of(ManyGroups())  # type: ignore[arg-type]  # as much of a socket as is asked
    assert seen.gids == {12, *os.getgrouplist(seen.login, 12)}


def test_a_user_without_a_name_and_with_many_groups_has_its_first() -> None:
    unnamed = max(entry.pw_uid for entry in pwd.getpwall()) + 12_345

    class Unnamed(ManyGroups):
        def getsockopt(self, level: int, option: int, size: int) -> bytes:
            if option == roles.SO_PEERGROUPS:
                raise OSError(34, "Numerical result out of range")
            return struct.pack("3i", 7, unnamed, 12)

    seen = peer_of(Unnamed())  # type: ignore[arg-type]  # as much of a socket as is asked
    assert (seen.login, seen.gids) == ("unknown", {12})


def test_groups_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    some = grp.getgrall()[0]
    assert roles.group_id(some.gr_name) == some.gr_gid
    assert roles.group_id("no-such-group-here") is None
