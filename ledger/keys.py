"""Every Redis key of the ledger and its neighbours, built here and nowhere else."""

PREFIX = "darkroom"


def job(job_id: str) -> str:
    """Hash: the record of one job."""
    return f"{PREFIX}:job:{job_id}"


def trail(job_id: str) -> str:
    """List: what happened to a job, the oldest first: `time (ms) what by-whom`."""
    return f"{PREFIX}:trail:{job_id}"


def in_state(state: str) -> str:
    """Sorted set: active jobs in a state, by the time they entered it (ms)."""
    return f"{PREFIX}:state:{state}"


def waiting(lane: str) -> str:
    """Sorted set: a lane's jobs that nobody has claimed, in the order in which they are."""
    return f"{PREFIX}:waiting:{lane}"


def since(lane: str) -> str:
    """Sorted set: the same jobs by time of admission (ms)."""
    return f"{PREFIX}:since:{lane}"


def queue(lane: str) -> str:
    """Sorted set: the jobs that wait in a lane, the oldest first (ms); deliveries wait as `stored`."""
    return in_state("stored") if lane == "deliver" else since(lane)


def sequence() -> str:
    """Integer: counts the jobs that were given a turn."""
    return f"{PREFIX}:sequence"


def due() -> str:
    """Sorted set: when (ms) the sweep must look at a job: its lease lapses, or its message is late."""
    return f"{PREFIX}:due"


def fence() -> str:
    """Integer: raised in front of each wait for the replicas, so that the wait is for all written so far."""
    return f"{PREFIX}:fence"


def clock() -> str:
    """Hash: the ledger's time when it was last written down, and how far it was ahead of Redis's (ms)."""
    return f"{PREFIX}:clock"


def excused() -> str:
    """String: leases that lapse while it is there are nobody's fault, as Redis was away."""
    return f"{PREFIX}:excused"


def ended() -> str:
    """Stream: the jobs whose end the chat was given, the latest of them (`job`: the id)."""
    return f"{PREFIX}:ended"


def counts() -> str:
    """Hash: counters, each raised in the same step as the change that it counts."""
    return f"{PREFIX}:counts"


def observations() -> str:
    """Hash: histograms, as `ledger.histograms` names their fields; written in the same step, as `counts`."""
    return f"{PREFIX}:observations"


def active_of(user_id: int) -> str:
    """Sorted set: a user's active jobs by time of admission (ms)."""
    return f"{PREFIX}:user:{user_id}:active"


def history_of(user_id: int) -> str:
    """Sorted set: a user's latest jobs by time of admission (ms)."""
    return f"{PREFIX}:user:{user_id}:history"


def settings_of(user_id: int) -> str:
    """Hash: what a user has chosen in /settings."""
    return f"{PREFIX}:user:{user_id}:settings"


def prediction(prediction_id: str) -> str:
    """String: the one job that a prediction belongs to."""
    return f"{PREFIX}:prediction:{prediction_id}"


def asked_for(user_id: int) -> str:
    """String: what (`image`, `video`) the bot has just asked a user to describe in their private chat."""
    return f"{PREFIX}:user:{user_id}:asked_for"


def message(chat: int, message_id: int) -> str:
    """String: the job that a chat message belongs to."""
    return f"{PREFIX}:message:{chat}:{message_id}"


def user_bucket(user_id: int) -> str:
    """Hash: a user's token bucket (tokens, when they were counted, its size)."""
    return f"{PREFIX}:user:{user_id}:bucket"


def gifts(user_id: int) -> str:
    """List: when (ms) a user was last given tokens back for jobs that had been paid, the latest first."""
    return f"{PREFIX}:user:{user_id}:gifts"


def attention(user_id: int) -> str:
    """Hash: a user's bucket for all that becomes no job, and until when (ms) they are not listened to."""
    return f"{PREFIX}:user:{user_id}:attention"


def told_limited(user_id: int, chat: int) -> str:
    """String: the user has been told in this chat when their next request may come."""
    return f"{PREFIX}:user:{user_id}:limited:{chat}"


def told_busy(user_id: int, chat: int) -> str:
    """String: the user has just been told in this chat that there is no place for a job of theirs."""
    return f"{PREFIX}:user:{user_id}:busy:{chat}"


def inflight(digest: str) -> str:
    """String: the job that is being made for all requests of this digest."""
    return f"{PREFIX}:inflight:{digest}"


def cached(digest: str) -> str:
    """String, in the cache's Redis: a result (JSON)."""
    return f"{PREFIX}:cached:{digest}"


def followers(job_id: str) -> str:
    """Sorted set: the jobs that share this one's result, by time of admission (ms)."""
    return f"{PREFIX}:followers:{job_id}"


def claimed(nonce: str) -> str:
    """String: the job that one call for a claim has got, for a while."""
    return f"{PREFIX}:claimed:{nonce}"


def paused() -> str:
    """Set: lanes from which nothing is claimed."""
    return f"{PREFIX}:paused"


def blocked() -> str:
    """Set: users who get no job."""
    return f"{PREFIX}:blocked"


def spend(day: str) -> str:
    """Hash: list price of the submissions of one day (days since 1970, UTC), in dollars by model."""
    return f"{PREFIX}:spend:{day}"


def budget(span: str) -> str:
    """Hash: what the budgets of one day (`2026-11-27`) or month (`2026-11`) have given out, in millionths of
    a dollar: `NAME` reserved or used, `used:NAME` used."""
    return f"{PREFIX}:budget:{span}"


def budget_people(span: str) -> str:
    """Hash: the same for each user: `ID` and `used:ID`."""
    return f"{PREFIX}:budget:{span}:people"


def budgets() -> str:
    """Hash: budgets that admins have set in place of the settings': `day:NAME` -> millionths of a dollar."""
    return f"{PREFIX}:budgets"


def vips() -> str:
    """Hash: user id -> end of the VIP time (ms)."""
    return f"{PREFIX}:vips"


def audit() -> str:
    """Stream: what admins did, the latest thousand deeds."""
    return f"{PREFIX}:audit"


def people() -> str:
    """Sorted set: users whose private chat can be written to, by their id."""
    return f"{PREFIX}:people"


def person(user_id: int) -> str:
    """Hash: a user's language, private chat, and when they were seen first and last (ms)."""
    return f"{PREFIX}:user:{user_id}:person"


def broadcast(broadcast_id: str) -> str:
    """Hash: one message to all users, and how far it has come."""
    return f"{PREFIX}:broadcast:{broadcast_id}"


def broadcasting() -> str:
    """String: the broadcast that is under way."""
    return f"{PREFIX}:broadcasting"


def durations(model: str) -> str:
    """List: how long a model's latest predictions took at the provider (seconds), newest first."""
    return f"{PREFIX}:durations:{model}"


def workers() -> str:
    """Sorted set: live processes by the time (Unix seconds, the ledger's) at which they count as dead."""
    return f"{PREFIX}:workers"


def roster() -> str:
    """Sorted set: every kind of process, by the time (Unix seconds) of its last sign of life."""
    return f"{PREFIX}:roster"


def worker(owner: str) -> str:
    """Hash: what one process says of itself with each sign of life."""
    return f"{PREFIX}:worker:{owner}"


def trial(owner: str) -> str:
    """String: the one job in a worker process that a further crash would fail."""
    return f"{PREFIX}:worker:{owner}:trial"


def wake(owner: str) -> str:
    """Pub/sub channel to a worker process: `cancel ID` or `look ID`, for a job that it holds."""
    return f"{PREFIX}:wake:{owner}"


def lock(name: str) -> str:
    """String: a lock that one process holds for a while."""
    return f"{PREFIX}:lock:{name}"


def mark(kind: str, name: str) -> str:
    """String: something was dealt with (an album answered, a webhook heard)."""
    return f"{PREFIX}:mark:{kind}:{name}"


def watchdog() -> str:
    """String: when (Unix seconds, the ledger's) Alertmanager was last heard of."""
    return f"{PREFIX}:watchdog"


def allowance(provider: str, kind: str) -> str:
    """Hash: the bucket of one kind of calls to a provider; with `:hold` a String, while they must wait."""
    return f"{PREFIX}:allowance:{provider}:{kind}"


def bucket(scope: str) -> str:
    """Hash: one bucket of the limiter for calls to Telegram; `hold:` a String, while a chat must wait."""
    return f"{PREFIX}:telegram:{scope}"


def spool(name: str) -> str:
    """Sorted set: ids of what a spool keeps, by the time (ms) at which its taker's time is over, or for which
    it was put off; infinite for what waits."""
    return f"{PREFIX}:spool:{name}"


def spooled(name: str, item: str) -> str:
    """String: group, owner and body of one such thing; empty for a while after it was dealt with."""
    return f"{PREFIX}:spooled:{name}:{item}"


def spool_of(name: str, lane: str) -> str:
    """Sorted set: ids of what a spool keeps for one group, by the time (ms) at which it lapses: in the order
    in which they were kept."""
    return f"{PREFIX}:spool:{name}:of:{lane}"


def spool_by(name: str, owner: str) -> str:
    """Sorted set: ids of what a spool keeps of one owner, by the time (ms) at which it lapses."""
    return f"{PREFIX}:spool:{name}:by:{owner}"


def spool_line(name: str) -> str:
    """Sorted set: the groups of which something can be taken up, by their turn (ms)."""
    return f"{PREFIX}:spool:{name}:line"


def spool_tries(name: str) -> str:
    """Hash: id -> how often a thing that waited was taken up."""
    return f"{PREFIX}:spool:{name}:tries"
