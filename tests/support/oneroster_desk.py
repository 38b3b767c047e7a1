"""A OneRoster source at a desk: its conversation driven by hand, with files from a depot and answers from its fake."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from memory_depot import MemoryDepot
from memory_http import InMemoryHttp

from actors.domain.flow import Outcome, Request
from actors.domain.harvest import (
    Answer,
    Bundles,
    Download,
    Ended,
    Order,
    Page,
    Put,
    Record,
    Rows,
    Whole,
)
from actors.ports import Bearing
from actors.sources.oneroster import CONNECTOR
from actors.sources.oneroster.flow import OneRosterSource
from actors.sources.oneroster.settings import OneRosterSettings

INBOX = "/srv/inbox"
SMALL = Path(__file__).parents[1] / "samples" / "oneroster-school-small.zip"
"""A school of 79 people, 42 classes and 546 enrolments."""
NOW_US = 1_788_264_000_000_000
"""2026-09-01T12:00:00Z."""
DAY_US = 86_400_000_000
HEADS = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "courses": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects",
    "classes": "sourcedId,status,dateLastModified,title,courseSourcedId,classCode,classType,schoolSourcedId,"
    "termSourcedIds",
    "users": "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,"
    "email,password",
    "enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate",
    "lineItems": "sourcedId,status,dateLastModified,title,dueDate,classSourcedId,resultValueMin,resultValueMax",
    "results": "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate",
}
ROWS = {
    "orgs": ["o1,,,Hillside School,school,1000,"],
    "academicSessions": [
        "t1,,,Autumn,term,2026-08-15,2027-01-31,,2027",
        "t2,,,Spring,term,2027-02-01,2027-06-10,,2027",
    ],
    "courses": ["k1,,,y1,Mathematics,MATH-101,09,o1,"],
    "classes": ['c1,,,Mathematics A,k1,,scheduled,o1,"t1,t2"', "c2,,,Rhetoric,,RH-2,scheduled,o1,t1"],
    "users": [
        "u1,,,true,o1,student,ada,Ada,Lovelace,Ada@Example.edu,hunter2",
        "u2,,,false,o1,student,grace,Grace,Hopper,grace@example.edu,",
        "u3,,,true,o1,teacher,emmy,Emmy,Noether,emmy@example.edu,",
    ],
    "enrollments": [
        "e1,,,c1,o1,u1,student,,2026-08-15,2027-06-10",
        "e2,,,c1,o1,u2,student,,2026-12-01,2027-06-10",
        "e3,,,c1,o1,u3,teacher,true,,",
        "e4,,,c2,o1,u1,student,,2026-08-01,2026-08-20",
    ],
    "lineItems": ["l1,,,First paper,2026-10-01,c1,0,20"],
    "results": ["r1,,,l1,u1,fully graded,17.5,2026-08-30"],
}


def bundle(manifest: str | None = "bulk", version: str = "1.1", **files: list[str] | str | None) -> dict[str, str]:
    """A small bundle. ``files`` replaces rows of a file (a text: the whole file, None: it is not there); ``manifest``
    says how all of them come, None: there is none."""
    held: dict[str, str] = {}
    for name, head in HEADS.items():
        rows = files.get(name, ROWS[name])
        if isinstance(rows, str):
            held[f"{name}.csv"] = rows
        elif rows is not None:
            held[f"{name}.csv"] = "\r\n".join([head, *rows]) + "\r\n"
    if manifest is not None:
        said = [f"file.{name},{manifest}" for name in HEADS]
        lines = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}", *said]
        held["manifest.csv"] = "\r\n".join([*lines, "file.demographics,absent"]) + "\r\n"
    return held


def small() -> dict[str, bytes]:
    """The sample's files."""
    with zipfile.ZipFile(SMALL) as held:
        return {name: held.read(name) for name in held.namelist()}


class Told(msgspec.Struct, kw_only=True):
    """What one reading did, in order. ``wholes`` with how many records had been told before."""

    records: list[Record] = []
    wholes: list[str] = []
    cursor: dict[str, str] = {}
    cursors: int = 0
    requests: list[Request] = []
    pages: int = 0
    ended: Ended | None = None

    def of(self, entity: str) -> dict[str, Record]:
        return {record.id: record for record in self.records if record.entity == entity}


class Desk:
    """``settings`` as in a file; secrets are the names of their variables."""

    def __init__(self, depot: MemoryDepot, http: InMemoryHttp | None = None, **settings: object) -> None:
        read = msgspec.convert(
            settings or {"inbox": INBOX}, type=OneRosterSettings, dec_hook=lambda kind, value: kind(value)
        )
        assert CONNECTOR.build is not None
        bearing = Bearing(tenant="acme", source="sis", timezone="Europe/Berlin", locale="en-GB")
        source = CONNECTOR.build(read, lambda secret: str(secret.env), bearing)
        assert isinstance(source, OneRosterSource)
        self.source = source
        self.depot = depot
        self.http = http
        self.now_us = NOW_US
        self.cursor: dict[str, str] = {}

    async def read(self, mode: str = "delta", cursor: Mapping[str, str] | None = None, **ends: str) -> Told:
        """One reading; its cursor is kept for the next."""
        known = self.cursor if cursor is None else cursor
        order = Order(mode=mode, cursor=dict(known), now_us=self.now_us, **ends)  # type: ignore[arg-type]
        told = Told(cursor=dict(known))
        harvest = self.source.harvest(order)
        answer: Answer = None
        while True:
            try:
                step = harvest.send(answer)
            except StopIteration as end:
                told.ended = end.value
                self.cursor = told.cursor
                return told
            match step:
                case Page(records=records, cursor=moved):
                    told.records += records
                    told.pages += 1
                    if moved is not None:
                        told.cursor, told.cursors = dict(moved), told.cursors + 1
                    answer = None
                case Whole(entity=entity):
                    told.wholes.append(entity)
                    answer = None
                case Bundles(inbox=inbox):
                    answer = await self.depot.bundles(inbox)
                case Download(request=request, bytes_max=bytes_max):
                    told.requests.append(request)
                    answer = await self.depot.download(request, bytes_max)
                case Rows(bundle=key, name=name, count=count):
                    answer = await self.depot.rows(key, name, count)
                case Put(bundle=key, where=where, note=note):
                    answer = await self.depot.put(key, where, note)
                case Request():
                    told.requests.append(step)
                    answer = await self._ask(step)
                case _:
                    answer = None

    async def _ask(self, request: Request) -> Outcome:
        assert self.http is not None, "this desk has no network"
        return await self.http.send(request)
