"""The four situations of the lanes benchmark. Each sends jobs, waits for their end and measures."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

from bench.harness.feed import Feed, play, steady
from bench.harness.report import percentile
from bench.harness.stage import Stage, mean_work, waits
from jobs.model import Job, Kind, Lane

REGULAR = ((Lane.IMG, Kind.IMAGE), (Lane.VID, Kind.VIDEO))
FEW = 3
"""Number of users so small that nearly all of their jobs wait behind other users' jobs."""

ACTIVE = 3
"""Active jobs that a user may have in `aging`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run.

    Attributes:
        slots: Slots of each worker.
        seconds: Mean time of a prediction.
        sigma: The spread of that time (log-normal).
        fair_share_s: FAIR_SHARE_S.
        backlog: LANE_BACKLOG.
        many: Users, so many that each has about one active job at a time.
        phase_s: Length of a measurement.
        rounds: Repetitions of the light users' situation.
        patience_s: Longest wait for a job's end.
    """

    slots: int = 4
    seconds: float = 1.0
    sigma: float = 0.2
    fair_share_s: float = 15.0
    backlog: int = 50
    many: int = 150
    phase_s: float = 30.0
    rounds: int = 2
    patience_s: float = 180.0

    @property
    def depth(self) -> int:
        """The number of waiting jobs in a saturated lane: several times the slots."""
        return 4 * self.slots

    @property
    def slot_rate(self) -> float:
        """The jobs per second of one worker's slots, roughly: a result is noticed with a delay."""
        return self.slots / (1.15 * self.seconds)


@dataclass(frozen=True, slots=True)
class Compared:
    """Seconds that jobs waited: the jobs in question, and those that they are compared with."""

    looked_at: list[float]
    compared: list[float]

    @property
    def p95_ratio(self) -> float:
        """The p95 of the jobs in question over the p95 of the others."""
        return percentile(self.looked_at, 95) / percentile(self.compared, 95)


@dataclass(frozen=True, slots=True)
class Throughput:
    """Jobs claimed per second from a regular lane, without and with a saturated VIP lane."""

    mix: str
    lane: Lane
    alone: float
    beside_vip: float

    @property
    def share(self) -> float:
        """The share of the throughput that is left beside the VIP lane."""
        return self.beside_vip / self.alone


@dataclass(frozen=True, slots=True)
class Aging:
    """Waits (s) in a lane that is kept full: of all jobs, and of users who sent several jobs at once."""

    all: list[float]
    eager: list[float]
    mean_work_s: float


def vip_under_regular_load(stage: Stage, plan: Plan) -> Compared:
    """Compare the waits of VIP jobs and regular jobs while the regular lanes are saturated.

    Many users saturate the regular lanes. A few VIP users send 80 % of what the reserved worker can do.
    """
    people, vips = stage.new_users(plan.many), stage.new_users(FEW, vip=True)
    moments = steady(Random(1), 0.8 * plan.slot_rate, plan.phase_s)
    with ExitStack() as stack:
        feeds = [stack.enter_context(Feed(stage, *lane, people, plan.depth)) for lane in REGULAR]
        began = time.time()
        sent = play(
            stage, Kind.IMAGE, [(moment, vips[number % FEW]) for number, moment in enumerate(moments)]
        )
        over = time.time()
    vip = stage.ended((job_id for job_id, _ in sent), plan.patience_s)
    regular = _ended(stage, feeds, plan)
    return Compared(waits(vip), waits([job for job in regular if began <= job.stamps["accepted"] <= over]))


def regular_under_vip_load(stage: Stage, plan: Plan) -> list[Throughput]:
    """Compare the regular lanes' throughput when all lanes are saturated and when only they are.

    Measured with many VIP users and few regular ones, and the other way round.
    """
    found = []
    for mix, regulars, vip_count in (("many VIP users", FEW, plan.many), ("few VIP users", plan.many, FEW)):
        people, vips = stage.new_users(regulars), stage.new_users(vip_count, vip=True)
        alone = _claim_rates(stage, plan, people, [])
        beside = _claim_rates(stage, plan, people, vips)
        found += [Throughput(mix, lane, alone[lane], beside[lane]) for lane, _ in REGULAR]
    return found


def light_users_beside_a_heavy_one(stage: Stage, plan: Plan) -> Compared:
    """Compare the waits of 20 light users with and without a heavy user.

    The light users send one picture at a time and fill 80 % of the slots. The heavy user sends 20 at once,
    twice.
    """
    light, heavy = stage.new_users(20), stage.new_users(1)
    waited: dict[bool, list[float]] = {True: [], False: []}
    for number in range(plan.rounds):
        random = Random(number)
        moments = steady(random, 0.8 * plan.slot_rate, plan.phase_s)
        calm = [(moment, light[at % len(light)]) for at, moment in enumerate(moments)]
        burst = [(moment, heavy[0]) for moment in (0.0, plan.phase_s / 2) for _ in range(20)]
        for with_heavy in (False, True):
            sent = play(stage, Kind.IMAGE, calm + burst if with_heavy else calm)
            jobs = stage.ended((job_id for job_id, _ in sent), plan.patience_s)
            waited[with_heavy] += waits([job for job in jobs if job.origin.user != heavy[0]])
    return Compared(waited[True], waited[False])


def aging(stage: Stage, plan: Plan) -> Aging:
    """Measure the waits in a lane that is kept as full as admission allows.

    Users with one job each keep it full, and the VIP lane is saturated too. Other users have as many jobs at
    once as one user may; the last of these are ordered after most of the others.
    """
    people, vips, eager = (
        stage.new_users(plan.many),
        stage.new_users(plan.many, vip=True),
        stage.new_users(FEW),
    )
    stage.limit(plan.backlog, ACTIVE)
    with (
        Feed(stage, Lane.VIP, Kind.IMAGE, vips, min(plan.depth, plan.backlog)),
        Feed(stage, Lane.IMG, Kind.IMAGE, people, plan.backlog - ACTIVE * FEW) as full,
    ):
        sent = play(stage, Kind.IMAGE, [(0.0, user) for user in eager for _ in range(ACTIVE)])
        last = [job_id for job_id, _ in sent]
        full.depth = plan.backlog + 1
        _wait_for_claims(stage, last, plan.patience_s)
    jobs = _ended(stage, [full], plan)
    lasts = stage.ended(last, plan.patience_s)
    return Aging(waits(jobs + lasts), waits(lasts), mean_work(jobs + lasts))


def wait_bound(plan: Plan, mean_work_s: float) -> float:
    """Return the seconds after which a waiting job has a slot, as long as the lane has its workers.

    A job of a user with k active jobs counts as k * FAIR_SHARE_S later; from that moment on no new job gets
    before it. Fewer than LANE_BACKLOG jobs are then before it, and at worst every second slot goes to a VIP
    job. That makes (1 + 2 * LANE_BACKLOG / slots) times the mean time that a job holds a slot.
    """
    return (ACTIVE - 1) * plan.fair_share_s + (1 + 2 * plan.backlog / plan.slots) * mean_work_s


def _claim_rates(stage: Stage, plan: Plan, people: list[int], vips: list[int]) -> dict[Lane, float]:
    with ExitStack() as stack:
        if vips:
            stack.enter_context(vip := Feed(stage, Lane.VIP, Kind.IMAGE, vips, 3 * plan.depth))
        feeds = [stack.enter_context(Feed(stage, *lane, people, plan.depth)) for lane in REGULAR]
        time.sleep(2 * plan.seconds)  # by then the slots that were free at the start are filled
        began = time.time()
        time.sleep(plan.phase_s)
        over = time.time()
    jobs = _ended(stage, feeds, plan)
    if vips:
        _ended(stage, [vip], plan)
    claimed = [job.lane for job in jobs if began <= job.stamps["claimed"] < over]
    return {lane: claimed.count(lane) / (over - began) for lane, _ in REGULAR}


def _ended(stage: Stage, feeds: list[Feed], plan: Plan) -> list[Job]:
    return stage.ended((job_id for feed in feeds for job_id in feed.sent), plan.patience_s)


def _wait_for_claims(stage: Stage, job_ids: list[str], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while any("claimed" not in stage.job(job_id).stamps for job_id in job_ids):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the eager users' jobs still wait after {patience_s:g} s")
        time.sleep(0.05)
