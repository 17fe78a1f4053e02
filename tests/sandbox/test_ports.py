"""The ports that the demo, the stacks and the tests give to their servers."""

import socket
import sys

import pytest

from sandbox.environment import free_port


def test_a_server_gets_its_port_again_and_again() -> None:
    """Given a port of ours, I expect a server to get it, and another one after that one's end."""
    port = free_port()
    for _ in range(2):
        with (
            socket.create_server(("127.0.0.1", port)) as server,
            socket.create_connection(("127.0.0.1", port), timeout=60),
        ):
            server.accept()[0].close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a port for a server to come")
def test_a_port_is_given_to_nobody_else() -> None:
    """Given a port that its server does not use yet, I expect nobody to get it who does not ask for it."""
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    assert port not in {free_port() for _ in range(100)}
