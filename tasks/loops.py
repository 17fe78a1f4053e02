"""The background work of a worker process."""

from functools import partial

from config.settings import Settings
from ledger.artifacts import artifacts_in_use
from ledger.processes.background import Background
from ledger.processes.leader import alone
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.processes.workers import Sign
from media.retention import LAPSES_S, PERIOD_S, Retention
from tasks.delivery.progress import Progress
from tasks.handover import revive_broadcast
from tasks.heartbeat import Heartbeat
from tasks.publish import Publisher
from tasks.records import Records
from tasks.slots import Slots
from tasks.sweep import Sweep, excusing


class Loops:
    """The heartbeat, and the rounds: queue positions, broadcasts, retention and the sweep.

    The heartbeat runs in every process, each round in one process at a time.
    """

    def __init__(
        self,
        settings: Settings,
        records: Records,
        publisher: Publisher,
        progress: Progress,
        slots: Slots,
        sign: Sign,
        tally: MetricsBuffer,
    ) -> None:
        client, ledger = records.client, records.ledger
        self._heartbeat = Heartbeat(settings, client, ledger, slots, sign, tally)
        # A round takes far less than a beat. The lock of a process that dies in a round lasts for one beat.
        lapses_s = settings.heartbeat_s
        reviving = partial(revive_broadcast, records.broadcasts, publisher)
        self._rounds = [
            Background(name, settings.sweep_s, alone(client, name, lapses_s, work))
            for name, work in (("places", progress.round), ("broadcast", reviving))
        ]
        retention = Retention(settings, lambda: artifacts_in_use(client))
        keeping = alone(client, "retention", LAPSES_S, retention.round)
        self._rounds.append(Background("retention", PERIOD_S, keeping))
        sweep = Sweep(settings, ledger, records.waiting, publisher)
        sweeping = alone(client, "sweep", lapses_s, sweep.round)
        self._rounds.append(Background("sweep", settings.sweep_s, excusing(ledger, sweeping)))

    def close(self) -> None:
        """End the rounds, then the heartbeat, which removes the process from the register."""
        for background in self._rounds:
            background.close()
        self._heartbeat.close()
