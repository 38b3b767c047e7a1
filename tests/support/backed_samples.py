"""Rows of ``control.backed``, each with words that people must find in it when it is shown."""

from daemon.control import views as v

AT = 1_800_000_000_000_000
STORE = "4fe1a90c22d07b13"
BACKED: list[tuple[v.View, tuple[str, ...]]] = [
    (v.ProgressRow(doing="copying", done=5, of=10, unit="bytes"), ()),
    (v.BackupPartRow(data=b"lmsyncd"), ()),
    (
        v.BackupHeadRow(
            store=STORE, name="x.backup", directory="/var/b", keep=14, database_bytes=9_000_000, sealed_for=("rsa ab",)
        ),
        ("x.backup", "9 MB", "/var/b", "14 stay", "rsa ab"),
    ),
    (
        v.BackupRow(
            store=STORE, number=4_711, at_us=AT, database_bytes=9_000_000, file_bytes=2_000_000, sha256="5c82",
            sealed_for=("the vault's key",), log_bytes=3_000_000, took_s=1.5, file="/var/b/x.backup",
        ),
        ("/var/b/x.backup: 2 MB", STORE, "4711", "5c82", "the vault's key", "the log came to 3 MB"),
    ),
    (
        v.BackupFileRow(
            file="x.backup", store=STORE, lmsyncd="0.1.0", schema_version=31, number=4_711, at_us=AT, made_us=AT,
            database_bytes=9_000_000, sha256="5c82", sealed_for=("x25519 ab",), tenants=("acme",), statements=1_234,
            deliveries={"delivered": 1_200}, against="it has lost 7 commits", commits_behind=7,
            behind_us=3_600_000_000, keys_missing=("ab12",),
        ),
        (
            "by lmsyncd 0.1.0 for x25519 ab (schema 31)", "acme; 1,234 statements", "1,200 delivered",
            "by 7 commits and",
            "1 key of the vault (ab12) is", "it has lost 7",
        ),
    ),
    (
        v.VerifiedRow(step="audit", looked_at=1_234, wrong=0, detail="1,234 rows", took_s=0.5),
        ("audit", "whole", "1,234 rows", "0.5 s"),
    ),
    (v.VerifiedRow(step="mark", looked_at=7, wrong=2), ("mark", "2 wrong")),
    (
        v.WrongRow(step="conservation", table="arrivals", row=17, tenant="acme", detail="1 is there"),
        ("conservation", "arrivals", "17", "acme", "1 is there"),
    ),
    (
        v.StorageRow(
            tenant="acme", what="statements", rows=1_234, bytes=5_000_000, rows_per_day=10.0, bytes_per_day=40_000,
            period="400d", stable_us=AT, stable_bytes=16_000_000,
        ),
        ("acme", "statements", "1,234", "5 MB", "40 kB", "400d", "2027-", "16 MB"),
    ),
    (
        v.StorageRow(tenant="", what="records", rows=9, bytes=900, rows_per_day=1.0, bytes_per_day=100),
        ("(all)", "records", "never"),
    ),
    (
        v.DiskRow(
            database_bytes=9_000_000, reusable_bytes=0, disk_free_bytes=90_000_000, bytes_per_day=1_000_000, full_us=AT,
            measured="dbstat", days=28.0,
        ),
        ("database 9 MB", "90 MB free", "1 MB a day more", "full on 2027-", "dbstat"),
    ),
    (
        v.DiskRow(
            database_bytes=9_000_000, reusable_bytes=5_000, disk_free_bytes=90_000_000, bytes_per_day=-7_000,
            full_us=None, measured="sampled", days=3.5,
        ),
        ("5 kB of it free", "7 kB a day less", "never full", "by the last 3.5 days"),
    ),
    (v.SupportPartRow(name="log.jsonl", size_bytes=1_234, what="the log"), ("log.jsonl", "1,234", "the log")),
]  # fmt: skip
