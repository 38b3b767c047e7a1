"""Every kind of row has its shape for people and for programs, also what a newer daemon may send."""

import msgspec
import pytest
from other_samples import OTHERS
from view_samples import AT

from daemon.cli import cells
from daemon.cli.people import FLUSH_ROWS, People
from daemon.cli.render import Json, Quiet, printer
from daemon.control import views as v
from daemon.control.exits import Exit
from daemon.control.protocol import Done, Refusal

DELIVERY = v.DeliveryRow(
    id="ab" * 16,
    lane="acme/slack",
    state="dead",
    route="done",
    destination="C0GENERAL1",
    change="graded",
    about="Ada · CS101",
    statement_id="6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10",
    correlation_id="req-7",
    attempts=8,
    attempts_max=8,
    accepted_us=AT,
    due_us=AT,
    done_us=AT + 2_500_000,
    cause="exhausted",
    whose="theirs",
    detail="gave up",
)
ATTEMPT = v.AttemptRow(
    number=1,
    what="send",
    started_us=AT,
    ended_us=AT + 1000,
    verdict="faulted",
    detail="HTTP 500",
    request_ids={"a": "b"},
)
SAMPLES: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.Overall(version="1.2", now_us=AT, started_us=AT, tenants=2, actors=5, delivered=1234, degraded=("so bad",)),
        ("degraded", "1,234 delivered", "so bad"),
    ),
    (v.Overall(version="1.2", now_us=AT, started_us=AT, tenants=2, actors=5), ("well",)),
    (
        v.LaneRow(
            lane="acme/slack", configured=True, depths={"waiting": 1_000_000, "held": 3}, held=("paused by ada",)
        ),
        ("acme/slack", "1,000,000", "3", "paused by ada"),
    ),
    (v.LaneRow(lane="acme/old", configured=False, depths={"dead": 1}), ("not configured any more",)),
    (v.LaneRow(lane="acme/mute", configured=True, depths={}, answering=False), ("its courier does not answer",)),
    (
        v.TenantRow(
            name="acme",
            state="running",
            timezone="UTC",
            locale="de",
            sources={"campus": "xapi"},
            targets={"slack": "slack"},
            routes=1,
            rosters=0,
            people=7,
            unrouted=10_000,
            unrouted_more=True,
        ),
        ("acme", "campus=xapi", "10,000+"),
    ),
    (v.CheckRow(name="store", ok=False, detail="disk full"), ("store", "FAILED", "disk full")),
    (v.CheckRow(name="store", ok=True), ("ok",)),
    (
        v.ActorRow(
            path="root/acme/router",
            actor="actor",
            state="backing_off",
            since_us=AT,
            restarts=3,
            depth=2,
            capacity=64,
            lost=1,
            error="KeyError: x",
            error_us=AT,
        ),
        ("root/acme/router", "backing off", "3 restarts", "mailbox 2/64", "1 lost", "KeyError: x"),
    ),
    (
        v.TargetRow(
            lane="acme/slack",
            platform="slack",
            routes=("done",),
            settle_s=2.0,
            late_landing_s=60.0,
            waiting=4,
            held=("x",),
        ),
        ("acme/slack", "done", "2 s", "60 s"),
    ),
    (
        v.ExchangeRow(operation="chat.postMessage", outcome="HTTP 200", elapsed_ms=12.3, request_ids={"x": "y"}),
        ("chat.postMessage", "HTTP 200", "12 ms", "x=y"),
    ),
    (
        v.TestRow(
            lane="acme/slack",
            what="post",
            verdict="delivered",
            detail="d",
            destination="C1",
            delivery_id="abc",
            receipt={"ts": "1.2"},
            payload={"text": "hi"},
        ),
        ("acme/slack: post", "delivered", "C1", "abc", "ts=1.2", '"text": "hi"'),
    ),
    (
        v.JudgementRow(
            statement="statement 1: Ada", change="graded", about="Ada", reason="no_route: x", explanation="why"
        ),
        ("statement 1: Ada", "graded: Ada", "no_route: x", "why"),
    ),
    (
        v.PreviewRow(
            lane="a/b", route="r", audience="the learner", destination="C1", delivery_id="abc", payload={"k": 1}
        ),
        ("a/b", "C1", "the learner", '"k": 1'),
    ),
    (
        v.PreviewRow(lane="a/b", route="r", audience="x", destination="C1", refused="bad_template", detail="line 3"),
        ("dead letter", "bad_template: line 3"),
    ),
    (
        v.PreviewRow(lane="a/b", route="r", audience="x", destination="C1", repeated=True, detail="posted before"),
        ("not posted", "posted before"),
    ),
    (
        v.PreviewRow(lane="a/b", route="r", audience="x", destination="C1", detail="asked first"),
        ("note", "asked first"),
    ),
    (DELIVERY, ("abababababab", "acme/slack", "dead", "exhausted: gave up", "8/8")),
    (
        v.DeliveryStory(
            delivery=DELIVERY,
            doubtful="park",
            audience="channel C0GENERAL1",
            attempts=(ATTEMPT,),
            next=("first", "second"),
        ),
        ("ab" * 16, "exhausted (theirs): gave up", "HTTP 500", "a=b", "first", "second", "2.50 s after"),
    ),
    (
        v.DeliveryStory(
            delivery=msgspec.structs.replace(DELIVERY, state="delivered", cause="", detail="found", done_us=None),
            doubtful="park",
            audience="x",
            template="mine",
            receipt={"ts": "9"},
        ),
        ("ts=9", "found", "template mine"),
    ),
    (
        v.StatementStory(
            id="6d7a",
            tenant="acme",
            source="campus",
            credential="moodle",
            correlation_id="req-7",
            trace_id="0af7",
            accepted_us=AT,
            timestamp="2026",
            version="1.0.3",
            voided=True,
            actor="Ada",
            verb="ate",
            object="cake",
            routed=True,
            change="graded",
            reason="repeated: x",
            explanation="because",
            occurrence=2,
            deliveries=1,
            carried_by=("abc",),
        ),
        (
            "6d7a",
            "moodle",
            "Ada · ate · cake",
            "voided since",
            "number 2",
            "1 delivery",
            "because",
            "carried by",
            "abc",
        ),
    ),
    (
        v.ArrivalRow(
            tenant="acme",
            source="campus",
            credential="moodle",
            correlation_id="req-7",
            trace_id="0af7",
            at_us=AT,
            fresh=2,
            collapsed=3,
            shown=2,
        ),
        ("acme/campus", "moodle", "req-7", "0af7"),
    ),
    (
        v.SpanRow(trace_id="0af7", name="send", subject="delivery x", at_us=AT, until_us=AT + 1000, detail="d"),
        ("0af7", "send", "delivery x", "1 ms"),
    ),
    (v.SpanRow(trace_id="0af7", name="routed", subject="statement x"), ("routed",)),
    (
        v.ChangedRow(what="abc", before="dead", after="waiting", done=True, dry_run=False, made="f" * 32),
        ("done", "f" * 12),
    ),
    (v.ChangedRow(what="abc", before="dead", after="waiting", done=False, dry_run=True), ("rehearsed",)),
    (
        v.ChangedRow(what="abc", before="dead", after="dead", done=False, dry_run=False, note="why"),
        ("unchanged", "why"),
    ),
    (
        v.ProblemRow(file="a.toml", line=3, key="k", message="m", suggestion="s", severity="error"),
        ("a.toml:3", "k", "error: m (s)"),
    ),
    (v.ProblemRow(file="a.toml", line=0, key="", message="m", suggestion="", severity="warning"), ("warning: m",)),
    (v.ReloadRow(applied=("acme",), restart_needed=()), ("started anew: acme",)),
    (v.ReloadRow(applied=(), restart_needed=()), ("nothing had to be",)),
    (v.ConfigRow(file="/etc/x.toml", body={"k": ["v"]}), ("# /etc/x.toml", '"v"')),
    (v.VersionRow(version="1.2", protocol=1), ("lmsyncd 1.2",)),
    *OTHERS,
]


def raw(view: v.View) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(view))


def test_every_kind_has_a_sample() -> None:
    assert {type(view) for view, _ in SAMPLES} == set(v.AnyView.__args__)


@pytest.mark.parametrize(("view", "words"), SAMPLES, ids=[type(view).__name__ for view, _ in SAMPLES])
def test_every_kind_is_shown_to_people(
    view: v.View, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    out = printer(as_json=False, quiet=False)
    assert isinstance(out, People)
    out.row(raw(view))
    out.end(Done(note="the end"))
    said = capsys.readouterr().out
    assert [word for word in (*words, "the end") if word not in said] == []
    assert "\x1b" not in said


ANSWERS = [view for view, _ in SAMPLES if not isinstance(view, v.ProgressRow)]


@pytest.mark.parametrize("view", ANSWERS, ids=lambda view: type(view).__name__)
def test_every_kind_is_one_line_for_programs(view: v.View, capsys: pytest.CaptureFixture[str]) -> None:
    out = printer(as_json=True, quiet=False)
    assert isinstance(out, Json)
    out.row(raw(view))
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    decoded = msgspec.json.decode(line)
    assert decoded.pop("schema") == 1
    assert msgspec.convert(decoded, v.AnyView) == view


def test_rows_of_one_kind_share_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    out = People()
    for name in ("one", "two"):
        out.row(raw(v.CheckRow(name=name, ok=True)))
    out.row(raw(v.VersionRow(version="1", protocol=1)))
    out.end(Done())
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["check", "one", "two", "lmsyncd"]


def test_a_long_table_is_seen_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    out = People()
    for number in range(FLUSH_ROWS):
        out.row(raw(v.CheckRow(name=str(number), ok=True)))
    assert len(capsys.readouterr().out.splitlines()) == FLUSH_ROWS + 1


def test_the_tree_is_drawn_from_paths(capsys: pytest.CaptureFixture[str]) -> None:
    out = People()
    for path in ("root", "root/acme", "root/acme/router", "root/beta"):
        out.row(raw(v.ActorRow(path=path, actor="actor", state="running", since_us=AT, restarts=0)))
    out.end(Done())
    names = [line.lstrip("│├└─ ").split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["root", "acme", "router", "beta"]


def test_a_kind_from_the_future_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    People().row(msgspec.Raw(b'{"kind":"dream","of":"\\u001b[31m"}'))
    said = capsys.readouterr().out
    assert '"dream"' in said
    assert "\x1b" not in said


REFUSAL = Refusal(Exit.AGAIN, "the disk is full", where="store", advice="make room")


def test_errors_go_to_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    for out in (People(), Quiet()):
        out.refused(REFUSAL)
        ended = capsys.readouterr()
        assert ended.out == ""
        assert ended.err == "lmsyncctl: the disk is full (store)\n  make room\n"
    Json().refused(REFUSAL)
    ended = capsys.readouterr()
    assert ended.out == ""
    assert msgspec.json.decode(ended.err) == {
        "schema": 1,
        "kind": "error",
        "exit_code": 75,
        "what": "the disk is full",
        "where": "store",
        "advice": "make room",
    }


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    out = printer(as_json=True, quiet=True)
    out.row(raw(DELIVERY))
    out.end(Done(note="x"))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [(0, 12_000, "12 ms"), (0, 1_500_000, "1.50 s"), (0, 90_000_000, "90 s"), (None, 5, ""), (5, None, "")],
)
def test_how_long_it_took(start: int | None, end: int | None, said: str) -> None:
    assert cells.took(start, end) == said


def test_times_have_a_bound() -> None:
    assert cells.at(None) == ""
    assert cells.at(1 << 62).startswith("9999")
    assert cells.age(None, AT) == "-"
