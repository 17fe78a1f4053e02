"""A Redis that outlives a machine, as an operator runs it: a master, two replicas, three sentinels."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis

from config.settings import ROOT
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.redis import find_server

PASSWORD = 'of the "master" & co'
PASSWORD_IN_URL = "of%20the%20%22master%22%20%26%20co"
SENTINEL_PASSWORD = "of-the-sentinels"
MASTER = "darkroom"
_READY = "Ready to accept connections|Running mode=sentinel|Sentinel ID is"


class Watched:
    """`nodes` are the servers by port, the first one the master at the start; `settings` is how Darkroom's
    processes find it."""

    def __init__(self, nodes: dict[int, Program], sentinels: dict[int, Program]) -> None:
        self.nodes = nodes
        self.sentinels = sentinels
        self.settings = {
            "REDIS_URL": ";".join(f"sentinel://:{PASSWORD_IN_URL}@127.0.0.1:{port}/1" for port in sentinels),
            "REDIS_MASTER_NAME": MASTER,
            "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
            "REDIS_WAIT_REPLICAS": "1",
        }

    def master(self) -> int:
        """The port of the master as most of the sentinels see it; 0 while they do not agree."""
        seen: list[int] = []
        for port in self.sentinels:
            with redis.Redis(port=port, password=SENTINEL_PASSWORD, socket_timeout=2) as sentinel:
                try:
                    state: Any = sentinel.sentinel_master(MASTER)
                except redis.RedisError:
                    continue
                if state["is_master"] and not state["is_sdown"]:
                    seen.append(int(state["port"]))
        return next((port for port in seen if seen.count(port) >= 2), 0)

    def is_followed(self, port: int) -> bool:
        """Whether this master has a replica that is up to date: nothing counts before it has one."""
        with node(port) as client:
            replicas: Any = client.info("replication")
        return any(replicas.get(f"slave{number}", {}).get("state") == "online" for number in (0, 1))

    def is_whole(self) -> bool:
        """Whether all sentinels know each other and both replicas, and these are up to date."""
        for port in self.sentinels:
            with redis.Redis(port=port, password=SENTINEL_PASSWORD, socket_timeout=2) as sentinel:
                state: Any = sentinel.sentinel_master(MASTER)
                if (state["num-other-sentinels"], state["num-slaves"]) != (2, 2):
                    return False
        with node(next(iter(self.nodes))) as client:
            replicas: Any = client.info("replication")
        return all(replicas.get(f"slave{number}", {}).get("state") == "online" for number in (0, 1))


def node(port: int) -> "redis.Redis":
    """A client of one server."""
    return redis.Redis(port=port, password=PASSWORD, socket_timeout=5, decode_responses=True)


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """All six, on free ports, with the data and the sentinels' files under `folder`."""
    with ExitStack() as open_:
        ports = [free_port() for _ in range(6)]
        nodes = {port: _server(folder, port, ports[0]) for port in ports[:3]}
        for program in nodes.values():
            open_.enter_context(program)
        sentinels = {port: _sentinel(folder, port, ports[0]) for port in ports[3:]}
        for program in sentinels.values():
            open_.enter_context(program)
        found = Watched(nodes, sentinels)
        deadline = time.monotonic() + 30
        while not found.is_whole():
            assert time.monotonic() < deadline, "the sentinels have not found each other and the replicas"
            time.sleep(0.05)
        yield found


def _server(folder: Path, port: int, master: int) -> Program:
    place = folder / str(port)
    place.mkdir()
    replica = () if port == master else ("--replicaof", "127.0.0.1", str(master))
    script: list[str | Path] = ["sh", ROOT / "deploy" / "redis" / "start.sh", "broker"]
    limits: list[str | Path] = [
        "--port",
        str(port),
        "--dir",
        place,
        "--bind",
        "127.0.0.1",
        "--repl-diskless-sync-delay",
        "0",
    ]
    return Program(
        [*script, *limits, *replica],
        ready=_READY,
        env={"REDIS_PASSWORD": PASSWORD, "REDIS_MAXMEMORY": "256mb", "PATH": path_of_server()},
    )


def _sentinel(folder: Path, port: int, master: int) -> Program:
    quoted = PASSWORD.replace('"', '\\"')
    file = folder / f"sentinel-{port}.conf"
    file.write_text(
        f"""port {port}
bind 127.0.0.1
dir {folder}
requirepass {SENTINEL_PASSWORD}
sentinel sentinel-pass {SENTINEL_PASSWORD}
sentinel monitor {MASTER} 127.0.0.1 {master} 2
sentinel auth-pass {MASTER} "{quoted}"
sentinel down-after-milliseconds {MASTER} 1000
sentinel failover-timeout {MASTER} 6000
""",
        encoding="utf-8",
    )
    return Program([find_server(), file, "--sentinel"], ready=_READY)


def path_of_server() -> str:
    """A PATH on which `redis-server` is the one that the tests use."""
    return f"{Path(find_server()).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
