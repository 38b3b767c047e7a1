"""One template made ready: its blocks with those it extends, what goes wrong in it by line, and its mistakes."""

from collections.abc import Callable, Iterator, Mapping, Set
from types import TracebackType
from typing import Any

import msgspec
from jinja2 import Environment, Template, TemplateNotFound, TemplateSyntaxError, meta, nodes
from jinja2.runtime import Context

from actors.domain.sandbox import COMPILED_MAX, SYNTAX, WEIGHT_MAX, Overrun, Sandbox
from actors.domain.views import WORDS
from config.recall import remembered

BLOCKS = ("title", "text", "facts", "url")
"""What a message is made of."""
PARTS = (*BLOCKS, "line", "count", "more")
"""And what a digest takes from the templates of its changes, and says where it leaves out some."""
EXTENDS_MAX = 8
DETAIL_CHARS_MAX = 300

Render = Callable[[Context], Iterator[str]]


class TemplateFault(Exception):
    """A template that cannot be used. ``line`` is 0 where none is to blame."""

    def __init__(self, name: str, line: int, message: str) -> None:
        super().__init__(f"template {name}{f', line {line}' if line else ''}: {message}")
        self.name = name
        self.line = line
        self.message = message

    def again(self) -> "TemplateFault":
        """The same fault without the traceback of the first time it was met."""
        return TemplateFault(self.name, self.line, self.message)


class Plan(msgspec.Struct, frozen=True, eq=False):
    """A template with everything it extends: the functions of each block, its own first. ``prelude`` must run
    before the blocks, because it sets variables or defines macros that they use."""

    name: str
    template: Template
    blocks: dict[str, list[Render]]
    prelude: bool

    def context(self, sandbox: Sandbox, words: Mapping[str, object]) -> Context:
        """Where the blocks find their words, for one composition. Raises TemplateFault."""
        context = Context(sandbox, {**sandbox.globals, **words}, self.name, {})
        if self.prelude:
            context.blocks = {name: [_nothing] for name in self.blocks}
            try:
                _gather(self.template.root_render_func(context))
            except Exception as error:  # noqa: BLE001  # whatever a template brings about is the template's fault
                raise fault_of(self.name, error) from None
        context.blocks = self.blocks
        return context

    def render(self, block: str, context: Context) -> str:
        """Raises TemplateFault."""
        try:
            return _gather(self.blocks[block][0](context))
        except Exception as error:  # noqa: BLE001  # whatever a template brings about is the template's fault
            raise fault_of(self.name, error) from None


def ready(sandbox: Sandbox, sources: Mapping[str, str], name: str) -> Plan | TemplateFault:
    """The template compiled, with its parents."""
    chain: list[Template] = []
    blocks: dict[str, list[Render]] = {}
    prelude = False
    following: str | None = name
    try:
        while following is not None:
            if len(chain) == EXTENDS_MAX:
                return TemplateFault(name, 0, f"it extends more than {EXTENDS_MAX} templates, or itself")
            chain.append(sandbox.get_template(following))
            acts, following = _frame(sources[following], following)
            prelude = prelude or acts
            for block, function in chain[-1].blocks.items():
                blocks.setdefault(block, []).append(function)
    except Exception as error:  # noqa: BLE001  # a template can fail in as many ways as Python's compiler
        return fault_of(name, error)
    if not any(block in blocks for block in PARTS):
        return Plan(name, chain[0], {**blocks, "text": [chain[0].root_render_func]}, prelude=False)
    return Plan(name, chain[0], blocks, prelude)


@remembered("templates", COMPILED_MAX)
def _frame(source: str, name: str) -> tuple[bool, str | None]:
    """Whether it does anything outside of its blocks, and the template that it extends."""
    tree = Environment(**SYNTAX).parse(source, name)  # noqa: S701  # nothing is made of it but this answer
    parent = tree.find(nodes.Extends)
    extended = parent.template.value if parent and isinstance(parent.template, nodes.Const) else None
    return any(_acts(node) for node in tree.body), extended


def mistakes(sandbox: Sandbox, text: str, name: str, set_anywhere: Set[str]) -> list[TemplateFault]:
    """What would fail, or be lost, once the template is used. It compiles, or ``ready`` has said so. ``set_anywhere``
    as ``assigned`` finds it."""
    tree = sandbox.parse(text, name)
    strange = meta.find_undeclared_variables(tree) - WORDS - set_anywhere
    faults = [
        TemplateFault(name, node.lineno, f"{node.name!r} is no word of templates: there are {', '.join(sorted(WORDS))}")
        for node in tree.find_all(nodes.Name)
        if node.name in strange and node.ctx == "load"
    ]
    if any(
        isinstance(node, nodes.Extends) or (isinstance(node, nodes.Block) and node.name in PARTS) for node in tree.body
    ):
        faults += [
            TemplateFault(name, node.lineno, "text outside of the blocks is never said")
            for node in tree.body
            if isinstance(node, nodes.Output) and _acts(node)
        ]
    return faults


def fault_of(name: str, error: Exception) -> TemplateFault:
    """Which template and line an exception comes from."""
    if isinstance(error, TemplateFault):
        return error.again()
    if isinstance(error, TemplateSyntaxError):
        return TemplateFault(error.name or name, error.lineno, (error.message or "syntax error")[:DETAIL_CHARS_MAX])
    where, line = _position(error.__traceback__) or (name, 0)
    match error:
        case TemplateNotFound():
            message = f"there is no template {error.name!r}"
        case RecursionError():
            message = "it is nested too deeply, or calls itself"
        case _:
            message = str(error) or type(error).__name__
    return TemplateFault(where, line, message[:DETAIL_CHARS_MAX])


def _position(traceback: TracebackType | None) -> tuple[str, int] | None:
    found = None
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            found = (template.name or "", template.get_corresponding_lineno(traceback.tb_lineno))
        traceback = traceback.tb_next
    return found


def _gather(pieces: Iterator[str]) -> str:
    parts: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > WEIGHT_MAX:
            raise Overrun(f"it says more than {WEIGHT_MAX} characters")
        parts.append(piece)
    return "".join(parts)


def _nothing(context: Context, **_: Any) -> Iterator[str]:
    return iter(())


def _acts(node: nodes.Node) -> bool:
    """Whether something at the top of a template, beside its blocks, does anything."""
    if isinstance(node, nodes.Output):
        return not all(isinstance(part, nodes.TemplateData) and not part.data.strip() for part in node.nodes)
    return not isinstance(node, nodes.Block | nodes.Extends)


def assigned(sandbox: Sandbox, sources: Mapping[str, str]) -> set[str]:
    """Every name any template sets: what one sets, one that it includes may use."""
    names: set[str] = set()
    for source_name, source in sources.items():
        try:
            tree = sandbox.parse(source, source_name)
        except (TemplateSyntaxError, RecursionError):
            continue  # ``ready`` tells of it
        names |= {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
        names |= {node.name for node in tree.find_all(nodes.Macro)}
        names |= {node.target for node in tree.find_all(nodes.Import)}
        for node in tree.find_all(nodes.FromImport):
            names |= {each if isinstance(each, str) else each[1] for each in node.names}
    return names
