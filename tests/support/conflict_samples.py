"""Rows of ``control.conflicted``, each with words that people must find in it when it is shown."""

from daemon.control import views as v
from daemon.control.overviews import AskedView

AT = 1_800_000_000_000_000
CONFLICTED: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.Overall(
            version="1.2", now_us=AT, started_us=AT, tenants=2, actors=5,
            asked=(AskedView(tenant="acme", n=2, oldest_us=AT - 7_200_000_000),),
        ),
        ("well", "acme: 2 questions wait for a decision, the oldest for 2 h", "conflict list --tenant acme"),
    ),
    (
        v.ConflictRow(
            name="acme/17", class_="stranger", state="open", about="Eve in CS101", detail="was never enrolled",
            fix="U9 may stay", confidence=60, fixes=2, raised_us=AT, seen_us=AT, times=3,
        ),
        ("acme/17", "stranger", "open", "Eve in CS101", "was never enrolled", "U9 may stay (+1)", "60 %", "2027"),
    ),
    (
        v.ConflictStory(
            name="acme/17", class_="stranger", state="approved", about="Eve in CS101", detail="was never enrolled",
            mark="ab" * 8, raised_us=AT, seen_us=AT, times=3, rule="classes", unit="course:1", lane="acme/slack",
            place="C1", person=7, correlation_ids=("run-1",),
            sides=(v.SideView(who="acme/slack", value="a member", record="U9", since_us=AT, detail="CS101"),),
            fixes=(
                v.FixView(
                    number=1, said="U9 may stay", patch="{}", confidence=60, why="somebody put them in", people=1,
                    places=1, adds=0, removes=0, undoes="they are asked about again", chosen=True,
                ),
                v.FixView(
                    number=2, said="U9 is taken out", patch="{}", confidence=40, why="nobody enrolled them", people=1,
                    places=1, adds=0, removes=1, note="Eve",
                ),
            ),
            history=(v.EventView(at_us=AT, what="approved", who="ann", by_way="card", detail="let_stay"),),
        ),
        (
            "acme/17  stranger  approved", "classes, course:1, acme/slack, C1", "acme/slack U9: a member, since 2027",
            "lmsyncctl trace run-1", "U9 may stay  (60 %)", "they are asked about again", "removes 1: Eve",
            "all of it comes back", "approved  ann (card) let_stay",
        ),
    ),
]  # fmt: skip
