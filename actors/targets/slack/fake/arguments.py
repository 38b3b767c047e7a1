"""Arguments of a Web API call, however they came: query, form (with JSON in strings) or JSON body."""

from urllib.parse import parse_qsl, urlsplit

import msgspec

from actors.domain.flow import Request, decode_object


class Refusal(Exception):
    """The method says no: ``ok: false`` with this error and these further fields."""

    def __init__(self, error: str, **fields: object) -> None:
        super().__init__(error)
        self.error = error
        self.fields = fields


class Arguments(msgspec.Struct, frozen=True):
    """What was given. ``form`` tells whether nested values are JSON in strings. What the headers say of whose call it
    is Slack does not read; the journal does."""

    given: dict[str, object]
    form: bool
    delivery_id: str = ""
    correlation_id: str = ""

    def text(self, name: str, default: str = "") -> str:
        value = self.given.get(name)
        return default if value is None else str(value)

    def flag(self, name: str) -> bool:
        return self.given.get(name) in (True, 1, "1", "true", "True")

    def listed(self, name: str) -> list[str]:
        """Values with commas between, each once."""
        return list(dict.fromkeys(each.strip() for each in self.text(name).split(",") if each.strip()))

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise Refusal(
                "invalid_arguments", response_metadata={"messages": [f"[ERROR] missing required field: {name}"]}
            )
        return value

    def whole(self, name: str, default: int, error: str) -> int:
        try:
            return int(self.text(name, str(default)))
        except ValueError:
            raise Refusal(error) from None

    def nested(self, name: str, error: str) -> object:
        """A list or an object; None where it was not given."""
        value = self.given.get(name)
        if self.form and isinstance(value, str):
            if not value:
                return None
            try:
                return msgspec.json.decode(value)
            except (msgspec.DecodeError, RecursionError):
                raise Refusal(error) from None
        if value is not None and not isinstance(value, list | dict):
            raise Refusal(error)
        return value


def method_of(url: str, mount: str) -> str:
    """``/slack/api/chat.postMessage?…`` names chat.postMessage."""
    return urlsplit(url).path.removeprefix(mount)


def bearer(given: Arguments, request: Request) -> str:
    """The token a call is made with: of the header, or else the argument."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else given.text("token")


def arguments_of(request: Request) -> Arguments:
    """Raises Refusal for a body that is not what its content type says."""
    marks = [request.headers.get(name, "") for name in ("x-delivery-id", "x-correlation-id")]
    return msgspec.structs.replace(_read(request), delivery_id=marks[0], correlation_id=marks[1])


def _read(request: Request) -> Arguments:
    given: dict[str, object] = {}
    query = request.url.partition("?")[2]
    if query:
        given.update(parse_qsl(query, keep_blank_values=True))
    if not request.body:
        return Arguments(given, form=True)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        fields = decode_object(request.body)
        if fields is None:
            raise Refusal("json_not_object" if _is_json(request.body) else "invalid_json")
        given.update(fields)
        return Arguments(given, form=False)
    if kind in ("application/x-www-form-urlencoded", ""):
        try:
            given.update(parse_qsl(request.body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise Refusal("invalid_charset") from None
        return Arguments(given, form=True)
    raise Refusal("invalid_post_type")


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
