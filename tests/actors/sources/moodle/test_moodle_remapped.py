"""A real Moodle's records under another mapping, and back: every byte is as it was."""

from pathlib import Path

from mapped_desk import activated_and_taken_back, of_kind
from moodle_stage import MoodleStage
from recorded_moodle import WWWROOT, RecordedMoodle

from actors.domain.school import School
from actors.sources import moodle

SECOND = """
version = 2
extends = 1
note = "Points are percents, students watch, names are in capitals, and everybody needs an e-mail address."
[words.role]
student = "observer"
[user.user]
display_name = { path = "fullname", as = ["html", "name", "upper"] }
email = { path = "email", as = "email", required = true, check = ["match:.*[0-9]@.*"] }
[grade.item]
"score.raw" = { path = "graderaw", as = ["number", "scale:0:100"] }
"score.max" = { const = 100 }
"""


async def test_the_recorded_moodle(tmp_path: Path) -> None:
    stage = MoodleStage(School(), wwwroot=WWWROOT, course_grades=True)
    stage.fake = RecordedMoodle()  # type: ignore[assignment]  # it answers too
    records = stage.read().records
    ended = await activated_and_taken_back(tmp_path, of_kind(moodle, SECOND), records)
    assert ended.count.records >= 100
    assert ended.count.changed >= 40
    assert ended.count.flawed >= 1
