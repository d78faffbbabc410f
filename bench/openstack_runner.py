"""OpenStack Placement doing the work of this benchmark: run by a Python that has it installed.

    python bench/openstack_runner.py PROVIDERS CLAIMS

It knows nothing of this project: its API is called inside this process, on a new SQLite file.  A
claim is what a scheduler does with it: allocation candidates for one instance in one country, and
the allocation of the first.  Prints one line of JSON; CPU seconds are this process's.
"""

import io
import json
import sys
import tempfile
import time
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import Any

VERSION = "placement 1.39"
COUNTRIES = 30
CPUS, MIB, GIB = 64, 262_144, 3_200


def main(providers: int, claims: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ask = _client(_application(Path(folder)))
        for country in range(COUNTRIES):
            ask("PUT", f"/traits/{_trait(country)}")
        for nth in range(providers):
            _add_provider(ask, nth)
        began = time.process_time()
        placed = sum(_claim(ask, nth) for nth in range(claims))
        spent = time.process_time() - began
    told = {
        "version": version("openstack-placement"),
        "providers": providers,
        "placed": placed,
        "perCpuSecond": placed / spent,
    }
    print(json.dumps(told))


def _application(folder: Path) -> Any:
    from oslo_config import cfg  # noqa: PLC0415 -- not there for who reads this
    from placement import conf, db_api, deploy  # noqa: PLC0415 -- not there for who reads this
    from placement.db.sqlalchemy import migration  # noqa: PLC0415 -- not there for who reads this

    config = cfg.ConfigOpts()
    conf.register_opts(config)
    config.set_override("auth_strategy", "noauth2", group="api")
    config.set_override("connection", f"sqlite:///{folder}/db", group="placement_database")
    config(args=[], default_config_files=[])
    db_api.configure(config)
    migration.create_schema()
    return deploy.loadapp(config)


def _client(application: Any) -> Any:
    def ask(method: str, path: str, body: object = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)),
            "HTTP_OPENSTACK_API_VERSION": VERSION,
            "HTTP_X_AUTH_TOKEN": "admin",
            "HTTP_ACCEPT": "application/json",
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        status: list[str] = []
        answer = b"".join(application(environ, lambda line, *_: status.append(line)))
        if not status[0].startswith("2"):
            raise SystemExit(f"{method} {path}: {status[0]} {answer[:300]!r}")
        return json.loads(answer) if answer else None

    return ask


def _trait(country: int) -> str:
    return f"CUSTOM_COUNTRY_{country:02}"


def _add_provider(ask: Any, nth: int) -> None:
    one = str(uuid.UUID(int=nth + 1))
    ask("POST", "/resource_providers", {"name": f"host-{nth:06}", "uuid": one})
    sizes = {"VCPU": CPUS, "MEMORY_MB": MIB, "DISK_GB": GIB}
    inventories = {name: {"total": total, "max_unit": total} for name, total in sizes.items()}
    path = f"/resource_providers/{one}"
    body = {"resource_provider_generation": 0, "inventories": inventories}
    generation = ask("PUT", f"{path}/inventories", body)["resource_provider_generation"]
    traits = [_trait(nth % COUNTRIES)]
    body = {"resource_provider_generation": generation, "traits": traits}
    ask("PUT", f"{path}/traits", body)


def _claim(ask: Any, nth: int) -> bool:
    resources = "VCPU:1,MEMORY_MB:2048,DISK_GB:20"
    required = _trait(nth % COUNTRIES)
    found = ask("GET", f"/allocation_candidates?limit=10&resources={resources}&required={required}")
    if not found["allocation_requests"]:
        return False
    body = {
        **found["allocation_requests"][0],
        "consumer_generation": None,
        "project_id": "acme",
        "user_id": "ana",
        "consumer_type": "INSTANCE",
    }
    ask("PUT", f"/allocations/{uuid.UUID(int=10**9 + nth)}", body)
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
