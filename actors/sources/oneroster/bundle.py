"""The conversation about one bundle of CSV files: is it one, what are its rows, and what does it not tell any more.

First everything is looked at that can be known without reading rows; a bundle that is not OneRoster is put aside whole.
Then file by file, what is referred to first. What is missing in a file that comes in bulk is gone, but only when
nothing was wrong with any file of the bundle: half a bundle takes nobody away.
"""

from collections.abc import Generator

import msgspec

from actors.domain.harvest import Answer, BundleInfo, Page, Progress, Record, Rows, RowsRead, Step, Whole
from actors.sources.oneroster.bodies import Body, Joins, is_gone
from actors.sources.oneroster.once import Once
from actors.sources.oneroster.sheets import (
    MANIFEST,
    SHEETS,
    Header,
    How,
    Manifest,
    Sheet,
    Unfit,
    body_of,
    emptied,
    found,
    header_of,
    manifest_of,
    nameless,
    ragged,
)

ROWS = 500
"""So many at a time: a page."""
MANIFEST_ROWS_MAX = 1_000
NOTES_MAX = 20
TOLD_EMPTY = frozenset({"classes", "users", "enrollments"})
Read = Generator[Step, Answer, "Taken"]


class Taken(msgspec.Struct, kw_only=True):
    """What came of it. ``trouble``: what is wrong with it as a bundle (empty: nothing). ``records``: whether any of its
    rows were taken. ``bulk``: enrolments came in bulk, and whole."""

    trouble: list[str] = []
    warnings: list[str] = []
    records: int = 0
    flawed: int = 0
    bulk: bool = False

    def warn(self, warning: str) -> None:
        if len(self.warnings) < NOTES_MAX and warning not in self.warnings:
            self.warnings.append(warning)

    def note(self) -> str:
        return "; ".join((*self.trouble, *self.warnings))


class Reading:
    """One bundle."""

    def __init__(self, bundle: BundleInfo, zone: str, today: str) -> None:
        self._bundle = bundle
        self._joins = Joins(zone, today)
        self._taken = Taken()
        self._lost: set[str] = set()
        """Files of which a row could not be told from another."""
        self._hows: dict[str, How] = {}

    def read(self) -> Read:
        """All of it. The bundle stays where it is."""
        taken = self._taken
        try:
            files = found(self._bundle.names)
            manifest = yield from self._manifest(files)
            self._hows = hows = self._said(files, manifest)
            headers = yield from self._headers(files, hows)
        except Unfit as error:
            taken.trouble.append(str(error))
            return taken
        empty = set()
        for sheet in SHEETS:
            if sheet.name in headers:
                count = yield from self._sheet(sheet, files[sheet.name], headers[sheet.name])
                if count == 0:
                    empty.add(sheet.name)
        if self._joins.overfull:
            taken.warn("there are more organisations, terms, courses or roles than are laid beside others")
        if not taken.trouble:
            yield from self._wholes({name: how for name, how in hows.items() if name in headers}, empty, manifest)
        return taken

    def _said(self, files: dict[str, str], manifest: Manifest | None) -> dict[str, How]:
        """How each file comes. Without a manifest nothing is known to be missing, so nothing is."""
        taken = self._taken
        if manifest is None:
            taken.warn("there is no manifest.csv: what is missing is not taken as gone")
            return {name: "delta" for name in files if name != MANIFEST}
        hows: dict[str, How] = {}
        for sheet in SHEETS:
            how = manifest.files.get(sheet.name.casefold(), "absent")
            if how != "absent" and sheet.name not in files:
                taken.trouble.append(f"manifest.csv says that {sheet.name}.csv is there ({how}), but it is missing")
            elif how == "absent" and sheet.name in files:
                taken.warn(f"{files[sheet.name]} is there, but the manifest does not say so: nothing of it is gone")
                hows[sheet.name] = "delta"
            elif how != "absent":
                hows[sheet.name] = how
        return hows

    # ── before any row is taken ──────────────────────────────────────────────────────────────────

    def _manifest(self, files: dict[str, str]) -> Generator[Step, Answer, Manifest | None]:
        if MANIFEST not in files:
            return None
        read = yield from self._rows(files[MANIFEST], MANIFEST_ROWS_MAX)
        if read.trouble or not read.last:
            raise Unfit(f"manifest.csv: {read.trouble or 'it does not end'}")
        return manifest_of(read.columns, read.rows)

    def _headers(self, files: dict[str, str], hows: dict[str, How]) -> Generator[Step, Answer, dict[str, Header]]:
        headers: dict[str, Header] = {}
        for sheet in SHEETS:
            if sheet.name not in hows:
                continue
            file = files[sheet.name]
            read = yield from self._rows(file, 0)
            if read.trouble:
                self._taken.trouble.append(f"{file}: {read.trouble}")
            elif read.last or read.rows:
                raise Unfit(f"{file} was not read from its beginning")
            else:
                headers[sheet.name] = header_of(sheet, file, read.columns, self._bundle.names)
            if read.warning:
                self._taken.warn(f"{file}: {read.warning}")
        return headers

    def _rows(self, file: str, count: int) -> Generator[Step, Answer, RowsRead]:
        answer = yield Rows(bundle=self._bundle.key, name=file, count=count)
        if not isinstance(answer, RowsRead):
            raise TypeError(f"rows were answered with {type(answer).__name__}")
        return answer

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────

    def _sheet(self, sheet: Sheet, file: str, header: Header) -> Generator[Step, Answer, int]:
        """How many rows it has."""
        count, once = 0, Once()
        while True:
            read = yield from self._rows(file, ROWS)
            records = self._records(sheet, file, header, read, once)
            count += len(read.rows)
            if records:
                yield Page(records=tuple(records))
                self._taken.records += len(records)
            if read.trouble:
                self._taken.trouble.append(f"{file}: {read.trouble}")
            if read.last:
                return count
            yield Progress(what=file, done=count)

    def _records(self, sheet: Sheet, file: str, header: Header, read: RowsRead, once: Once) -> list[Record]:
        records: list[Record] = []
        entity = sheet.entity
        beside = self._beside
        for number, row in enumerate(read.rows, read.line):
            body = body_of(header, row)
            if body is None:
                self._flawed(sheet, file, records, ragged(sheet, header, row, number, file) if entity else None)
                if entity and (len(row) <= header.place or any("\n" in cell for cell in row)):
                    self._lost.add(sheet.name)  # a stray quote may have swallowed others
                continue
            name = body.get(header.columns[header.place])
            if entity is None:
                beside(sheet.name, str(name), body)
            elif not isinstance(name, str):
                self._flawed(sheet, file, records, nameless(sheet, body, number, file))
                self._lost.add(sheet.name)
            elif not once.is_new(name):
                self._taken.warn(f"{file} has rows of one id, like {name[:100]}: the first counts")
            elif is_gone(body):
                records.append(Record(entity=entity, id=name, form="csv", body=body, gone=True))
            else:
                lacking = beside(sheet.name, name, body)
                partial = any(self._hows.get(kind) != "bulk" for kind in lacking)
                if partial:
                    body.update(emptied(header, body))
                records.append(Record(entity=entity, id=name, form="csv", body=body, partial=partial))
        return records

    def _flawed(self, sheet: Sheet, file: str, records: list[Record], record: Record | None) -> None:
        self._taken.flawed += 1
        self._taken.warn(f"{file} has rows that cannot be read")
        if record is not None:
            records.append(record)

    def _beside(self, sheet: str, name: str, body: Body) -> set[str]:
        """What a row needs of others, or others of it. Returns the sheets in which something that it names was not
        found: where they did not come in bulk, what is known of it from an earlier bundle stands."""
        joins = self._joins
        match sheet:
            case "orgs":
                joins.org(body)
            case "academicSessions":
                joins.term(body)
            case "courses":
                joins.course(body)
            case "roles" if not is_gone(body):
                kind = str(body.get("roleType", ""))
                joins.role(name, kind, str(body.get("role", "")), str(body.get("orgSourcedId", "")))
            case "classes":
                terms = [term.strip() for term in str(body.get("termSourcedIds", "")).split(",")]
                course, school = str(body.get("courseSourcedId", "")), str(body.get("schoolSourcedId", ""))
                joins.beside_class(body, course, terms)
                joins.beside_class_school(body, school)
                return joins.lacking(orgs=[school], academicSessions=terms, courses=[course])
            case "users":
                org = body.get("primaryOrgSourcedId") or str(body.get("orgSourcedIds", "")).partition(",")[0].strip()
                joins.beside_user(body, name, str(org))
                return joins.lacking(orgs=[str(org)], roles=[] if "role" in body else [name])
            case "enrollments":
                joins.phase(body)
            case "lineItems":
                joins.work(body, str(body.get("classSourcedId", "")))
            case "results":
                work = str(body.get("lineItemSourcedId", ""))
                joins.beside_result(body, work)
                return joins.lacking(lineItems=[work])
            case _:
                pass  # needs nothing, and nothing needs it
        return set()

    # ── afterwards ───────────────────────────────────────────────────────────────────────────────

    def _wholes(
        self, hows: dict[str, How], empty: set[str], manifest: Manifest | None
    ) -> Generator[Step, Answer, None]:
        taken = self._taken
        for sheet in SHEETS:
            if sheet.entity is None or hows.get(sheet.name) != "bulk":
                continue
            if sheet.name in self._lost:
                taken.warn(f"{sheet.name}.csv has rows that cannot be told apart: nothing of it is taken as gone")
            elif sheet.name in empty and sheet.name in TOLD_EMPTY:
                taken.warn(f"{sheet.name}.csv is empty: nothing of it is taken as gone")
            else:
                yield Whole(entity=sheet.entity)
        taken.bulk = "enrollments" in hows and (manifest is None or hows["enrollments"] == "bulk")
