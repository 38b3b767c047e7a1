"""Attacks on whoever is signed in: sessions that are given, guessed or borrowed, forms of other sites, and what vendors
send back.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from attack import Attack, attack, unseen
from attacks_on_sign_on import EVIL, page
from besieged import Answer, Besieged, request
from browser import SignedIn, back, begin, cookie_of, sign_in

Make = Callable[[Besieged], bytes]
ACCOUNTS = "/t/acme/connect"
GUESS = "A" * 43
FORM = "application/x-www-form-urlencoded"


def form(
    who: SignedIn, path: str, besieged: Besieged, *, csrf: str | None = None, body: bytes | None = None, **headers: str
) -> bytes:
    """A form as our own page would send it; what is given stands instead of what is right."""
    content = urlencode({"csrf": who.csrf if csrf is None else csrf}).encode() if body is None else body
    named = {"Origin": f"http://127.0.0.1:{besieged.port}", "Sec_Fetch_Site": "same-origin", "Content_Type": FORM}
    return request("POST", path, content, Cookie=who.cookie, **{**named, **headers})


def elsewhere(tenant: str = "acme") -> Callable[[Besieged, Answer], bool]:
    """Whoever is not signed in is sent to where one signs in, and nothing else is done."""
    return lambda besieged, answer: answer.headers["location"] == f"http://127.0.0.1:{besieged.port}/t/{tenant}/sso"


def accounts(besieged: Besieged, answer: Answer) -> bool:
    """Back to the list of accounts, and nowhere near a vendor."""
    return answer.headers["location"] == f"http://127.0.0.1:{besieged.port}{ACCOUNTS}#connect-chat"


def cross(path: str = f"{ACCOUNTS}/chat", csrf: str | None = None, body: bytes | None = None, **headers: str) -> Make:
    return lambda besieged: form(sign_in(besieged), path, besieged, csrf=csrf, body=body, **headers)


def csrf(name: str, make: Make) -> Attack:
    return attack(name, make, 403, audited="form", also=page)


def other_session(besieged: Besieged) -> bytes:
    """The token of another session of the same person."""
    return form(sign_in(besieged), f"{ACCOUNTS}/chat", besieged, csrf=sign_in(besieged).csrf)


def fixed(besieged: Besieged) -> bytes:
    """A cookie that an attacker put into the browser before its owner signed in."""
    sign_in(besieged, held=f"lmsyncd-acme={GUESS}")
    return request("GET", ACCOUNTS, Cookie=f"lmsyncd-acme={GUESS}")


def former(besieged: Besieged) -> bytes:
    """What the browser had before it signed in anew."""
    first = sign_in(besieged)
    sign_in(besieged, held=first.cookie)
    return request("GET", ACCOUNTS, Cookie=first.cookie)


def signed_out(besieged: Besieged) -> bytes:
    who = sign_in(besieged)
    besieged.send(form(who, "/t/acme/sso/sign-out", besieged))
    return request("GET", ACCOUNTS, Cookie=who.cookie)


def borrowed(besieged: Besieged) -> bytes:
    """A session of one tenant, at another: by its own name, and by that tenant's."""
    value = sign_in(besieged).cookie.partition("=")[2]
    return request("GET", "/t/globex/connect", Cookie=f"lmsyncd-acme={value}; lmsyncd-globex={value}")


def tossed(besieged: Besieged) -> bytes:
    """A neighbour's cookie of the same name before the right one: no session is better than the wrong one."""
    return request("GET", ACCOUNTS, Cookie=f"lmsyncd-acme={GUESS}; lmsyncd-acme={GUESS[:-1]}B")


def viewer(besieged: Besieged) -> bytes:
    begun = begin(besieged)
    claims = besieged.idp.claims("acme", begun.nonce, groups=["staff"], sub="ben")
    besieged.idp.put(f"code-{begun.state}", "acme", besieged.idp.signed("acme", claims))
    cookie = cookie_of(besieged.send(back(begun, f"code-{begun.state}")), "lmsyncd-acme")
    return form(SignedIn("acme", cookie, "x"), f"{ACCOUNTS}/chat", besieged)


def nobody_role(besieged: Besieged) -> bytes:
    """Whoever has no role may sign in, and do nothing."""
    begun = begin(besieged)
    claims = besieged.idp.claims("acme", begun.nonce, groups=["others"], sub="eve")
    besieged.idp.put(f"code-{begun.state}", "acme", besieged.idp.signed("acme", claims))
    cookie = cookie_of(besieged.send(back(begun, f"code-{begun.state}")), "lmsyncd-acme")
    return request("GET", ACCOUNTS, Cookie=cookie)


def returned(query: dict[str, str], path: str = f"{ACCOUNTS}/chat/callback") -> Make:
    return lambda besieged: request("GET", f"{path}?{urlencode(query)}", Cookie=sign_in(besieged).cookie)


def begun_errand(besieged: Besieged, who: SignedIn) -> str:
    """The state with which somebody is at the vendor."""
    told = besieged.send(form(who, f"{ACCOUNTS}/chat", besieged))
    assert told.status == 200, told.raw
    return told.body.decode().partition("state=")[2].partition("&")[0].partition('"')[0]


def other_errand(besieged: Besieged) -> bytes:
    """An attacker's own way to the vendor, finished by somebody else: their tenant would post as the attacker's app."""
    state = begun_errand(besieged, sign_in(besieged))
    victim = sign_in(besieged)
    return request("GET", f"{ACCOUNTS}/chat/callback?{urlencode({'state': state, 'code': 'x'})}", Cookie=victim.cookie)


def other_account(besieged: Besieged) -> bytes:
    who = sign_in(besieged)
    state = begun_errand(besieged, who)
    return request("GET", f"{ACCOUNTS}/slack/callback?{urlencode({'state': state, 'code': 'x'})}", Cookie=who.cookie)


def used_errand(besieged: Besieged) -> bytes:
    who = sign_in(besieged)
    state = begun_errand(besieged, who)
    query = urlencode({"state": state, "error": "access_denied"})
    besieged.send(request("GET", f"{ACCOUNTS}/chat/callback?{query}", Cookie=who.cookie))
    return request("GET", f"{ACCOUNTS}/chat/callback?{urlencode({'state': state, 'code': 'x'})}", Cookie=who.cookie)


def stranger_s(besieged: Besieged) -> bytes:
    return request("GET", f"{ACCOUNTS}/chat/callback?state={GUESS}&code=x", Cookie=f"lmsyncd-acme={GUESS}")


def marked(besieged: Besieged) -> bytes:
    """A notice made up in the address bar."""
    script = {"done": f"<script>{EVIL}</script>"}
    return request("GET", f"{ACCOUNTS}?{urlencode(script)}", Cookie=sign_in(besieged).cookie)


SESSIONS: list[Attack] = [
    attack("no session", lambda _: request("GET", ACCOUNTS), 303, also=elsewhere()),
    attack(
        "a session that was guessed",
        lambda _: request("GET", ACCOUNTS, Cookie=f"lmsyncd-acme={GUESS}"),
        303,
        also=elsewhere(),
    ),
    attack(
        "a session that is SQL",
        lambda _: request("GET", ACCOUNTS, Cookie="lmsyncd-acme=' OR 1=1 --"),
        303,
        also=elsewhere(),
    ),
    attack(
        "a session by its other name",
        lambda b: request("GET", ACCOUNTS, Cookie="__Host-" + sign_in(b).cookie),
        303,
        also=elsewhere(),
    ),
    attack("a session that was fixed", fixed, 303, also=elsewhere()),
    attack("the session before", former, 303, also=elsewhere()),
    attack("a session after signing out", signed_out, 303, also=elsewhere()),
    attack("another tenant's session", borrowed, 303, also=elsewhere("globex")),
    attack("a session from a neighbour", tossed, 303, also=elsewhere()),
    attack("one who may only look, connecting", viewer, 403, audited="connecting takes the role admin", also=page),
    attack("one who has no role, looking", nobody_role, 403, audited="connecting takes the role admin", also=page),
    # ── forms of other sites ─────────────────────────────────────────────────────────────────────────
    csrf("a form without a token", cross(body=b"")),
    csrf("a form with a guess", cross(csrf=GUESS)),
    csrf("a form with an empty token", cross(csrf="")),
    csrf("a form of another session", other_session),
    csrf("a form of another site, says the browser", cross(Sec_Fetch_Site="cross-site")),
    csrf("a form of a neighbour, says the browser", cross(Sec_Fetch_Site="same-site")),
    csrf("a form with another origin", cross(Origin=f"https://{EVIL}", Sec_Fetch_Site="")),
    csrf("a form without an origin", cross(Origin="", Sec_Fetch_Site="")),
    csrf("a form from nowhere", cross(Origin="null", Sec_Fetch_Site="")),
    csrf(
        "a form with our origin's beginning",
        lambda b: form(
            sign_in(b), f"{ACCOUNTS}/chat", b, Origin=f"http://127.0.0.1:{b.port}.{EVIL}", Sec_Fetch_Site=""
        ),
    ),
    csrf("disconnecting by another site", cross(f"{ACCOUNTS}/chat/disconnect", csrf=GUESS)),
    csrf("signing out by another site", cross("/t/acme/sso/sign-out", csrf=GUESS)),
    attack(
        "a form that is JSON", cross(Content_Type="text/plain", body=b'{"csrf":"x"}'), 400, audited="no form", also=page
    ),
    attack("a token twice", cross(body=b"csrf=a&csrf=b"), 400, audited="comes twice", also=page),
    attack("an endless form", cross(body=b"csrf=" + b"A" * 20_000), 400, audited="too long", also=page),
    attack(
        "connecting by a link",
        lambda b: request("GET", f"{ACCOUNTS}/chat", Cookie=sign_in(b).cookie),
        303,
        also=accounts,
    ),
    attack("connecting what has nobody to connect", cross(f"{ACCOUNTS}/nothing"), 404, also=page),
    # ── what vendors send back ───────────────────────────────────────────────────────────────────────
    attack(
        "a way back that nobody began",
        returned({"state": GUESS, "code": "x"}),
        400,
        audited="the state is not one",
        also=page,
    ),
    attack("a way back without a state", returned({"code": "x"}), 400, audited="the state is not one", also=page),
    attack("a way back that another began", other_errand, 400, audited="the state is not one", also=page),
    attack("a way back to another account", other_account, 400, audited="the state is not one", also=page),
    attack("a way back, once more", used_errand, 400, audited="the state is not one", also=page),
    attack("a way back without a session", stranger_s, 303, also=elsewhere()),
    attack(
        "a way back with an error that is a script",
        returned({"state": GUESS, "error": f"<script>{EVIL}</script>"}),
        400,
        also=unseen(EVIL),
    ),
    attack(
        "a notice that somebody made up",
        marked,
        200,
        also=lambda b, answer: page(b, answer) and unseen(EVIL)(b, answer),
    ),
]
