"""Rows of ``control.eyed``, each with words that people must find in it when it is shown; and a report that has all."""

from daemon.control import views as v

AT = 1_800_000_000_000_000
DAY_US = 86_400_000_000
FIGURE = v.FigureRow(
    tenant="acme",
    group="completions",
    by="route",
    from_us=AT - DAY_US,
    until_us=AT,
    made=1_300,
    delivered=1_234,
    posts=1_200,
    ended={"dead": 3, "superseded": 9},
    attempts=1_260,
    errors={"throttled": 20, "unavailable": 6},
    calls={"chat.postMessage": 1_260, "users.lookupByEmail": 11},
    p50_us=84_000,
    p95_us=1_900_000,
    p99_us=31_000_000,
    late=12,
    kept=98.5,
    goal=99.0,
)
PULSE = v.PulseRow(
    lane="acme/slack",
    state="outage",
    why="the vendor was out since noon",
    waiting=1_204,
    stuck=2,
    oldest_us=AT,
    per_s=12.3,
    fault="unavailable",
    fault_us=AT,
    fault_words="HTTP 503",
    attempts=400,
    failed=40,
    p50_us=80_000,
    p95_us=420_000,
    headroom=0.05,
    headroom_of="channel",
)
SOURCE = v.SourcePulseRow(source="acme/sis", state="running", doing="users 40 of 800", good_us=AT, next_us=AT)
FRAME = v.FrameRow(
    now_us=AT,
    version="1.2.3",
    started_us=AT - DAY_US,
    brief=False,
    tenants=1,
    cpu_s=864.0,
    memory_bytes=128 << 20,
    tasks=90,
    commits=5,
    per_s=12.3,
    unrouted=1_777,
    loop_lag_s=0.004,
)
MOVE = v.MoveRow(
    no=9,
    lane="acme/slack",
    route="completions",
    state="dead",
    id="ab" * 16,
    at_us=AT,
    destination="C0GENERAL1",
    about="Ada completed Essay",
    attempts=3,
    verdict="refused",
    detail="channel_not_found",
)
HOSTILE = "<script>alert('x')</script>&\"'"
ERRORS = ("throttled", "unavailable", "doubtful", "refused", "revoked", "faulted")


def day(number: int, days: int) -> v.FigureRow:
    """The figures of one of ``days`` days: an ordinary week, and an outage in it."""
    weekend, out = number % 7 in (5, 6), number == days - 9
    delivered = 12 if weekend else 180 + number * 37 % 90
    return v.FigureRow(
        tenant="acme",
        group=f"day {number}",
        by="day",
        from_us=AT - (days - number) * DAY_US,
        until_us=AT - (days - number - 1) * DAY_US,
        made=delivered + 3,
        delivered=delivered,
        posts=delivered,
        ended={"dead": 14} if out else {"superseded": 2},
        attempts=delivered + 20,
        errors={"unavailable": 90, "doubtful": 6}
        if out
        else {"throttled": number % 4, "refused": int(number % 5 == 0)},
        calls={"chat.postMessage": delivered + 20 + (90 if out else 0), "users.lookupByEmail": 4},
        p50_us=900_000 + number % 3 * 120_000,
        p95_us=9_000_000_000 if out else 3_400_000 + number % 4 * 700_000,
        late=80 if out else 1,
    )


def report(*, name: str = "acme", locale: str = "en-GB", days: int = 30) -> v.ReportRow:
    """Of a tenant with everything that a report can tell."""
    drift = tuple(
        v.DriftRow(
            tenant="acme",
            roster=roster,
            at_us=AT - (days - number) * DAY_US,
            people=people,
            in_step=people - (number * 7 + people) % 19,
            pending=(number * 7 + people) % 19 - 2 if (number * 7 + people) % 19 > 2 else 0,
            unmatched=min(2, (number * 7 + people) % 19),
        )
        for number in range(0, days, 2)
        for roster, people in (("classes", 1_840), ("staff", 212))
    )
    whole = v.FigureRow(
        tenant="acme",
        group="all",
        by="",
        total=True,
        from_us=AT - days * DAY_US,
        until_us=AT,
        made=4_811,
        delivered=4_770,
        posts=4_700,
        ended={"dead": 14, "superseded": 27},
        attempts=5_120,
        errors={"unavailable": 90, "throttled": 41, "refused": 6, "doubtful": 6},
        calls={"chat.postMessage": 5_120, "users.lookupByEmail": 120},
        p50_us=1_020_000,
        p95_us=4_900_000,
        p99_us=61_000_000,
        late=109,
    )
    return v.ReportRow(
        tenant=name,
        timezone="Europe/Berlin",
        locale=locale,
        version="1.2.3",
        now_us=AT,
        since_us=AT - days * DAY_US,
        whole=whole,
        days=tuple(day(number, days) for number in range(days)),
        routes=(
            FIGURE,
            v.FigureRow(tenant="acme", group=f"{name} grades", by="route", delivered=3_500, p50_us=950_000),
        ),
        targets=(v.FigureRow(tenant="acme", group="slack", by="target", delivered=4_770, attempts=5_120),),
        promises=(
            v.PromiseView(route="completions", sla_us=30_000_000, goal=99.0, n=1_200, late=12, kept=99.0, red=False),
            v.PromiseView(
                route=f"{name} grades", sla_us=5_000_000, goal=99.5, n=3_500, late=97, kept=97.2286, red=True
            ),
        ),
        drift=drift,
        conflicts=(v.DisagreementView(what="stranger", n=3, oldest_us=AT - 9 * DAY_US),),
        letters=(
            v.WaitingCauseView(
                cause="unmatched_learner", whose="yours", n=9, oldest_us=AT - 3 * DAY_US, advice="add the address"
            ),
            v.WaitingCauseView(
                cause="exhausted",
                whose="theirs",
                n=5,
                oldest_us=AT - 9 * DAY_US,
                advice="replay it: lmsyncctl dlq plan",
            ),
        ),
        waiting=17,
        oldest_us=AT - 180_000_000,
    )


EYES: list[tuple[v.View, tuple[str, ...]]] = [
    (FIGURE, ("completions", "1,234", "throttled 20", "1.03", "84 ms", "98.50 %")),
    (v.FigureRow(tenant="acme", group="chat.postMessage", by="method", calls={"x": 7}), ("chat.postMessage", "7")),
    (PULSE, ("acme/slack", "outage", "1,204", "12", "10.0 %", "420 ms", "5 %", "the vendor was out")),
    (SOURCE, ("acme/sis", "users 40 of 800")),
    (FRAME, ("1.2.3", "1,777 to be routed")),
    (MOVE, ("dead", "acme/slack", "C0GENERAL1", "Ada completed Essay", "channel_not_found")),
    (v.WatchedRow(after=81_234, events_after=5, missed=3), ("81,234", "3 were missed")),
    (report(), ("acme: 4,770 changes",)),
]
