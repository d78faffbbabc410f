"""A real OpenID provider as a process of its own, and the person who logs in there.

It is panva's certified `oidc-provider` on Node (`tests/openid`, installed by `make openid`).
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from hanza.drivers.contract.patience import until
from kit.processes import Process, free_port

HERE = Path(__file__).parents[1] / "openid"
AUDIENCE = "https://plane.test"
SECONDS_MAX = 30


@dataclass(slots=True)
class RealIssuer:
    """One provider; started again it has other keys."""

    folder: Path
    port: int
    seconds: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def restart(self) -> None:
        self.process.kill()
        self.process = _start(self.folder, self.port, self.seconds)

    def stop(self) -> None:
        self.process.kill()

    def approve(self, user_code: str, person: str) -> None:
        """What a person does in a browser: types the code, logs in and says yes."""
        with httpx2.Client(trust_env=False, follow_redirects=True, timeout=SECONDS_MAX) as http:
            page = http.get(f"{self.url}/device")
            for _ in range(6):
                found = re.search(r'action="([^"]+)"', page.text)
                if found is None:
                    break
                form = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page.text))
                if 'name="login"' in page.text:
                    form |= {"login": person, "password": "never-ours"}
                elif "xsrf" in form:
                    form["user_code"] = user_code
                page = http.post(str(page.url.join(found[1])), data=form)
            assert "Sign-in Success" in page.text, page.text[-2000:]

    def token_of(self, person: str) -> str:
        """An access token, by the device flow told in raw HTTP."""
        client = {"client_id": "hanza"}
        with httpx2.Client(trust_env=False, timeout=SECONDS_MAX) as http:
            asked = {**client, "scope": "openid offline_access"}
            begun = http.post(f"{self.url}/device/auth", data=asked).json()
            self.approve(begun["user_code"], person)
            grant = "urn:ietf:params:oauth:grant-type:device_code"
            form = {**client, "grant_type": grant, "device_code": begun["device_code"]}
            return str(http.post(f"{self.url}/token", data=form).json()["access_token"])


@contextlib.contextmanager
def a_real_issuer(folder: Path, seconds: int = 3600) -> Iterator[RealIssuer]:
    """`seconds` is how long its tokens are good."""
    port = free_port()
    issuer = RealIssuer(folder, port, seconds, _start(folder, port, seconds))
    try:
        yield issuer
    finally:
        issuer.stop()


def _start(folder: Path, port: int, seconds: int) -> Process:
    assert (HERE / "node_modules").exists(), "the provider is not installed: make openid"
    log = folder / "issuer.log"
    log.unlink(missing_ok=True)
    command = ["node", str(HERE / "provider.mjs"), str(port), AUDIENCE, str(seconds)]
    process = Process(command, log)

    def listens() -> bool:
        assert process.is_alive, log.read_text()
        return "listens" in log.read_text()

    until(listens, "the issuer listens", SECONDS_MAX)
    return process
