"""Jinja2 with walls: an operator's template can neither reach out nor run on for ever.

Jinja2's own sandbox keeps templates away from Python's insides, but a loop in a loop, a macro that calls itself twice
or a number as a text's factor would still stop the process. So every loop, macro and block counts its steps, values
that grow are weighed as they grow, and only the filters and methods named here exist.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType
from typing import Any

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.filters import FILTERS
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

STEPS_MAX = 2_000
"""Rounds of loops, calls of macros and blocks in one composition."""
LINE_STEPS_MAX = 200
"""The same for one line of a digest."""
WEIGHT_MAX = 32_768
"""Characters and elements one value, or one output, may have."""
RANGE_MAX = 1_000
SOURCE_CHARS_MAX = 65_536
INTEGER_MAX = 10**15
COMPILED_MAX = 512
"""Templates whose code is kept for all tenants: those that ship are the same in each."""
SYNTAX: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
"""How templates are read, whoever's they are."""

# fmt: off
PLAIN_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "first", "float", "int", "last", "length", "list", "lower", "map",
    "max", "min", "reject", "rejectattr", "reverse", "round", "select", "selectattr", "sort", "title", "trim",
    "truncate", "unique", "upper", "wordcount",
)
TEXT_METHODS = frozenset({
    "capitalize", "count", "endswith", "find", "lower", "lstrip", "rstrip", "split", "startswith", "strip", "title",
    "upper",
})
# fmt: on
MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
LOOP_METHODS = frozenset({"cycle", "changed"})


class Overrun(Exception):
    """A template does more, or makes something larger, than is allowed."""


class Raw(str):
    """Text that is already what the platform wants: it is not escaped again."""

    __slots__ = ()


class Budget:
    """What is left of one composition's steps."""

    __slots__ = ("left", "steps")

    def __init__(self, steps: int = STEPS_MAX) -> None:
        self.left = self.steps = steps

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Overrun(f"the template takes more than {self.steps} steps (loops, macros): is a loop endless?")


class Sources(BaseLoader):
    """Templates by name, with the walls built in before they are compiled."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def load(self, environment: Any, name: str, globals: Any = None) -> Template:
        source = self._sources.get(name)
        if source is None:
            raise TemplateNotFound(name)
        if len(source) > SOURCE_CHARS_MAX:
            raise TemplateSyntaxError(f"longer than {SOURCE_CHARS_MAX} characters", 1, name)
        return Template.from_code(
            environment, _code(environment, source, name), environment.make_globals(globals), None
        )


_KNOWN: dict[tuple[str, str, frozenset[str]], CodeType] = {}


def _code(environment: Environment, source: str, name: str) -> CodeType:
    """What is compiled depends on nothing of an environment but which filters it has."""
    key = (name, source, frozenset(environment.filters))
    code = _KNOWN.get(key)
    if code is None:
        if len(_KNOWN) >= COMPILED_MAX:
            _KNOWN.clear()
        _KNOWN[key] = code = environment.compile(wall(environment.parse(source, name), name), name, name)
    return code


class Sandbox(ImmutableSandboxedEnvironment):
    """``finalize(value)`` turns a value into the platform's text; ``filters`` are added to the plain ones."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(
        self,
        sources: Mapping[str, str],
        finalize: Callable[[object], str],
        filters: Mapping[str, Callable[..., object]],
        functions: Mapping[str, Callable[..., object]],
    ) -> None:
        self.budget = Budget()
        self._text = finalize
        super().__init__(
            loader=Sources(sources),
            undefined=StrictUndefined,
            finalize=pass_context(lambda context, value: finalize(value)),  # with a context, constants are not folded
            autoescape=False,
            optimized=False,  # a filter's answer is the reader's, who is not known yet: nothing is folded
            **SYNTAX,
            auto_reload=False,
            cache_size=-1,
        )
        self.globals = {"range": self._range, "namespace": Namespace, **functions}
        self._callable = tuple(self.globals.values())
        self.filters = {name: FILTERS[name] for name in PLAIN_FILTERS}
        self.filters |= {"join": self._join, "replace": self._replace, **filters}
        self.filters |= {
            "_step": pass_context(lambda context, value: self.budget.spend()),
            "_rounds": pass_context(lambda context, value: self._rounds(value)),
            "_flat": pass_context(lambda context, value: bounded(value)),
            "_concat": pass_context(lambda context, value: self._concat(value)),
        }

    # ── what may be read ─────────────────────────────────────────────────────────────────────────

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What is not known has no name either: ``course.name`` is empty where no course is, and no fault."""
        return None if obj is None else super().getattr(obj, attribute)

    # ── what may be called ───────────────────────────────────────────────────────────────────────

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, Macro | BlockReference) or any(obj is known for known in self._callable):
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        return (
            (isinstance(owner, str) and name in TEXT_METHODS)
            or (isinstance(owner, dict) and name in MAPPING_METHODS)
            or (isinstance(owner, LoopContext) and name in LOOP_METHODS)
        )

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = _is_number(left) and _is_number(right)
        if operator == "+" or (numbers and operator in "*%"):
            return bounded(super().call_binop(context, operator, left, right))
        raise Overrun(f"{operator!r} is not available here" if numbers else f"{operator!r} is for numbers only")

    # ── what replaces Jinja's own ────────────────────────────────────────────────────────────────

    def _range(self, *bounds: int) -> range:
        numbers = range(*bounds)
        if len(numbers) > RANGE_MAX:
            raise Overrun(f"a range has at most {RANGE_MAX} numbers")
        return numbers

    def _rounds(self, items: Iterable[object]) -> Iterator[object]:
        for item in items:
            self.budget.spend()
            yield item

    def _concat(self, parts: list[object]) -> str:
        """``~``: the parts as text; as soon as one of them is raw, the others are escaped and all is raw."""
        if any(isinstance(part, Raw) for part in parts):
            return Raw(bounded("".join(map(self._text, parts))))
        return str(bounded("".join(map(scalar_text, parts))))

    def _join(self, items: Iterable[object], separator: object = "") -> str:
        parts: list[object] = []
        for item in items:
            self.budget.spend()
            parts += [separator, item] if parts else [item]
        return self._concat(parts)

    def _replace(self, text: object, old: str, new: str) -> str:
        whole, old, new = scalar_text(text), scalar_text(old), scalar_text(new)
        if len(whole) + whole.count(old) * len(new) > WEIGHT_MAX:
            raise Overrun(f"a text of more than {WEIGHT_MAX} characters")
        return whole.replace(old, new)


_MANY = (list, tuple, dict, set, range)


def scalar_text(value: object) -> str:
    """Text of one value. Lists are for loops and ``join``."""
    if isinstance(value, _MANY):
        raise Overrun("a list has no text of its own: loop over it or use join")
    return "" if value is None else str(value)


def bounded(value: Any) -> Any:
    """The value itself, if it is not too large."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > INTEGER_MAX:
            raise Overrun(f"a number beyond {INTEGER_MAX}")
    elif _weigh(value, WEIGHT_MAX) > WEIGHT_MAX:
        raise Overrun(f"a value of more than {WEIGHT_MAX} characters or elements")
    return value


def _weigh(value: object, most: int) -> int:
    """Characters and elements in all, not counted on beyond ``most``."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, _MANY):
        return 1
    weight = 1
    for item in value.items() if isinstance(value, dict) else value:
        weight += _weigh(item, most - weight)
        if weight > most:
            break
    return weight


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# ── the walls ────────────────────────────────────────────────────────────────────────────────────────


def wall(tree: nodes.Template, name: str) -> nodes.Template:
    """Count steps, weigh lists, and refuse what cannot be bounded. Raises TemplateSyntaxError with the line."""
    for node in list(tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport))):
        named = getattr(node, "template", None)
        if not (isinstance(named, nodes.Const) and isinstance(named.value, str)):
            raise TemplateSyntaxError("another template is named by a plain text", node.lineno, name)
    _rebuild(tree, name)
    for body in [tree, *tree.find_all((nodes.Macro, nodes.CallBlock, nodes.Block))]:
        step = nodes.ExprStmt(_filter("_step", nodes.Const(None, lineno=body.lineno)), lineno=body.lineno)
        body.body.insert(0, step)  # type: ignore[attr-defined]  # each of these has a body
    return tree


def _rebuild(node: nodes.Node, name: str) -> None:
    for field, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            _rebuild(value, name)
            setattr(node, field, _walled(value))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, nodes.Node):
                    _rebuild(item, name)
                    value[index] = _walled(item)
    if isinstance(node, nodes.For):
        if node.recursive:
            raise TemplateSyntaxError("recursive loops are not available", node.lineno, name)
        node.iter = _filter("_rounds", node.iter)


def _walled(node: nodes.Node) -> nodes.Node:
    match node:
        case nodes.Concat():
            return _filter("_concat", nodes.List(node.nodes, lineno=node.lineno))
        case nodes.List() | nodes.Dict():
            return _filter("_flat", node)
        case nodes.Tuple() if node.ctx == "load":
            return _filter("_flat", node)
        case _:
            return node


def _filter(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
