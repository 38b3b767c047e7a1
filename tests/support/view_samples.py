"""Rows of ``control.outlook``, each with words that people must find in it when it is shown."""

from person_samples import PERSONS

from daemon.control import views as v

AT = 1_800_000_000_000_000

HELD = v.DeliveryRow(
    id="ab" * 16,
    lane="acme/slack",
    state="held",
    route="daily",
    destination="C0GENERAL1",
    change="graded",
    about="Ada",
    statement_id="6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10",
    correlation_id="req-7",
    attempts=0,
    attempts_max=8,
    accepted_us=AT,
    due_us=AT,
    detail="as ben chose",
    held_for="digest",
)
READ = v.ReadingRow(
    source="acme/campus",
    mode="full",
    began_us=AT,
    ended_us=AT + 2_000_000,
    how="finished",
    told=51,
    changed=3,
    statements=7,
)
OUTLOOKS: list[tuple[v.View, tuple[str, ...]]] = [
    (HELD, ("held", "for the digest of 20", "(as ben chose)")),
    (
        v.CauseRow(
            whose="yours",
            cause="bad_template",
            n=1_234,
            more=True,
            lanes={"acme/slack": 1_234},
            oldest_us=AT,
            newest_us=AT,
            advice="mend it",
        ),
        ("yours", "bad_template", "1,234+", "acme/slack 1,234", "mend it"),
    ),
    (
        v.UnroutedRow(
            statement_id="6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10",
            tenant="acme",
            change="graded",
            about="Ada scored Essay",
            reason="no_route: none",
            explanation="add one",
            accepted_us=AT,
        ),
        ("6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10", "graded", "Ada scored Essay", "no_route: none"),
    ),
    (
        v.PlannedRow(
            id="ab" * 16,
            lane="acme/slack",
            destination="C0GENERAL1",
            state="dead",
            attempts=8,
            change="graded",
            about="Ada",
            does="obsolete",
            goes=True,
            note="newer value",
        ),
        ("ab" * 6, "dead", "find it obsolete, and act as it was named", "newer value"),
    ),
    (
        v.PlannedRow(
            id="6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10",
            lane="acme/slack",
            destination="C0GENERAL1",
            state="unrouted",
            attempts=0,
            does="send",
            goes=True,
        ),
        ("6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10", "unrouted", "send it"),
    ),
    (
        v.PlanRow(
            hash="9c41e0d2a7b35f18",
            until_us=AT,
            counts={"send": 1_000, "orphan": 2},
            goes=1_000,
            calls=1_002,
            seconds=999.0,
            limited_by="channel:C0GENERAL1",
            left=7,
        ),
        (
            "9c41e0d2a7b35f18",
            "1,000 send, 2 orphan",
            "1,002 requests, 16 min",
            "channel:C0GENERAL1",
            "7 or more are left",
        ),
    ),
    (
        v.PlanRow(hash="9c41e0d2a7b35f18", until_us=AT, counts={"orphan": 2}, goes=0, calls=0, seconds=0.0),
        ("2 orphan; a replay would act on 0",),
    ),
    (
        v.ForecastRow(
            lane="acme/slack",
            n=1_200,
            calls=1_300,
            seconds=1_199.0,
            limited_by="channel:C0GENERAL1",
            estimate=True,
            destinations=3,
            later=4,
            worst=(v.DrainRow(destination="C0GENERAL1", n=1_200, seconds=1_199.0),),
            held=("paused by ada",),
        ),
        (
            "1,200 deliveries to 3 destinations: about 1,300",
            "about 19 min",
            "an estimate",
            "4 more wait",
            "paused by ada",
        ),
    ),
    (
        v.ForecastRow(lane="acme/slack", n=1, calls=1, seconds=0.0, limited_by="", estimate=False, destinations=1),
        ("1 delivery to 1 destination: 1 request, which no limit holds up",),
    ),
    (
        v.CaughtUpRow(lane="acme/slack", destination="C0GENERAL1", superseded=3, dry_run=True),
        ("C0GENERAL1", "3", "would be replaced by newer ones"),
    ),
    (v.CaughtUpRow(lane="acme/slack", destination="C0GENERAL1", folded=5), ("5", "folded into a digest")),
    (
        v.SlaRow(
            tenant="acme",
            route="done",
            target="slack",
            n=1_000,
            p50_us=12_000,
            p95_us=1_500_000,
            p99_us=600_000_000,
            sla_us=30_000_000,
            late=12,
            kept=98.8,
            goal=99.0,
            allowed=10.0,
            red=True,
        ),
        ("acme/done", "1,000", "12 ms", "1.50 s", "10 min", "30.00 s", "98.80 %", "99 %", "-2.0 of 10.0"),
    ),
    (v.SlaRow(tenant="acme", route="quiet", target="slack", n=0), ("acme/quiet", "-")),
    (
        v.LateRow(
            id="ab" * 16,
            tenant="acme",
            route="done",
            done_us=AT,
            took_us=61_000_000,
            sla_us=30_000_000,
            stage="paused",
            explanation="an operator had paused the lane",
            stages={"vendor": 1_000_000, "paused": 60_000_000},
        ),
        ("ab" * 6, "acme/done", "61 s", "paused: an operator", "paused 60 s, vendor 1.00 s"),
    ),
]
KEEPING: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.KeptRow(
            tenant="acme",
            what="dead_letters",
            kept=100_000,
            more=True,
            bytes=3_140_000,
            oldest_us=AT,
            period="400d",
            removed=1_234,
            removed_us=AT,
            next_us=AT,
        ),
        ("acme", "dead letters", "100,000+", "3.14 MB", "400d", "1,234"),
    ),
    (v.KeptRow(tenant="", what="effects", kept=20_376, about=True), ("(all)", "effects", "about 20,376")),
    (
        v.SpaceRow(database_bytes=2_000_000_000, free_bytes=4096, log_bytes=0, returns=True),
        ("database 2 GB, 4.1 kB of it free",),
    ),
    (
        v.SpaceRow(database_bytes=2_000_000_000_000, free_bytes=0, log_bytes=999, returns=False),
        ("database 2 TB, nothing of it free; log 999 B; free space is not given back",),
    ),
    (
        v.SweptRow(tenant="acme", removed={"dead_letters": 1_000, "late": 3}),
        ("acme: removed 1,000 dead letters, 3 late so far",),
    ),
    (
        v.ImportFaultRow(at=1_204, id="ab" * 16, rule="verb.id: must be an IRI with a scheme"),
        ("1,204", "ab" * 16, "verb.id: must be an IRI"),
    ),
    (
        v.ErasePlanRow(
            tenant="acme",
            persons=("mailto:ada@example.edu", "account:https://lms|ada"),
            names=("Ada Lovelace",),
            counts={"statements": 1_204, "documents_changed": 2},
            hash="9c41e0d2a7b35f18",
            before_us=AT,
        ),
        ("mailto:ada@example.edu", "Ada Lovelace", "1,204 statements, 2 documents changed", "plan 9c41e0d2a7b35f18"),
    ),
    (
        v.ErasingRow(tenant="acme", no=3, looked=10_000, counts={"statements": 7}),
        ("acme: erased 7 statements so far, of 10,000 rows looked at",),
    ),
    (v.ErasingRow(tenant="acme", counts={}, ended=True, dry_run=True), ("acme: would erase nothing\n",)),
    (
        v.ErasureRow(no=3, tenant="acme", begun_us=AT, begun_by="ada (uid 1000)", counts={"statements": 7}),
        ("3", "acme", "ada (uid 1000)", "interrupted", "7 statements"),
    ),
    (v.SweptRow(tenant="acme", removed={}, dry_run=True, ended=True), ("acme: would remove nothing\n",)),
]
CLIENTS: list[tuple[v.View, tuple[str, ...]]] = [
    *PERSONS,
    (
        v.SourceRow(
            source="acme/campus",
            platform="canvas",
            state="braked",
            braked="60 of 100 users would be gone",
            mapping=3,
            quarantined=1_234,
            next_us=AT,
            next_mode="delta",
            last=READ,
            heard=v.HeardView(taken=1_200, refused=2, told=900, changed=30, ignored=310),
            silent_since_us=AT,
            past="backfill from 2026-09-01T00:00:00Z to now",
        ),
        ("canvas", "--accept-removals", "still to be read", "full, finished", "3 new", "not called", "310 ignored"),
    ),
    (READ, ("acme/campus: full reading finished after 2.00 s", "51 told, 3 new, 7 statements")),
    (
        v.ReadingRow(source="acme/campus", mode="full", began_us=AT, what="users", done=20, total=9_000, requests=20),
        ("full reading, users 20 of 9,000: nothing, 20 requests",),
    ),
    (
        v.CredentialRow(
            tenant="acme",
            source="campus",
            name="bi",
            origin="stored",
            state="active",
            scopes=("all/read", "profile"),
            rate_per_s=2.5,
            burst=9,
            used=1_234,
            used_us=AT,
            overlap=True,
            former_until_us=AT,
            made_us=AT,
            made_by="ada (uid 7)",
            expires_us=AT,
        ),
        ("acme/bi", "campus (made)", "all/read profile", "2.5/s, 9 at once", "1,234", "not used since", "expires 2027"),
    ),
    (
        v.CredentialRow(
            tenant="acme", source="campus", name="moodle", origin="file", state="active", scopes=("all",), overlap=True,
            former_used_us=AT,
        ),
        ("campus (tenant file)", "until it is taken out of the file, last used 2027"),
    ),
    (
        v.CredentialRow(
            tenant="acme", source="campus", name="old", origin="stored", state="revoked", scopes=("all",),
            revoked_us=AT, revoked_by="ada (uid 7)",
        ),
        ("revoked", "by ada (uid 7)"),
    ),
    (
        v.CredentialRow(tenant="acme", source="gone", name="x", origin="stored", state="unplaced", scopes=("all",)),
        ("its source is not configured",),
    ),
    (
        v.SecretRow(
            tenant="acme",
            source="campus",
            name="bi",
            secret="lmsyncd_1",  # a sample
            scopes=("all/read",),
            endpoint="https://lms-sync.example.edu/t/acme/xapi/",
            former_until_us=AT,
        ),
        ("acme/bi", "user name", "lmsyncd_1", "https://lms-sync.example.edu/t/acme/xapi/", "works until 2027"),
    ),
]  # fmt: skip
REMAPPED: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.QuarantinedRow(
            source="acme/sis", entity="user", id="4711", rule="email", path="mail", value='"ada"',
            suggestion="write name@domain", flaws=3, since_us=AT, dismissed=True, corrected=True, tells=True,
        ),
        ("user/4711", "acme/sis", "email (+2)", "mail", '"ada"', "write name@domain", "dismissed; corrected; stands"),
    ),
    (
        v.RecordRow(
            source="acme/sis", entity="user", id="4711", state="quarantined", form="csv", mapping=2, rev=3,
            raw='{"mail":"ada"}', canonical='{"id":"4711"}', since_us=AT, dismissed=True,
            flaws=(v.FlawView(rule="email", path="mail", value='"ada"', suggestion="write name@domain"),),
            corrections=(
                v.CorrectionView(path="mail", value='"a@b.c"', was="", by="kim", at_us=AT, holds=False),
            ),
        ),
        (
            "acme/sis user/4711", "quarantined, dismissed, since 2027", "version 2, form csv, revision 3",
            'email at mail: "ada"', "write name@domain", 'mail: absent → "a@b.c", by kim', "it rests",
            '{"mail":"ada"}', '{"id":"4711"}',
        ),
    ),
    (
        v.FieldDiffRow(
            entity="grade", field="score.raw", records=1_234,
            samples=(v.SampleView(id="g1", before="8.0", after="80.0"),),
        ),
        ("grade", "score.raw", "1,234", "g1: 8.0 → 80.0"),
    ),
    (
        v.MapDiffRow(
            source="acme/sis", before=1, after=2, records=4_000, changed=1_234, healed=7, flawed={"email": 2},
            people=900, people_more=True, plan="9c41e0d2a7b35f18",
        ),
        ("version 1 → 2", "of 4,000 records 1,234", "2 go to quarantine (2 by email)", "7 fit", "900 or more"),
    ),
    (
        v.ActivationRow(
            source="acme/sis", what="activate", before=1, version=2, state="done", by="kim", begun_us=AT, records=4_000
        ),
        ("acme/sis", "activate", "v1 → v2", "done", "kim", "4,000"),
    ),
]  # fmt: skip
