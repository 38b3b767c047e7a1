"""Rows of ``control.audited``, each with words that people must find in it when it is shown."""

from daemon.control import views as v

AT = 1_800_000_000_000_000
DEED = v.AuditRow(
    seq=17,
    tenant="acme",
    no=9,
    at_us=AT,
    who="ada (uid 1000)",
    place="control socket, pid 4711",
    what="pause",
    object="acme/slack",
    arguments={"lane": "acme/slack", "n": 3},
    result="unfinished",
)
AUDITED: list[tuple[v.View, tuple[str, ...]]] = [
    (DEED, ("17", "acme", "ada (uid 1000)", "pid 4711", "pause", "lane=acme/slack n=3", "unfinished")),
    (
        v.AuditRow(seq=18, tenant="", no=1, at_us=AT, who="many", what="lrs.refused", result="refused", times=1_200),
        ("(host)", "many", "refused", "1,200"),
    ),
    (v.MisfitRow(what="told_edited", seq=5, tenant="acme", no=2, detail="who says"), ("5", "told edited", "who says")),
    (
        v.ProvenRow(rows=12, tenants=2, cut=3, erased=1, unfinished=0, anchors=4, head=15, hash="ab" * 32, misfits=0),
        ("12 rows of 2 chains", "row 15", "left by retention: 3", "4 anchors", "everything fits"),
    ),
    (
        v.ProvenRow(rows=1, tenants=1, cut=0, erased=0, unfinished=0, anchors=0, head=1, hash="ab", misfits=2),
        ("2 do not fit",),
    ),
    (v.AuditHeadRow(rows=15, hash="cd" * 32, anchored=("journal", "/mnt/a")), ("15 rows", "cdcd", "journal, /mnt/a")),
    (v.WhoRow(login="ada", uid=1000, pid=7, role="operator", why="in the group x"), ("ada (uid 1000) is operator",)),
    (
        v.ChainRow(
            v=1,
            seq=17,
            tenant="acme",
            no=9,
            at_us=AT,
            row="noted",
            of=0,
            what="pause",
            result="done",
            times=1,
            sums=("aa",),
            prev="bb",
            before="cc",
            hash="dd",
            told=("ada",),
            salts=("ee",),
        ),
        ('"seq":17', '"hash":"dd"'),
    ),
]
