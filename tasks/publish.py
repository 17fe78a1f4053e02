"""Publishing jobs to the broker. A message carries only the job's id; the ledger has the rest."""

from celery import Celery
from kombu.exceptions import OperationalError

from jobs.errors import LedgerUnavailable
from jobs.model import Job, Lane
from jobs.states import WAITING

# Priorities of messages. On Redis, 0 comes first.
_GO_ON = 0
_TURN = 3


class Publisher:
    """Publishes by task name, so that a publisher needs none of the tasks' code.

    All methods raise LedgerUnavailable when the broker does not answer; the sweep then publishes later.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def publish_generation(self, job: Job) -> None:
        """Give the job's lane one more turn. The ledger decides which waiting job gets the turn.

        All turns have the same priority: BRPOP tries the first list of every lane before the second list of
        any lane, so with several priorities a worker of two lanes could take nothing from one of them. Only
        jobs that were begun go ahead of the turns.
        """
        self._send("generate", job.id, job.id, job.lane, _TURN if job.state in WAITING else _GO_ON)

    def publish_delivery(self, job_id: str) -> None:
        """Have the job's end delivered to its chat."""
        self._send("deliver", job_id, f"{job_id}-deliver", Lane.DELIVER, 0)

    def publish_broadcast(self, broadcast_id: str, turn: int) -> None:
        """Have the broadcast's next users written to, after all waiting deliveries."""
        task_id = f"{broadcast_id}-{turn}"
        try:
            self._app.send_task(
                "broadcast", args=[broadcast_id, turn], task_id=task_id, queue=Lane.DELIVER, priority=9
            )
        except OperationalError as error:
            raise LedgerUnavailable(str(error)) from error

    def backlog(self, lane: Lane) -> int:
        """Return how many messages of this lane wait on the broker, in all priorities together."""
        connection = self._app.connection_for_read()
        try:
            with connection, connection.channel() as channel:
                return int(channel.queue_declare(lane, passive=True).message_count)
        except (OperationalError, *connection.connection_errors, *connection.channel_errors) as error:
            # Redis has no empty lists, so kombu reports a queue without messages as unknown.
            if str(getattr(error, "reply_code", "")) == "404":
                return 0
            raise LedgerUnavailable(str(error)) from error

    def _send(self, task: str, job_id: str, task_id: str, lane: Lane, priority: int) -> None:
        try:
            self._app.send_task(task, args=[job_id], task_id=task_id, queue=lane, priority=priority)
        except OperationalError as error:
            raise LedgerUnavailable(str(error)) from error
