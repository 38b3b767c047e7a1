"""Rows of ``control.piloted``, each with words that people must find in it when it is shown."""

from daemon.control import views as v

AT = 1_800_000_000_000_000
NEED = v.NeedView(
    lane="acme/slack",
    bucket="channel:C0GENERAL1",
    per_day=90_000.0,
    busiest_hour=18_000.0,
    gives_hour=3_600.0,
    percent=500.0,
    wait_s=14_400.0,
    never=False,
    of=3,
    all_day=120_000.0,
    takes_s=90_000.0,
    tier="special: about 1 a second and channel",
    methods=("chat.postMessage",),
)
PILOTED: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.TargetRow(
            lane="acme/teams", platform="teams", routes=(), settle_s=2.0, late_landing_s=60.0, waiting=0,
            remembered=1_900, looked_up=100,
        ),
        ("acme/teams", "1,900 of 2,000"),
    ),
    (
        v.CacheRow(
            cache="addresses", of="acme/slack", text="what a vendor calls a learner", entries=500, hits=4_500,
            misses=480, stale=20, evicted=3, rate=90.0, oldest_us=AT, saved=9_000,
        ),
        ("addresses", "acme/slack", "500", "5,000", "90.0 %", "20", "9,000", "what a vendor calls a learner"),
    ),
    (
        v.CacheRow(cache="schedules", text="cron lines, read", entries=2, bound=1_024),
        ("schedules", "1,024", "cron lines, read"),
    ),
    (
        v.PilotRow(
            tenant="acme", name="news", state="running", cohort="5 % of people", created_us=AT, changed_us=AT,
            changed_by="ada", routes=("done",), verdict="red", reasons=("dead or parked: 9 of 100",),
            lacking=("not enough people yet",), people=7, outsiders=80, sent=100, waiting=1, wrong=9, mismatched=2,
            doubles=1, rehearsed=900, unsayable=4, compared=90, astray=3,
            also_told=20, others=("old",), examples=(v.ExampleView(id="d7", what="words: others"),),
            p50_us=120_000, p95_us=1_500_000, p99_us=200_000_000, kept=98.5,
            calls_each=1.2, bytes_each=2_100, full_events_per_day=1_000.0, full_calls_per_day=1_200.0,
            full_bytes_per_month=64_000_000, needs=(NEED,),
        ),
        (
            "acme/news: 5 % of people", "running, since", "by ada", "routes: done", "verdict: red",
            "as planned: 87 of 90", "20 are told by old as well", "lmsyncctl why d7  words: others",
            "dead or parked: 9 of 100", "not enough people yet", "100 deliveries to 7 people", "rehearsed: 900",
            "p50 120 ms, p95 1.5 s, p99 3 min", "98.5 % within the SLA", "1.2 vendor calls, 2.1 kB",
            "64 MB a month",
            "(busiest of 3): 18,000 of 3,600 calls",
        ),
    ),
    (
        v.PilotRow(
            tenant="acme", name="next", state="nobody", cohort="nobody", created_us=0, changed_us=0, changed_by="",
            reason="not created yet",
        ),
        ("acme/next", "nobody is told (not created yet)", "routes: none"),
    ),
    (
        v.NeedRow(need=NEED),
        ("acme/slack channel:C0GENERAL1 (busiest of 3)", "about 1 a second", "chat.postMessage", "90,000 of 120,000",
         "3,600", "500 %", "25 h", "4 h"),
    ),
    (
        v.OutlookRow(
            tenant="acme", events_per_day=20_000.0, posts_per_day=24_000.0, calls_per_day=25_000.0, busiest_share=0.2,
            bytes_per_day=40_000_000, calls={"acme/slack": {"chat.postMessage": 24_000.0}},
            takes_s={"acme/slack": 4_800.0}, first="acme/slack workspace", first_at=9_000.0, helps=("a digest helps",),
            assumed=("100 people",),
        ),
        ("20,000 events a day are 24,000 posts", "20% of them", "40 MB",
         "acme/slack: 24,000 chat.postMessage; sent at once, 80 min at least",
         "first to break: acme/slack workspace, at 9,000", "a digest helps", "assumed: 100 people"),
    ),
]  # fmt: skip
