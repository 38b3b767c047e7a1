"""From tables to mappings: what a version extends is laid under it, and what no version can do is found, all of it.

A finding stands where its file says what is wrong; what a version only inherits is its parent's to be told.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from actors.domain.canonical import ENTITIES
from actors.domain.mapping.checks import CHECKS, Test
from actors.domain.mapping.flaws import Unfit
from actors.domain.mapping.formats import Format, format_of
from actors.domain.mapping.frame import FRAME_WORDS
from actors.domain.mapping.kinds import FieldKind, Fit, fields_of
from actors.domain.mapping.mapped import FieldRule, FormRules, Mapped
from actors.domain.mapping.paths import Getter, getter
from actors.domain.mapping.table import Fields, Form, Rule, Table, listed, read
from actors.domain.mapping.transforms import TRANSFORMS, Step, Vocabulary, each_of
from config.problems import advice, shown
from config.walk import Finding, Steps

_ordered = msgspec.json.Encoder(order="deterministic").encode
_DRY_ZONE = "UTC"


def compile_tables(
    trees: Mapping[int, Mapping[str, object]],
) -> tuple[dict[int, Mapped], dict[int, list[Finding]]]:
    """Mappings of the versions that are right, and what is wrong with the others, by version. ``trees`` are the parsed
    tables of one source, by the version that their files are named after."""
    tables: dict[int, Table] = {}
    mapped: dict[int, Mapped] = {}
    wrong: dict[int, list[Finding]] = {}
    for version in sorted(trees):
        table, findings = read(trees[version], version)
        if table.extends is not None and table.extends not in tables:
            there = version if table.extends in wrong else 0
            said = (
                f"version {table.extends} has problems of its own" if there else f"there is no version {table.extends}"
            )
            findings.append(
                Finding(("extends",), said, "" if there else advice("", map(str, tables), "earlier version"))
            )
        under = tables.get(table.extends) if table.extends is not None else None
        full = table if under is None else _over(table, under)
        found, more = _compiled(full, table.places, findings)
        findings += [each for each in more if each not in findings]
        if found is not None and not findings:
            tables[version], mapped[version] = full, found
        if findings:
            wrong[version] = findings
    return mapped, wrong


def _over(table: Table, under: Table) -> Table:
    """The table in full. Words, forms and fields of ``under`` keep their places, new ones follow."""
    words = {name: dict(entries) for name, entries in under.words.items()}
    for name, entries in table.words.items():
        words[name] = {**words.get(name, {}), **entries}
    forms = dict(under.forms)
    for form, fields in table.forms.items():
        before = forms.get(form, Fields())
        both = {**before.rules, **fields.rules}
        rules: dict[str, Rule | None] = {name: rule for name, rule in both.items() if rule is not None}
        partial = fields.partial if fields.partial is not None else before.partial
        forms[form] = Fields(partial=partial, rules=rules)
    return Table(version=table.version, note=table.note, words=words, forms=forms)


class _Work:
    """Compiling one table: findings as they come up. ``before``: what is wrong with how it is written. What is not
    there may stand in what could not be read, so nothing is said of that."""

    def __init__(self, table: Table, places: Mapping[tuple[str, ...], Steps], before: Sequence[Finding]) -> None:
        self.table = table
        self.findings: list[Finding] = []
        paths = [each.path for each in before]
        parted = any(path[:1] == ("extends",) for path in paths)
        self.lacks_words = parted or any(path[:1] == ("words",) for path in paths)
        self._ill = {path[:3] for path in paths}
        self._lacking = set(table.forms) if parted else {path[:2] for path in paths}
        self._places = places
        self._fitted: set[tuple[str, str]] = set()

    def is_ill_written(self, form: Form, name: str) -> bool:
        return (*form, name) in self._ill

    def lacks_fields(self, form: Form) -> bool:
        return form in self._lacking

    def found(self, what: tuple[str, ...], more: Steps, message: str, suggestion: str = "") -> None:
        place = self._places.get(what)
        path = (*place, *more) if place is not None else ("extends",)
        said = message if place is not None else f"{'.'.join(what)}, as it stands there: {message}"
        finding = Finding(path, said, suggestion)
        if finding not in self.findings:
            self.findings.append(finding)


def _compiled(
    table: Table, places: Mapping[tuple[str, ...], Steps], before: Sequence[Finding]
) -> tuple[Mapped | None, list[Finding]]:
    work = _Work(table, places, before)
    forms = {form: _form(form, fields, work) for form, fields in table.forms.items()}
    if work.findings:
        return None, work.findings
    tree = _tree(table)
    does = {key: value for key, value in tree.items() if key not in ("version", "note")}
    digest = blake2b(_ordered(does), digest_size=16).hexdigest()
    return Mapped(table.version, table.note, tree, digest, forms), []


def _tree(table: Table) -> dict[str, object]:
    """As one would write it without ``extends``."""
    tree: dict[str, object] = {"version": table.version, "note": table.note}
    if table.words:
        tree["words"] = table.words
    for entity in ENTITIES:
        forms: dict[str, object] = {}
        for (of, form), fields in table.forms.items():
            if of == entity:
                head: dict[str, object] = {"partial": True} if fields.partial else {}
                forms[form] = head | {name: dict(rule) for name, rule in fields.rules.items() if rule is not None}
        if forms:
            tree[entity] = forms
    return tree


def _form(form: Form, fields: Fields, work: _Work) -> FormRules:
    entity = form[0]
    rules: list[FieldRule] = []
    later: list[FieldRule] = []
    broken: set[str] = set()
    lacking = work.lacks_fields(form)
    for name, rule in fields.rules.items():
        made = None if rule is None or work.is_ill_written(form, name) else _rule(form, name, rule, work)
        if made is None and rule is not None:
            broken.add(name)
        if made is not None:
            (rules if made.format is None else later).append(made)
    known = {each.name for each in rules}
    for made in later:
        if made.format is not None:
            for word in made.format.names:
                if word not in FRAME_WORDS and word not in known and word not in broken and not lacking:
                    above = {each.name for each in later}
                    said = "is mapped only below it" if word in above else "is nothing that a format may name"
                    hint = "" if word in above else advice(word, {*known, *FRAME_WORDS}, "word")
                    work.found((*form, made.name), ("format",), f"{{{word[:60]}}} {said}", hint)
        known.add(made.name)
    mapped = {each.top for each in (*rules, *later)}
    for kind in fields_of(entity).values():
        if kind.required and kind.name not in mapped and not fields.partial and not broken and not lacking:
            hint = f"map it, or say partial = true: then what is known of the {entity} stays"
            work.found(form, (), f"this form does not map {kind.name}, without which there is no {entity}", hint)
    for each in (*rules, *later):
        if each.part and any(other.top == each.top and not other.part for other in (*rules, *later)):
            work.found((*form, each.name), (), f"{each.top} is mapped as a whole, too", "one or the other")
    return FormRules(partial=bool(fields.partial), rules=(*rules, *later))


def _rule(form: Form, name: str, rule: Rule, work: _Work) -> FieldRule | None:
    """None where it is wrong."""
    where = (*form, name)
    before = len(work.findings)
    top, _, part = name.partition(".")
    kind = fields_of(form[0])[top]
    fit: Fit = kind.part if part and kind.part is not None else kind.fit
    get, shape = _source(rule, where, kind, part, work)
    steps = _steps(rule, where, work)
    checks = _checks(rule, where, work)
    default = _fitted(rule.get("default"), fit, (*form, name), "default", work)
    _words_fit(steps, kind, fit, part, work)
    if "const" in rule and len(work.findings) == before:
        _const_fits(rule["const"], steps, fit, where, work)
    if len(work.findings) > before:
        return None
    return FieldRule(
        name=name,
        top=top,
        part=part,
        place=str(rule["path"]) if "path" in rule else name,
        get=get,
        format=shape,
        steps=tuple(steps),
        checks=tuple(checks),
        fit=fit,
        default=default,
        vital=bool(rule.get("required")) or (kind.required and not part),
    )


def _source(
    rule: Rule, where: tuple[str, ...], kind: FieldKind, part: str, work: _Work
) -> tuple[Getter | None, Format | None]:
    try:
        if "path" in rule:
            return getter(str(rule["path"])), None
        if "format" in rule:
            return None, format_of(str(rule["format"]), iri=kind.iri and not part)
    except ValueError as error:
        work.found(where, ("path" if "path" in rule else "format",), str(error))
        return None, None
    const = rule["const"]
    return (lambda body: const), None


def _steps(rule: Rule, where: tuple[str, ...], work: _Work) -> list[tuple[str, Step]]:
    steps: list[tuple[str, Step]] = []
    for said in listed(rule.get("as")):
        name, colon, argument = said.partition(":")
        transform = TRANSFORMS.get(name.strip())
        if transform is None:
            work.found(where, ("as",), f"there is no transform {shown(name)}", advice(name, TRANSFORMS, "transform"))
            continue
        if trouble := _argument(transform.argument, colon, argument):
            work.found(where, ("as",), f"{transform.name}: {trouble}", transform.does)
            continue
        if transform.name == "word" and argument not in work.table.words:
            if not work.lacks_words:
                message = f"there is no [words.{argument[:60]}]"
                work.found(where, ("as",), message, advice(argument, work.table.words, "vocabulary"))
            continue
        try:
            step = transform.make(argument, work.table.words)
        except ValueError as error:
            work.found(where, ("as",), f"{said[:80]}: {error}")
            continue
        steps.append((said, step if transform.listed else each_of(step)))
    return steps


def _argument(form: str, colon: str, argument: str) -> str:
    """What is wrong with what stands after the colon, or that nothing does."""
    if not form and colon:
        return "nothing may stand after it"
    if form and not form.startswith("[") and not argument:
        return f"{form} is needed after a colon"
    return ""


def _checks(rule: Rule, where: tuple[str, ...], work: _Work) -> list[tuple[str, Test]]:
    checks: list[tuple[str, Test]] = []
    for said in listed(rule.get("check")):
        name, colon, argument = said.partition(":")
        check = CHECKS.get(name.strip())
        if check is None:
            work.found(where, ("check",), f"there is no check {shown(name)}", advice(name, CHECKS, "check"))
        elif trouble := _argument(check.argument, colon, argument):
            work.found(where, ("check",), f"{check.name}: {trouble}", check.does)
        else:
            try:
                checks.append((said, check.make(argument)))
            except ValueError as error:
                work.found(where, ("check",), f"{said[:80]}: {error}")
    return checks


def _fitted(value: object, fit: Fit, where: tuple[str, ...], key: str, work: _Work) -> object:
    if value is None or value == "":
        return None
    try:
        return fit(value)
    except Unfit as unfit:
        work.found(where, (key,), unfit.suggestion)
        return None


def _const_fits(
    value: object, steps: Iterable[tuple[str, Step]], fit: Fit, where: tuple[str, ...], work: _Work
) -> None:
    try:
        for _, step in steps:
            if value is None or value == "":
                return
            value = step(value, _DRY_ZONE)
        if value is not None and value != "":
            fit(value)
    except Unfit as unfit:
        work.found(where, ("const",), unfit.suggestion)


def _words_fit(steps: list[tuple[str, Step]], kind: FieldKind, fit: Fit, part: str, work: _Work) -> None:
    """A vocabulary whose words become the field itself must have only such as the field takes."""
    last = steps[-1][0] if steps else ""
    if not last.startswith("word:") or (kind.parts != () and not part):
        return
    name = last.partition(":")[2]
    vocabulary: Vocabulary = work.table.words[name]
    for word, meaning in vocabulary.items():
        if meaning == "":
            continue
        try:
            fit(meaning)
        except Unfit as unfit:
            said = f"{shown(str(meaning))} is nothing that {kind.name} takes: {unfit.suggestion.partition(': as')[0]}"
            work.found(("words", name, word), (), said, advice(str(meaning), kind.said.split(", "), "word"))
