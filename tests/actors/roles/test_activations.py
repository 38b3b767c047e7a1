"""A mapping is mended and nobody is told; what really changes afterwards is told once; all of it can be taken back."""

from pathlib import Path

import msgspec
from intake_desk import HOME, SOURCE
from mapped_desk import a_mapped_desk, row

from actors.domain.correcting import Correction
from actors.domain.remapping import HEALED
from actors.roles.intake import Intake

SCALE = """
version = 2
extends = 1
note = "Points are tenths, and a tutor is an assistant."
[words.role]
student = "observer"
tutor = "assistant"
[grade.row]
"score.raw" = { path = "points", as = ["number", "scale:0:10"], check = ["min:0"] }
"score.max" = { const = 100 }
"""
SCHOOL = (
    row("user", "ada", name="Ada"),
    row("user", "ben", name="Ben"),
    row("course", "c1", name="Maths"),
    row("assignment", "w1", course="c1", name="Essay"),
    row("enrolment", "e1", user="ada", course="c1", role="student"),
)


def grade(points: object) -> object:
    return row("grade", "g1", user="ada", course="c1", work="w1", points=points, most=10)


TUTOR = row("enrolment", "e2", user="ben", course="c1", role="tutor")


async def test_a_mended_scale_is_no_news_and_the_next_grade_is(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path, SCALE) as desk:
        assert f"graded ada {HOME}/paper/w1" in await desk.tell(*SCHOOL, grade(8))
        ended = await desk.activate(2)
        assert (ended.count.records, ended.count.changed) == (6, 2)
        assert (await desk.means("grade", "g1"))["score"] == {"raw": 80.0, "max": 100.0}
        assert (await desk.means("enrolment", "e1"))["role"] == "observer"
        assert await desk.desk.said() == []
        before = await desk.dump()
        assert await desk.tell(*SCHOOL, grade(8)) == []  # read again, unchanged
        assert await desk.dump() == before
        assert await desk.tell(grade(9)) == [f"graded ada {HOME}/paper/w1"]
        assert await desk.tell(grade(9)) == []


async def test_taken_back_it_is_as_it_was_and_still_nobody_is_told(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path, SCALE) as desk:
        await desk.tell(*SCHOOL, grade(8), TUTOR)
        before = await desk.dump()
        await desk.activate(2)
        assert await desk.dump() != before
        await desk.roll_back()
        assert await desk.dump() == before
        assert await desk.desk.said() == []
        assert await desk.tell(*SCHOOL, grade(8), TUTOR) == []
        assert await desk.tell(grade(9)) == [f"graded ada {HOME}/paper/w1"]


async def test_what_fits_again_is_told_when_it_is_let_in(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path, SCALE) as desk:
        await desk.tell(*SCHOOL, TUTOR)
        assert (await desk.activate(2)).count.healed == 1
        assert await desk.tell(TUTOR) == []
        one = await desk.one("enrolment", "e2")
        assert [flaw.rule for flaw in one.flaws] == [HEALED]
        intake: Intake = desk.begin()
        await intake.again([one.known.no])
        assert await desk.desk.said() == ["enrolled ben c1 assistant"]
        await desk.roll_back()  # it does not fit the first version, and stands as it was let in
        one = await desk.one("enrolment", "e2")
        assert [flaw.rule for flaw in one.flaws] == ["word:role"]
        assert (await desk.means("enrolment", "e2"))["role"] == "assistant"
        assert await desk.desk.said() == []


async def test_a_correction_is_applied_when_the_record_is_let_in_and_rests_when_the_source_speaks(
    tmp_path: Path,
) -> None:
    async with a_mapped_desk(tmp_path, SCALE) as desk:
        await desk.tell(*SCHOOL, TUTOR)
        one = await desk.one("enrolment", "e2")
        mended = Correction(path="role", value='"teacher"', was='"tutor"', by="kim", at_us=1)
        await desk.store.quarantine.correct(one.known.no, [mended], [])
        await desk.begin().again([one.known.no])
        assert await desk.desk.said() == ["enrolled ben c1 instructor"]
        assert await desk.tell(TUTOR) == []  # the source tells the same: the correction counts
        assert await desk.tell(row("enrolment", "e2", user="ben", course="c1", role="tutor", start="2026-01-01")) == []
        changed = row("enrolment", "e2", user="ben", course="c1", role="student")
        assert await desk.tell(changed) == ["role_changed ben c1 learner"]
        assert (await desk.store.quarantine.standing([SOURCE])) == {}


async def test_what_stands_well_is_made_anew_only_where_its_body_says_all(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path, SCALE) as desk:
        await desk.tell(*SCHOOL)
        one = await desk.one("enrolment", "e1")
        mended = Correction(path="role", value='"teacher"', was='"student"', by="kim", at_us=1)
        await desk.store.quarantine.correct(one.known.no, [mended], [])
        await desk.begin().again([one.known.no])
        assert await desk.desk.said() == []
        await desk.begin().again([one.known.no], well=True)
        assert await desk.desk.said() == ["role_changed ada c1 instructor"]
        await desk.store.quarantine.correct(one.known.no, [], ["role"])
        part = msgspec.structs.replace(
            row("enrolment", "e1", user="ada", course="c1", role="teacher", start="2026-02-02"), partial=True
        )
        await desk.tell(part)
        await desk.begin().again([one.known.no], well=True)
        assert await desk.desk.said() == []
        assert (await desk.means("enrolment", "e1"))["start"] == "2026-02-01T23:00:00Z"


async def test_what_goes_to_quarantine_is_counted_once_by_its_first_rule(tmp_path: Path) -> None:
    async with a_mapped_desk(tmp_path, SCALE) as desk:
        await desk.tell(*SCHOOL, TUTOR, grade(-1))
        assert desk.desk.intake.grown == {"word:role": 1, "min:0": 1}
        await desk.tell(row("enrolment", "e2", user="ben", course="c1", role="Wizard"))
        assert desk.desk.intake.grown == {}
