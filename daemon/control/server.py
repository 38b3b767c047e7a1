"""The daemon's end of the control socket: accept, find out who it is, read lines, let a verb answer each.

Nothing an operator's program does can hurt the daemon: connections, lines, waiting and the time a reader may take are
bounded, a fault of a verb ends that request only. What changes something stands in the audit before it is done, with
who asked for it; what cannot be written there is not done.
"""

import select
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from socket import socket as Socket

import msgspec
import trio

from actors.kernel import ActorDied, DeadlineExceeded
from actors.ports import Deed, StoreUnavailable
from config.model import Control
from config.secrets import SecretUnavailable
from daemon.control import verbs
from daemon.control.deeds import acts, deed_of, result_of, tenant_of, told
from daemon.control.exits import Exit
from daemon.control.lines import Lines, LineTooLong
from daemon.control.listener import adopted, listening
from daemon.control.office import Asking, Office, Unsettled
from daemon.control.protocol import (
    AnyAsk,
    Ask,
    Done,
    Error,
    NotJson,
    Refusal,
    decode_request,
    encode,
    encode_row,
)
from daemon.control.roles import Peer, peer_of, role_of, way_in
from daemon.control.watching import beside
from daemon.store.errors import StoreRefused, translate

GROUP = "lms-operators"
CONNECTIONS_MAX = 32
IDLE_S = 60.0
WRITE_S = 30.0
LAST_WORD_S = 2.0
LOOK_S = 2.0
"""So often it is looked whether whoever asks is still there."""
UNSETTLED = (ActorDied, DeadlineExceeded, trio.TooSlowError, Unsettled)
"""After these nobody knows whether it was done."""
READ_BYTES = 65_536


async def serve_control(
    office: Office,
    control: Control,
    sockets: Sequence[Socket] | None = None,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled. ``sockets`` are listening already (systemd's); without any, ``control.socket`` is made.
    Starts with the address in words. Raises ControlRefused."""
    before = {lane: n for lane, state, n in await office.store.queries.depths() if state == "delivered"}
    with ExitStack() as stack:
        given = list(sockets or ())
        if not given:
            groups = (GROUP, *control.operators, *control.viewers, *control.approvers, *control.admins)
            given.append(stack.enter_context(listening(control.socket, groups)))
        desk = Desk(office, before)
        address = ", ".join(str(one.getsockname()) for one in given)
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, desk.attend, adopted(given))
            task_status.started(address)


class Desk:
    """Attends to every connection."""

    def __init__(self, office: Office, delivered_before: Mapping[str, int]) -> None:
        self._office = office
        self._before = delivered_before
        self._open = 0

    async def attend(self, stream: trio.SocketStream) -> None:
        """One connection. Whatever happens stays within it."""
        self._open += 1
        try:
            if self._open > CONNECTIONS_MAX:
                await _say(stream, encode(Error(exit_code=Exit.AGAIN, what="too many control connections are open")))
                return
            peer = await trio.to_thread.run_sync(peer_of, stream.socket)
            await self._converse(stream, peer)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # it went away, or does not read what it asked for
        except Exception as error:  # noqa: BLE001  # one connection's fault must not close the socket for all
            self._office.witness.trouble("control.fault", error)
        finally:
            self._open -= 1
            await trio.aclose_forcefully(stream)

    async def _converse(self, stream: trio.SocketStream, peer: Peer) -> None:
        lines = Lines()
        while True:
            try:
                line = await _next_line(stream, lines)
            except LineTooLong:
                await _say(stream, encode(Error(exit_code=Exit.USAGE, what="the request is longer than 1 MiB")))
                return
            if line is None:
                return
            try:
                request = decode_request(line)
            except Refusal as refusal:
                await _say(stream, encode(refusal.reply()))
                if isinstance(refusal, NotJson):
                    return
                continue
            reply = await self._answer(stream, peer, request)
            with trio.CancelScope(deadline=trio.current_time() + LAST_WORD_S, shield=True) as last:
                await _say(stream, encode(reply))  # shielded: the answer to `drain` arrives too
            if last.cancelled_caught:
                return

    async def _answer(self, stream: trio.SocketStream, peer: Peer, request: AnyAsk) -> Done | Error:
        speaking = trio.Lock()

        async def emit(view: msgspec.Struct) -> None:
            async with speaking:  # how far it is may be told beside a row
                with trio.CancelScope(shield=True):  # a line is said to its end, or what follows is not understood
                    await _say(stream, encode_row(request.id, view))

        deed = deed_of(peer, request, self._office.dice.token() if request.mutates else "")
        tenant = tenant_of(request, self._office.configuration().tenants)
        intended: int | None = None
        settled = True
        try:
            await self._admit(peer, request, tenant, deed)
            if request.mutates:
                self._office.witness.event(
                    "control.requested", **_logged(peer, request), correlation_id=deed.correlation_id
                )
            if acts(request):
                intended = await self._intend(tenant, deed)
            with trio.fail_after(request.lasts_s):
                asking = Asking(self._office, peer, emit, self._before, deed.correlation_id)
                if acts(request):  # once begun it is not ended by an asker who goes, unless its verb says so
                    done = await verbs.answer(request, asking)
                else:
                    done = await beside(lambda: verbs.answer(request, asking), lambda: _until_gone(stream))
            reply: Done | Error = msgspec.structs.replace(done, id=request.id)
        except Refusal as refusal:
            reply = refusal.reply(request.id)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            away = Error(id=request.id, exit_code=Exit.FAILURE, what="the asker went away before the end")
            await self._conclude(peer, request, tenant, intended, away)
            raise
        except Exception as error:  # noqa: BLE001  # told to the asker and logged; the next request may fare better
            reply = self._fault(request, error)
            settled = not isinstance(error, UNSETTLED)
        await self._conclude(peer, request, tenant, intended, reply, settled=settled)
        return reply

    async def _admit(self, peer: Peer, request: Ask, tenant: str, deed: Deed) -> None:
        """The role is looked up for each request: a reload or a lost membership counts at once."""
        control = self._office.configuration().daemon.control
        role = await trio.to_thread.run_sync(role_of, peer, control)
        if role >= request.role:
            return
        self._office.witness.event("control.refused", **_logged(peer, request), role=role.name.lower())
        reason = f"the role is {role.name.lower()}, it takes {request.role.name.lower()}"
        self._office.store.audit.refused(tenant, deed, reason)
        raise Refusal(
            Exit.FORBIDDEN,
            f"{peer.name} may not ask for {request.verb}",
            where=f"your role is {role.name.lower()}, {request.verb} needs {request.role.name.lower()}",
            advice=await trio.to_thread.run_sync(way_in, request.role, control),
        )

    async def _intend(self, tenant: str, deed: Deed) -> int:
        """On disk, before anything is done. Raises Refusal where it cannot be: nothing is done then."""
        try:
            return await self._office.store.audit.intend(tenant, deed)
        except StoreUnavailable as error:
            raise Refusal(
                Exit.AGAIN,
                "nothing was done: what is about to be done has to stand in the audit first, which cannot be written",
                where=str(error),
                advice="lmsyncctl health tells what is wrong with the store; try again once it is well",
            ) from None

    async def _conclude(
        self, peer: Peer, request: Ask, tenant: str, intended: int | None, reply: Done | Error, *, settled: bool = True
    ) -> None:
        """On record how it ended, before the answer. Where that cannot be written, or nobody knows it, the answer is
        given all the same: the deed stands in the audit as one whose end is not known."""
        if not request.mutates:
            return
        note = reply.what if isinstance(reply, Error) else reply.note
        self._office.witness.event(
            "control.answered",
            uid=peer.uid,
            login=peer.login,
            verb=request.verb,
            exit_code=reply.exit_code,
            result=note,
        )
        if intended is None:
            return
        if not settled:
            self._office.store.audit.abandon(tenant, intended)
            return
        try:
            await self._office.store.audit.conclude(tenant, intended, result_of(reply), note)
        except StoreUnavailable as error:
            self._office.witness.trouble("audit.unfinished", error, tenant=tenant, number=intended, verb=request.verb)

    def _fault(self, request: Ask, error: Exception) -> Error:
        where = request.verb
        if isinstance(error, sqlite3.Error):
            error = translate(error)
        match error:
            case StoreUnavailable():
                what, code, advice = f"the store cannot be used now: {error}", Exit.AGAIN, "try again"
            case StoreRefused():
                what, code, advice = str(error), Exit.FAILURE, ""
            case ActorDied() | DeadlineExceeded():
                what, code, advice = str(error), Exit.AGAIN, "lmsyncctl actor tree shows what is wrong with it"
            case Unsettled():
                what, code, advice = str(error), Exit.AGAIN, "look how it stands, and try again"
            case SecretUnavailable():
                what, code, advice = f"a secret cannot be had: {error}", Exit.BAD_CONFIGURATION, "put it in its place"
            case trio.TooSlowError():
                what, code, advice = f"no end after {request.lasts_s:g} s", Exit.AGAIN, "see the daemon's log"
            case _:
                self._office.witness.trouble("control.fault", error, verb=request.verb)
                what, code = f"fault in lmsyncd: {type(error).__name__}", Exit.FAILURE
                advice = "the daemon's log has the traceback"
        return Error(id=request.id, exit_code=code, what=what, where=where, advice=advice)


async def _next_line(stream: trio.SocketStream, lines: Lines) -> bytes | None:
    """None when the peer has ended, or was silent for too long."""
    with trio.move_on_after(IDLE_S):
        while (line := lines.next()) is None:
            data = await stream.receive_some(READ_BYTES)
            if not data:
                return None
            lines.feed(data)
        return line
    return None


async def _until_gone(stream: trio.SocketStream) -> None:
    """Whoever asks to know something and goes away asks no more. Raises trio.BrokenResourceError when they have: a peer
    that only ended its own side still listens."""
    ways = select.poll()
    ways.register(stream.socket.fileno(), 0)
    while True:
        await trio.sleep(LOOK_S)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in ways.poll(0)):
            raise trio.BrokenResourceError("the peer has gone")


async def _say(stream: trio.SocketStream, line: bytes) -> None:
    """Raises trio.BrokenResourceError also where the peer does not read."""
    with trio.move_on_after(WRITE_S):
        await stream.send_all(line)
        return
    raise trio.BrokenResourceError("the peer does not read")


def _logged(peer: Peer, request: Ask) -> dict[str, object]:
    return {"uid": peer.uid, "login": peer.login, "pid": peer.pid, "verb": request.verb, "arguments": told(request)}
