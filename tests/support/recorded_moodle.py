"""A real Moodle's answers, replayed: two of its courses, some of its people, and what its xAPI plugin sent meanwhile.

Recorded from Moodle 4.3 with logstore_xapi 5.0.1 and made smaller (pictures, summaries and people left out). Both tell
of the same events; times may differ by a second.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

from actors.domain.flow import Request, Response
from actors.ports import Answer, Effect, Fault

SAMPLES = Path(__file__).parents[1] / "samples" / "moodle_live"
WWWROOT = "http://127.0.0.1:8077"
NOT_TRACKED = {
    "exception": "moodle_exception",
    "errorcode": "usernotenroled",
    "message": "User is not enrolled in this course",
}


def plugin_statements(folder: Path = SAMPLES) -> list[dict[str, object]]:
    """What the plugin sent, in order."""
    return [msgspec.json.decode(line) for line in (folder / "plugin.jsonl").read_bytes().splitlines()]


class RecordedMoodle:
    """Answers what was answered then; of whom no completion was recorded, none is tracked."""

    mounts: tuple[str, ...] = ("/moodle/",)

    def __init__(self, folder: Path = SAMPLES) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self.calls: list[str] = []
        self.replies: dict[str, object] = msgspec.json.decode((folder / "web_services.json").read_bytes())

    def handle(self, request: Request, now_s: float) -> Answer:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        self.calls.append(form["wsfunction"])
        body = msgspec.json.encode(self.answer(form["wsfunction"], form))
        return Answer(response=Response(status=200, headers={"content-type": "application/json"}, body=body))

    def answer(self, function: str, form: Mapping[str, str]) -> object:
        match function:
            case "core_enrol_get_enrolled_users":
                active = next(
                    form[f"options[{n}][value]"] for n in range(9) if form.get(f"options[{n}][name]") == "onlyactive"
                )
                return self.replies[f"{function} {form['courseid']} {active}"]
            case "mod_assign_get_assignments":
                ids = [form[name] for name in sorted(form) if name.startswith("courseids[")]
                return {"courses": [self.replies[f"{function} {each}"] for each in ids], "warnings": []}
            case "mod_assign_get_submissions":
                return {"assignments": [], "warnings": []}
            case "core_user_get_users_by_field":
                return []
            case _ if "userid" in form:
                return self.replies.get(f"{function} {form['courseid']} {form['userid']}", NOT_TRACKED)
            case _ if "courseid" in form:
                return self.replies[f"{function} {form['courseid']}"]
            case _:
                return self.replies[function]

    def fault(self, fault: Fault) -> None:
        raise ValueError("what was recorded has no faults")

    def clear_faults(self) -> None:
        """It has none."""
