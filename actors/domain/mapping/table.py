"""A mapping table as it is written: its words and forms, flat, and all that is wrong with how it is written.

``read`` looks at one file alone; what needs the version it extends is found when it is compiled (``compiling``).
"""

from collections.abc import Iterator, Mapping

import msgspec

from actors.domain.canonical import ENTITIES
from actors.domain.mapping.kinds import NOT_MAPPED, PARTS_MAX, fields_of
from config.problems import advice, dotted
from config.shapes import written
from config.walk import Finding, Steps

NOTE_CHARS_MAX = 2_000
WORDS_MAX = 2_000
FORMS_MAX = 100
FIELDS_MAX = 200
SOURCES = ("path", "const", "format")
RULE_KEYS = (*SOURCES, "as", "default", "required", "check")
_TOP = ("version", "note", "extends", "words", *ENTITIES)

Rule = Mapping[str, object]
Form = tuple[str, str]
"""(entity, form)."""


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """A form of an entity: rules by (dotted) field. A rule of None takes the field away that the version before has."""

    partial: bool | None = None
    rules: dict[str, Rule | None] = {}


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """``places``: where in the file a vocabulary's word, a form or a field stands."""

    version: int
    note: str = ""
    extends: int | None = None
    words: dict[str, dict[str, object]] = {}
    forms: dict[Form, Fields] = {}
    places: dict[tuple[str, ...], Steps] = {}


def read(tree: Mapping[str, object], version: int) -> tuple[Table, list[Finding]]:
    """The table as far as it can be understood, and what is wrong with it. ``version`` is that of the file's name."""
    findings: list[Finding] = []
    places: dict[tuple[str, ...], Steps] = {}
    for key in tree:
        if key not in _TOP:
            findings.append(Finding((key,), "there is no such key or entity here", advice(key, _TOP, "key")))
    if tree.get("version") != version or isinstance(tree.get("version"), bool):
        said = f"the file is that of version {version}"
        findings.append(Finding(("version",), said, f"version = {version}"))
    table = Table(
        version=version,
        note=_note(tree.get("note"), findings),
        extends=_extends(tree.get("extends"), version, findings),
        words=_words(tree.get("words", {}), findings, places),
        forms=_forms(tree, findings, places),
        places=places,
    )
    return table, findings


def _note(node: object, findings: list[Finding]) -> str:
    if not isinstance(node, str) or not node.strip():
        findings.append(Finding(("note",), "this key is needed: what differs from the version before, for operators"))
        return ""
    if len(node) > NOTE_CHARS_MAX:
        findings.append(Finding(("note",), f"a note has at most {NOTE_CHARS_MAX:,} characters"))
    return node


def _extends(node: object, version: int, findings: list[Finding]) -> int | None:
    if node is None:
        return None
    if isinstance(node, bool) or not isinstance(node, int) or not 1 <= node < version:
        findings.append(Finding(("extends",), "the number of an earlier version is needed here"))
        return None
    return node


def _words(node: object, findings: list[Finding], places: dict[tuple[str, ...], Steps]) -> dict[str, dict[str, object]]:
    if not isinstance(node, dict):
        findings.append(Finding(("words",), f"tables are needed here ([words.role]), not {written(node)}"))
        return {}
    words: dict[str, dict[str, object]] = {}
    for name, entries in node.items():
        place: Steps = ("words", name)
        if not isinstance(entries, dict):
            findings.append(Finding(place, f"a table of words is needed here, not {written(entries)}"))
            continue
        if len(entries) > WORDS_MAX:
            findings.append(Finding(place, f"a vocabulary has at most {WORDS_MAX:,} words"))
            continue
        words[name] = {}
        folded: dict[str, str] = {}
        for word, meaning in entries.items():
            places["words", name, word] = (*place, word)
            if not isinstance(meaning, str | bool | int | float):
                findings.append(
                    Finding((*place, word), f"a text, a number or a boolean is needed, not {written(meaning)}")
                )
                continue
            twin = folded.setdefault(word.casefold(), word)
            if entries[twin] != meaning:
                message = f"only upper and lower case tell this from {twin!r}, and it means something else"
                findings.append(Finding((*place, word), message))
            words[name][word] = meaning
    return words


def _forms(
    tree: Mapping[str, object], findings: list[Finding], places: dict[tuple[str, ...], Steps]
) -> dict[Form, Fields]:
    forms: dict[Form, Fields] = {}
    for entity in ENTITIES:
        node = tree.get(entity, {})
        if not isinstance(node, dict):
            findings.append(Finding((entity,), f"tables are needed here ([{entity}.FORM]), not {written(node)}"))
            continue
        for form, fields in node.items():
            place: Steps = (entity, form)
            places[entity, form] = place
            if not isinstance(fields, dict):
                hint = f"[{entity}.FORM] and in it the fields"
                findings.append(Finding(place, f"a table is needed here, not {written(fields)}", hint))
            elif not (form.isascii() and form.isidentifier() and len(form) <= 40):
                findings.append(Finding(place, "the name of a form has letters, digits and underscores"))
            elif len(forms) >= FORMS_MAX:
                findings.append(Finding(place, f"there are at most {FORMS_MAX} forms"))
            else:
                forms[entity, form] = _fields(entity, form, fields, findings, places)
    return forms


def _fields(
    entity: str,
    form: str,
    node: dict[str, object],
    findings: list[Finding],
    places: dict[tuple[str, ...], Steps],
) -> Fields:
    partial = node.get("partial")
    if partial is not None and not isinstance(partial, bool):
        findings.append(Finding((entity, form, "partial"), f"true or false is needed here, not {written(partial)}"))
        partial = None
    rules: dict[str, Rule | None] = {}
    for name, place, rule in _flat(node, (entity, form)):
        if name == "partial":
            continue
        if found := _misnamed(entity, name):
            findings.append(Finding(place, *found))
            continue
        if len(rules) >= FIELDS_MAX:
            findings.append(Finding(place, f"a form has at most {FIELDS_MAX} fields"))
            break
        places[entity, form, name] = place
        if rule is False:
            rules[name] = None
        elif not isinstance(rule, dict):
            hint = f'{dotted((name,))} = {{ path = "…" }}, or false: as if the version before did not map it'
            findings.append(Finding(place, f"a table is needed here, not {written(rule)}", hint))
        else:
            findings += _ill_written(rule, place)
            rules[name] = rule
    return Fields(partial=partial, rules=rules)


def _flat(node: dict[str, object], place: Steps) -> Iterator[tuple[str, Steps, object]]:
    """Fields with dotted names, whether they were quoted (``"score.raw"``) or not."""
    for key, each in node.items():
        if isinstance(each, dict) and each and _holds_rules(each):
            for part, rule in each.items():
                yield f"{key}.{part}", (*place, key, part), rule
        else:
            yield key, (*place, key), each


def _holds_rules(node: dict[str, object]) -> bool:
    if any(key in node for key in ("const", "default")):
        return False
    return all(isinstance(each, dict) or each is False for each in node.values()) and "required" not in node


def _misnamed(entity: str, name: str) -> tuple[str, str] | None:
    """What is wrong with the name of a field, and what to do."""
    kinds = fields_of(entity)
    top, dot, part = name.partition(".")
    if top in NOT_MAPPED:
        return "the id is the record's own: the connector decides it", ""
    kind = kinds.get(top)
    if kind is None:
        return f"{entity} has no such field", advice(top, kinds, "field")
    if not dot:
        return None
    if kind.parts == ():
        return f"{top} has no parts", f"it is {kind.said}"
    if not part or len(part) > 100 or not part.isprintable():
        return "a name is needed after the dot", ""
    if kind.parts is not None and part not in kind.parts:
        return f"{top} has no such part", advice(part, kind.parts, "part")
    return None


def _ill_written(rule: dict[str, object], place: Steps) -> Iterator[Finding]:
    """What can be said of a rule without knowing the rest."""
    for key in rule:
        if key not in RULE_KEYS:
            yield Finding((*place, key), "there is no such key here", advice(key, RULE_KEYS, "key"))
    given = [key for key in SOURCES if key in rule]
    if len(given) != 1:
        said = (
            "one of path, const and format is needed" if not given else f"only one of {' and '.join(given)} may be said"
        )
        yield Finding(place, said, 'path = "…" takes it from the record')
    for key in ("path", "format"):
        if key in rule and not (isinstance(rule[key], str) and str(rule[key]).strip()):
            yield Finding((*place, key), f"a text is needed here, not {written(rule[key])}")
    if "required" in rule and not isinstance(rule["required"], bool):
        yield Finding((*place, "required"), f"true or false is needed here, not {written(rule['required'])}")
    if rule.get("required") is True and "default" in rule:
        yield Finding((*place, "required"), "what has a default is never missing", "leave out one of them")
    for key in ("as", "check"):
        if key in rule and not _texts(rule[key]):
            yield Finding((*place, key), f"a text or a list of at most {PARTS_MAX} texts is needed here")


def _texts(node: object) -> bool:
    if isinstance(node, str):
        return True
    return isinstance(node, list) and len(node) <= PARTS_MAX and all(isinstance(each, str) for each in node)


def listed(node: object) -> list[str]:
    """A text or a list of texts as a list; of what is neither, nothing."""
    if isinstance(node, str):
        return [node]
    return [each for each in node if isinstance(each, str)] if isinstance(node, list) else []
