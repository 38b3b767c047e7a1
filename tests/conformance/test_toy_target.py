"""Adding a target touches only its folder: here is a whole one, dropped into place, found and held to the suite."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from target_stage import ORIGIN, Setup, Stage
from target_suite import CHECKS

from actors import targets
from actors.domain.flow import Response
from config.model import Audience

TOY = '''
"""A pigeon loft: one POST a message, one GET to look, no more."""

import json

from actors.domain.capacity import Quota
from actors.domain.flow import Lost, NotSent, Request, Response, Veiled, decode_object
from actors.domain.outbox import Place, Rate
from actors.domain.verdicts import (
    Absent, Cause, Delivered, Doubtful, Faulted, Matched, Refused, Revoked, Throttled, Unavailable, Unmatched,
    Unprobeable,
)
from actors.ports import Answer, Connector, Effect, Fault
from actors.ports.faults import Faults
from config.model import Secret, Words


class LoftSettings(Words, frozen=True, kw_only=True):
    url: str
    key: Secret


def meaning(outcome):
    match outcome:
        case NotSent(detail):
            return Unavailable(detail)
        case Lost(detail):
            return Doubtful(detail)
        case Response(status=401):
            return Revoked("401")
        case Response(status=404):
            return Refused(Cause.DESTINATION_GONE, "404")
        case Response(status=429):
            return Throttled(outcome.headers.get("retry-after"))
        case Response(status=503):
            return Unavailable("503")
        case Response(status=status) if 300 <= status < 500:
            return Faulted(str(status))
        case Response(status=status) if status >= 500 or decode_object(outcome.body) is None:
            return Doubtful(str(status))
    return decode_object(outcome.body)


class Loft:
    kind = "loft"
    settle_s = 0.0
    late_landing_s = 1.0
    bundler = None
    listening = None
    rostering = None
    wants_statement = False
    looks_by_time = False
    attachment_bytes_max = 0

    def __init__(self, settings, reveal, wording):
        self.settings, self.key, self.wording = settings, Veiled(reveal(settings.key)), wording

    def rate(self, bucket):
        return Rate(per_s=10.0)

    def costs(self, destination, *, to_learner, known):
        return (("loft",),) if known or not to_learner else (("loft",), ("loft",))

    def quota(self, bucket):
        return Quota("ten a second", ("put",))

    def place(self, audience, change):
        if audience.course_channel:
            return Refused(Cause.BAD_CONFIGURATION, f"no loft for {change.course.code}")
        return Place(destination=audience.channel or f"learner:{change.learner.email}")

    def request(self, method, path, body=b""):
        return Request(
            method=method, url=f"{self.settings.url}{path}", operation="fly", headers={"x-key": self.key}, body=body,
            draws=("loft",),
        )

    def preview(self, parcel):
        composed = self.wording.compose(parcel, self.kind, str)
        return {"id": parcel.delivery_id, "by": parcel.correlation_id, "to": parcel.address, "text": composed.title}

    def deliver(self, parcel):
        said = meaning((yield self.request("POST", "/loft/fly", json.dumps(self.preview(parcel)).encode())))
        if isinstance(said, dict):
            return Delivered({"id": str(said["id"])}) if "id" in said else Doubtful("no id")
        return said

    def confirm(self, parcel):
        said = meaning((yield self.request("GET", f"/loft/landed/{parcel.delivery_id}")))
        match said:
            case dict():
                return Delivered({"id": str(said["id"])}) if said.get("id") else Absent()
            case Throttled() | Unavailable() | Revoked():
                return said
            case Doubtful(detail):
                return Unavailable(detail)
        return Unprobeable("odd")

    def find(self, email):
        if not email:
            return Unmatched("no address")
        said = meaning((yield self.request("GET", f"/loft/people/{email}")))
        match said:
            case dict():
                return Matched(str(said["at"])) if said.get("at") else Unmatched("no such person")
            case Doubtful(detail):
                return Unavailable(detail)
        return said

    def prepare(self, *, to_learner, now_us):
        return None

    def hello(self):
        said = meaning((yield self.request("GET", "/loft/landed/nothing")))
        return Delivered({"loft": "open"}) if isinstance(said, dict) else said


KINDS = frozenset({
    "reset_before_commit", "reset_after_commit", "truncated_after_commit", "status", "status_after_commit", "html",
    "rate_limited", "revoked",
})


class FakeLoft:
    mounts = ("/loft/",)
    limited = True

    def __init__(self):
        self.journal = []
        self.faults = Faults(KINDS)

    def fault(self, fault):
        self.faults.add(fault)

    def clear_faults(self):
        self.faults.clear()

    def handle(self, request, now_s):
        name = request.url.split("/")[2]
        fault = self.faults.strike(name) or Fault(kind="")
        lost = Answer(response=Response(status=0), reset=True)
        match fault.kind:
            case "reset_before_commit":
                return lost
            case "status":
                return Answer(response=Response(status=int(fault.value)))
            case "html":
                return Answer(response=Response(status=500, body=b"<html>"))
            case "rate_limited":
                headers = {"retry-after": fault.value} if fault.value else {}
                return Answer(response=Response(status=429, headers=headers))
            case "revoked":
                return Answer(response=Response(status=401))
        response = self.regular(name, request, now_s)
        match fault.kind:
            case "reset_after_commit":
                return lost
            case "status_after_commit":
                return Answer(response=Response(status=int(fault.value)))
            case "truncated_after_commit":
                return Answer(response=Response(status=200, body=response.body[:3]))
        return Answer(response=response)

    def regular(self, name, request, now_s):
        last = request.url.rsplit("/", 1)[1]
        if name == "landed":
            return self.json({"id": next((e.id for e in self.journal if e.delivery_id == last), "")})
        if name == "people":
            return self.json({"at": "" if last.startswith("nobody@") else "roof-" + last})
        told = json.loads(request.body)
        if "404" in told["to"]:
            return Response(status=404)
        id = str(len(self.journal) + 1)
        self.journal.append(Effect(
            vendor="loft", operation="fly", destination=told["to"], delivery_id=told["id"], correlation_id=told["by"],
            time=now_s, id=id,
        ))
        return self.json({"id": id})

    def json(self, value):
        return Response(status=200, body=json.dumps(value).encode())


CONNECTOR = Connector(settings=LoftSettings, build=Loft, fake=FakeLoft)
'''

SETUP = Setup(
    settings={"url": ORIGIN, "key": {"env": "LOFT_KEY"}},
    secrets={"LOFT_KEY": "coo-coo-coo"},
    channel=Audience(channel="tower"),
    missing_channel=Audience(channel="tower-404"),
    operation="fly",
)


@pytest.fixture
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder in the search path of actors.targets, and every trace of it gone afterwards."""
    (tmp_path / "loft").mkdir()
    (tmp_path / "loft" / "__init__.py").write_text(TOY)
    monkeypatch.setattr(targets, "__path__", [*targets.__path__, str(tmp_path)])
    targets.discover.cache_clear()
    yield
    targets.discover.cache_clear()
    sys.modules.pop("actors.targets.loft", None)
    if hasattr(targets, "loft"):
        delattr(targets, "loft")


@pytest.mark.usefixtures("dropped")
def test_a_dropped_folder_is_a_target_that_keeps_every_promise() -> None:
    found = targets.discover()
    assert "slack" in found
    for promise in CHECKS:
        promise(Stage("loft", found["loft"], SETUP))


@pytest.mark.usefixtures("dropped")
def test_the_suite_notices_a_broken_promise() -> None:
    stage = Stage("loft", targets.discover()["loft"], SETUP)
    stage.fake.handle = lambda request, now_s: type("Lie", (), {"reset": False, "response": Response(status=503)})()
    failed = []
    for promise in CHECKS:
        try:
            promise(stage)
        except AssertionError:
            failed.append(promise.__name__)
    assert "delivers_once_and_the_journal_knows_both_ids" in failed


def test_without_its_folder_it_is_gone() -> None:
    assert "loft" not in targets.discover()
