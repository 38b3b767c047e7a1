"""Who answers what: vendors' paths go to their fakes, ``/sandbox/…`` is the operators' side.

The fakes of sources all tell of one school, which operators change. A source of which there is a target of the same
name is called ``NAME_source`` here.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from actors.domain.flow import Request, Response
from actors.domain.school import School, sample
from actors.ports import Answer, Connector, Fake, Fault, SourceKind
from actors.ports.adjusting import Adjustable, Unclear
from actors.ports.sendings import Line, Sender, Switch
from daemon.sandbox import school as schools
from daemon.sandbox.wire import problem

OPERATIONS_MAX = 1000
FAULTS_MAX = 1000
PATH_CHARS_MAX = 300
_MARK = re.compile(r"[0-9@:'%=]")
_WORD = re.compile(r"v[0-9.]+|oauth2")
_JSON = {"content-type": "application/json"}


@runtime_checkable
class Settling(Protocol):
    """A fake in which effects may land after their request: asked to catch up before its journal is read."""

    def settle(self, now_s: float) -> None: ...


class Switchboard:
    """All fakes, their journal, the faults set on them, and a count of calls. ``clock`` is wall time in seconds."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        limited: bool,
        clock: Callable[[], float] = time.time,
        sources: Mapping[str, SourceKind] | None = None,
    ) -> None:
        self._connectors = connectors
        self._sources = sources or {}
        self.school = sample(clock())
        self.fakes = self._made(self.school)
        for fake in self.fakes.values():
            fake.limited = limited
        mounts = [(mount, kind) for kind, fake in self.fakes.items() for mount in fake.mounts]
        self._mounts = sorted(mounts, key=lambda pair: -len(pair[0]))
        self._faults: list[Fault] = []
        self._calls: Counter[tuple[str, str]] = Counter()
        self._throttled: Counter[tuple[str, str]] = Counter()
        self.clock = clock
        self._desk: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/sandbox/health"): self._health,
            ("GET", "/sandbox/journal"): self._journal,
            ("DELETE", "/sandbox/journal"): self._forget,
            ("GET", "/sandbox/calls"): self._counted,
            ("GET", "/sandbox/sent"): self._sent,
            ("GET", "/sandbox/faults"): self._told_faults,
            ("PUT", "/sandbox/faults"): self._set_faults,
            ("GET", "/sandbox/school"): self._told_school,
            ("POST", "/sandbox/school"): self._happen,
        }

    def _made(self, school: School) -> dict[str, Fake]:
        """A fresh fake of every vendor, by name."""
        made = {kind: connector.fake() for kind, connector in self._connectors.items()}
        for kind, source in self._sources.items():
            if source.fake is not None:
                made[f"{kind}_source" if kind in self._connectors else kind] = source.fake(school)
        return made

    def answer(self, request: Request) -> Answer:
        path = request.url.partition("?")[0]
        for mount, kind in self._mounts:
            if path.startswith(mount):
                return self._vendor(kind, mount, path, request)
        vendor = self.fakes.get(path.removeprefix("/sandbox/"))
        if isinstance(vendor, Adjustable):
            return self._adjusted(vendor, request, path)
        desk = self._desk.get((request.method, path))
        if desk is not None:
            return Answer(response=desk(request))
        if any(path == known for _, known in self._desk):
            return Answer(response=problem(405, "Method not allowed", f"{request.method} {path}"))
        return Answer(response=problem(404, "Not found", f"no vendor and nothing of the sandbox is at {path[:200]}"))

    def connect(self, url: str) -> Line | None:
        """A connection that somebody wants to hold open to a vendor."""
        path = url.partition("?")[0]
        kind = next((kind for mount, kind in self._mounts if path.startswith(mount)), "")
        fake: object = self.fakes.get(kind)
        return fake.connect(url, self.clock()) if isinstance(fake, Switch) else None

    def _vendor(self, kind: str, mount: str, path: str, request: Request) -> Answer:
        answer = self.fakes[kind].handle(request, self.clock())
        key = (kind, f"{request.method} {operation(path[len(mount) :])}")
        if key not in self._calls and len(self._calls) >= OPERATIONS_MAX:
            key = (kind, "other")
        self._calls[key] += 1
        if answer.response.status == 429:
            self._throttled[key] += 1
        return answer

    # ── the operators' side ──────────────────────────────────────────────────────────────────────

    def _health(self, request: Request) -> Response:
        self._settle()
        vendors = {
            kind: {"mounts": fake.mounts, "limited": fake.limited, "effects": len(fake.journal)}
            for kind, fake in self.fakes.items()
        }
        return _json({"status": "ok", "faults": len(self._faults), "vendors": vendors})

    def _journal(self, request: Request) -> Response:
        self._settle()
        effects = sorted((effect for fake in self.fakes.values() for effect in fake.journal), key=lambda e: e.time)
        body = msgspec.json.Encoder().encode_lines(effects)
        return Response(status=200, headers={"content-type": "application/jsonl"}, body=body)

    def _forget(self, request: Request) -> Response:
        self._settle()
        for fake in self.fakes.values():
            fake.journal.clear()
        return Response(status=204)

    def _sent(self, request: Request) -> Response:
        """What vendors sent by themselves, a line each."""
        trays = {kind: fake.tray for kind, fake in self.fakes.items() if isinstance(fake, Sender)}
        lines = [{"vendor": kind} | msgspec.structs.asdict(each) for kind, tray in trays.items() for each in tray.log]
        body = msgspec.json.Encoder().encode_lines(sorted(lines, key=lambda line: line["time"]))
        return Response(status=200, headers={"content-type": "application/jsonl"}, body=body)

    def _counted(self, request: Request) -> Response:
        counted: dict[str, dict[str, dict[str, int]]] = {kind: {} for kind in self.fakes}
        for (kind, name), calls in sorted(self._calls.items()):
            counted[kind][name] = {"calls": calls, "throttled": self._throttled[kind, name]}
        return _json(counted)

    def _told_faults(self, request: Request) -> Response:
        return _json(self._faults)

    def _set_faults(self, request: Request) -> Response:
        """All of them or none: a list with a mistake changes nothing."""
        try:
            faults = msgspec.json.decode(request.body, type=list[Fault])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return problem(400, "Not a list of faults", str(error))
        wrong = self._mistake(faults)
        if wrong:
            return problem(400, "Not a fault we have", wrong)
        for fake in self.fakes.values():
            fake.clear_faults()
        for fault in faults:
            for kind in self._struck(fault):
                try:
                    self.fakes[kind].fault(fault)
                except ValueError:
                    if fault.vendor:
                        raise
        self._faults = faults
        return _json(faults)

    def _adjusted(self, vendor: Adjustable, request: Request, path: str) -> Answer:
        """``/sandbox/VENDOR``: how it is set up, and what is to happen there."""
        try:
            match request.method:
                case "GET":
                    return Answer(response=_json(vendor.terms_told()))
                case "PUT":
                    return vendor.adjust(request.body, self.clock())
                case "POST":
                    return Answer(response=_json(vendor.happen(request.body, self.clock())))
                case _:
                    return Answer(response=problem(405, "Method not allowed", f"{request.method} {path}"))
        except Unclear as error:
            return Answer(response=problem(400, "Nothing that can change or happen", str(error)))

    def _told_school(self, request: Request) -> Response:
        return _json(schools.shown(self.school))

    def _happen(self, request: Request) -> Response:
        """In the order said, up to the first that is not clear; those before it have happened."""
        became: list[object] = []
        try:
            for what in schools.read(request.body):
                became.append(schools.happen(self.school, what, self.clock()))
        except schools.Unclear as error:
            where = f"[{len(became)}] " if became else ""
            return problem(400, "Nothing that can happen", f"{where}{error}")
        return _json(became)

    def _mistake(self, faults: list[Fault]) -> str:
        """What is wrong with these faults, tried on fresh fakes. A fault for any vendor must suit at least one."""
        if len(faults) > FAULTS_MAX:
            return f"at most {FAULTS_MAX} faults"
        trial = self._made(School())
        for index, fault in enumerate(faults):
            kinds = self._struck(fault)
            problems: list[str] = [] if kinds else [f"unknown vendor {fault.vendor!r}, one of {', '.join(trial)}"]
            for kind in kinds:
                try:
                    trial[kind].fault(fault)
                except ValueError as error:
                    problems.append(f"{kind}: {error}")
            if len(problems) >= max(1, len(kinds)):
                return f"[{index}] " + "; ".join(problems)
        return ""

    def _struck(self, fault: Fault) -> list[str]:
        return [kind for kind in self.fakes if fault.vendor in ("", kind)]

    def _settle(self) -> None:
        for fake in self.fakes.values():
            if isinstance(fake, Settling):
                fake.settle(self.clock())


def operation(path: str) -> str:
    """A path as an operation's name: what names one thing (an id, an address) becomes ``{}``."""
    return "/".join("{}" if _names_one_thing(part) else part for part in path[:PATH_CHARS_MAX].split("/"))


def _names_one_thing(part: str) -> bool:
    return bool(_MARK.search(part)) and not _WORD.fullmatch(part)


def _json(value: object) -> Response:
    return Response(status=200, headers=_JSON, body=msgspec.json.encode(value))
