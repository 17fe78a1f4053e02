"""A worker outlives its broker, also with a message in hand: what kombu's Redis transport lacks for that."""

from typing import Any

from kombu.transport import redis as transport


class Deliveries(transport.QoS):
    """The messages that a consumer has taken and not acknowledged yet."""

    def restore_unacked(self, client: Any = None) -> None:
        """Put them back at once, unless the broker has gone.

        kombu 5.7 tries it on a connection that was given up already, and fails with an AttributeError, which
        ends the worker. Such messages come back after VISIBILITY_TIMEOUT_S; the sweep does not wait for them.
        """
        if self.channel.connection.client is None:
            self._delivered.clear()
        else:
            super().restore_unacked(client)  # type: ignore[no-untyped-call]


def install() -> None:
    """Have every consumer of this process keep its messages so; calling it again changes nothing."""
    transport.Channel.QoS = Deliveries
