"""An LMS and an operator who do not give up, inside the machine: ``python3 knocking.py SECRET FILE``.

Until the file ``FILE.stop`` is there, statements are sent one after the other (the same one again until it is
acknowledged), and both sockets are knocked at. At the end FILE has what came of it, as JSON.
"""

import base64
import json
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ENDPOINT = "http://127.0.0.1:8480/t/demo/xapi/statements"
CONTROL = "/run/lmsyncd/control.sock"
STATEMENT_EVERY_S, KNOCK_EVERY_S, PATIENCE_S = 1.2, 0.25, 180.0


class Clients:
    """What they met: refused connections by door, acknowledged statements, other trouble."""

    def __init__(self, secret: str) -> None:
        self.refused: list[str] = []
        self.acknowledged: list[str] = []
        self.troubles: list[str] = []
        self.knocks = 0
        self.longest_s = 0.0
        self._login = base64.b64encode(f"moodle:{secret}".encode()).decode()
        self.over = threading.Event()

    def tell(self) -> None:
        while not self.over.is_set():
            name = str(uuid.uuid4())
            while not self._told(name) and not self.over.is_set():
                time.sleep(0.5)
            self.over.wait(STATEMENT_EVERY_S)

    def _told(self, name: str) -> bool:
        statement = {
            "id": name,
            "actor": {"account": {"homePage": "https://moodle.example.edu", "name": "ada"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": f"https://moodle.example.edu/course/{name}", "definition": {"name": {"en": name}}},
        }
        headers = {"Authorization": f"Basic {self._login}", "X-Experience-API-Version": "1.0.3"}
        headers["Content-Type"] = "application/json"
        asked = urllib.request.Request(ENDPOINT, json.dumps(statement).encode(), headers, method="POST")
        began = time.monotonic()
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_S):
                self.acknowledged.append(name)
                return True
        except urllib.error.HTTPError as error:
            self.troubles.append(f"status {error.code}")
        except OSError as error:
            reason = getattr(error, "reason", error)
            (self.refused if isinstance(reason, ConnectionRefusedError) else self.troubles).append(f"tell: {reason!r}")
        finally:
            self.longest_s = max(self.longest_s, time.monotonic() - began)
        return False

    def knock(self, family: int, address: object) -> None:
        while not self.over.wait(KNOCK_EVERY_S):
            with socket.socket(family, socket.SOCK_STREAM) as door:
                door.settimeout(PATIENCE_S)
                self.knocks += 1
                try:
                    door.connect(address)
                except OSError as error:
                    self.refused.append(f"{address}: {error!r}")


def main(secret: str, file: Path) -> None:
    clients = Clients(secret)
    work = [
        threading.Thread(target=clients.tell),
        threading.Thread(target=clients.knock, args=(socket.AF_UNIX, CONTROL)),
        threading.Thread(target=clients.knock, args=(socket.AF_INET, ("127.0.0.1", 8480))),
    ]
    for each in work:
        each.start()
    while not os.path.exists(f"{file}.stop"):
        time.sleep(0.1)
    clients.over.set()
    for each in work:
        each.join()
    told = {name: getattr(clients, name) for name in ("refused", "acknowledged", "troubles", "knocks", "longest_s")}
    file.with_suffix(".new").write_text(json.dumps(told), encoding="utf-8")
    file.with_suffix(".new").rename(file)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
