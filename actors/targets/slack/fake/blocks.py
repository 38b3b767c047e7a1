"""Block Kit's limits, as Slack states them. Problems are told as Slack tells them: with a JSON pointer."""

from collections.abc import Iterator

BLOCKS_MAX = 50
BLOCK_ID_MAX = 255
ELEMENTS_MAX = {"actions": 25, "context": 10}
UNCHECKED = frozenset({"divider", "rich_text", "input", "file", "call", "video", "table"})
"""Blocks we never send; they pass if their type is known."""


def problems(blocks: object) -> list[str]:
    """Everything wrong with ``blocks``; empty when Slack would take them."""
    if not isinstance(blocks, list):
        return ["[ERROR] must be an array [json-pointer:/blocks]"]
    found: list[str] = []
    if len(blocks) > BLOCKS_MAX:
        found.append(f"[ERROR] no more than {BLOCKS_MAX} items allowed [json-pointer:/blocks]")
    ids: set[str] = set()
    for index, block in enumerate(blocks):
        at = f"/blocks/{index}"
        if not isinstance(block, dict):
            found.append(_error("must be an object", at))
            continue
        name = block.get("block_id", "")
        if isinstance(name, str) and name:
            if name in ids:
                found.append(_error(f"block_id {name} is used twice", f"{at}/block_id"))
            ids.add(name)
        found.extend(_length(name, f"{at}/block_id", BLOCK_ID_MAX, 0))
        found.extend(_block(block, at))
    return found


def _block(block: dict[str, object], at: str) -> Iterator[str]:
    match block.get("type"):
        case "header":
            yield from _text(block.get("text"), f"{at}/text", 150, ("plain_text",))
        case "section":
            yield from _section(block, at)
        case "context" | "actions" as kind:
            elements = block.get("elements")
            if not isinstance(elements, list) or not elements:
                yield _error("must provide at least 1 item", f"{at}/elements")
                return
            if len(elements) > ELEMENTS_MAX[kind]:
                yield _error(f"no more than {ELEMENTS_MAX[kind]} items allowed", f"{at}/elements")
            for index, element in enumerate(elements):
                yield from _element(element, f"{at}/elements/{index}", texts=kind == "context")
        case "image":
            yield from _image(block, at)
        case "markdown":
            yield from _length(block.get("text"), f"{at}/text", 12_000)
        case kind:
            if not isinstance(kind, str) or kind not in UNCHECKED:
                yield _error(f"unsupported type: {kind}", f"{at}/type")


def _section(block: dict[str, object], at: str) -> Iterator[str]:
    text, fields = block.get("text"), block.get("fields")
    if text is None and not fields:
        yield _error("missing required field: text", at)
    if text is not None:
        yield from _text(text, f"{at}/text", 3000)
    if fields is not None:
        if not isinstance(fields, list):
            yield _error("must be an array", f"{at}/fields")
            return
        if len(fields) > 10:
            yield _error("no more than 10 items allowed", f"{at}/fields")
        for index, field in enumerate(fields):
            yield from _text(field, f"{at}/fields/{index}", 2000)
    if block.get("accessory") is not None:
        yield from _element(block["accessory"], f"{at}/accessory", texts=False)


def _element(element: object, at: str, *, texts: bool) -> Iterator[str]:
    if not isinstance(element, dict):
        yield _error("must be an object", at)
        return
    match element.get("type"):
        case "mrkdwn" | "plain_text" if texts:
            yield from _text(element, at, 3000)
        case "image":
            yield from _image(element, at)
        case "button":
            yield from _text(element.get("text"), f"{at}/text", 75, ("plain_text",))
            for name, longest in (("action_id", 255), ("value", 2000), ("url", 3000)):
                yield from _length(element.get(name, ""), f"{at}/{name}", longest, 0)
        case "static_select" | "overflow" | "checkboxes" | "radio_buttons":
            options = element.get("options")
            if not isinstance(options, list) or not 1 <= len(options) <= 100:
                yield _error("must provide 1 to 100 items", f"{at}/options")
        case kind:
            if texts or not isinstance(kind, str):
                yield _error(f"unsupported type: {kind}", f"{at}/type")


def _image(image: dict[str, object], at: str) -> Iterator[str]:
    yield from _length(image.get("alt_text"), f"{at}/alt_text", 2000)
    if "slack_file" not in image:
        yield from _length(image.get("image_url"), f"{at}/image_url", 3000)


def _text(value: object, at: str, longest: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in kinds:
        yield _error(f"must be a text object of type {' or '.join(kinds)}", at)
        return
    yield from _length(value.get("text"), f"{at}/text", longest)


def _length(value: object, at: str, longest: int, shortest: int = 1) -> Iterator[str]:
    if not isinstance(value, str):
        yield _error("must be a string", at)
    elif len(value.strip()) < shortest:
        yield _error(f"must be more than {shortest - 1} characters", at)
    elif len(value) > longest:
        yield _error(f"must be less than {longest + 1} characters", at)


def _error(problem: str, at: str) -> str:
    return f"[ERROR] {problem} [json-pointer:{at}]"
