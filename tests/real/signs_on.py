"""Somebody who signs on by SAML at a daemon in another network: run in that network (``nsenter --net``), with the keys
of the provider, which are here. Prints what came of it, a line each: ``HOW STATUS in|out``.

``plain``: the assertion is signed by the provider; ``sealed``: and encrypted for us; ``forged``: signed by another key.
"""

import sys
from pathlib import Path

import trio
from saml_stage import Browser, Keys, encrypted, signed

GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"


async def main(base: str, tenant: str, keys: Keys, *ways: str) -> None:
    for how in ways:
        browser = Browser(base, tenant)
        try:
            begun = await browser.begin()
            own = f"_{how}"
            text = browser.response(begun, browser.assertion(begun, id=own))
            text = signed(text, keys.key("evil" if how == "forged" else "idp"), own)
            if how == "sealed":
                text = encrypted(text, keys.pem("sp"), cipher=GCM)
            answer = await browser.send(text, begun.relay)
            print(how, answer.status_code, "in" if browser.is_in else "out")
        finally:
            await browser.client.aclose()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2], Keys(Path(sys.argv[3])), *sys.argv[4:])
