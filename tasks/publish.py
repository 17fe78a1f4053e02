"""Putting jobs on the broker. A message carries the job's id, nothing else; the ledger has the rest."""

from celery import Celery
from kombu.exceptions import OperationalError

from jobs.errors import LedgerUnavailable
from jobs.model import Job, Lane
from jobs.states import WAITING

# On Redis 0 is given out first.
_GO_ON = 0
_TURN = 3


class Publisher:
    """Publishes by task name, so that a publisher needs none of the tasks' code.

    All methods raise LedgerUnavailable when the broker does not answer; the sweep then publishes later.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    def publish_generation(self, job: Job) -> None:
        """Give the job's lane one more turn: the ledger says which waiting job gets it.

        All turns have one priority: BRPOP asks for the first list of every lane before the second of any, and
        a worker of two lanes would take nothing from one of them. Ahead of them go only jobs that were begun.
        """
        self._send("generate", job.id, job.id, job.lane, _TURN if job.state in WAITING else _GO_ON)

    def publish_delivery(self, job_id: str) -> None:
        """Have the chat given what it is owed of this job."""
        self._send("deliver", job_id, f"{job_id}-deliver", Lane.DELIVER, 0)

    def publish_broadcast(self, broadcast_id: str, turn: int) -> None:
        """Have the next users written to, behind all deliveries that wait."""
        task_id = f"{broadcast_id}-{turn}"
        try:
            self._app.send_task(
                "broadcast", args=[broadcast_id, turn], task_id=task_id, queue=Lane.DELIVER, priority=9
            )
        except OperationalError as error:
            raise LedgerUnavailable(str(error)) from error

    def backlog(self, lane: Lane) -> int:
        """Messages that wait on the broker in this lane, all priorities together."""
        connection = self._app.connection_for_read()
        try:
            with connection, connection.channel() as channel:
                return int(channel.queue_declare(lane, passive=True).message_count)
        except (OperationalError, *connection.connection_errors, *connection.channel_errors) as error:
            # In Redis a list without messages is no list, and the queue then counts as unknown.
            if str(getattr(error, "reply_code", "")) == "404":
                return 0
            raise LedgerUnavailable(str(error)) from error

    def _send(self, task: str, job_id: str, task_id: str, lane: Lane, priority: int) -> None:
        try:
            self._app.send_task(task, args=[job_id], task_id=task_id, queue=lane, priority=priority)
        except OperationalError as error:
            raise LedgerUnavailable(str(error)) from error
