"""Every Redis key of Darkroom, built here and nowhere else.

Each function returns one key. Its docstring says the type of the value, and what is kept there.
"""

PREFIX = "darkroom"


def job(job_id: str) -> str:
    """Hash: the record of one job."""
    return f"{PREFIX}:job:{job_id}"


def trail(job_id: str) -> str:
    """List: the events of a job, the oldest first, each as `time (ms) event actor`."""
    return f"{PREFIX}:trail:{job_id}"


def in_state(state: str) -> str:
    """Sorted set: active jobs in a state, by the time they entered it (ms)."""
    return f"{PREFIX}:state:{state}"


def waiting(lane: str) -> str:
    """Sorted set: a lane's jobs that no worker has claimed, in the order in which they are claimed."""
    return f"{PREFIX}:waiting:{lane}"


def since(lane: str) -> str:
    """Sorted set: the same jobs by time of admission (ms)."""
    return f"{PREFIX}:since:{lane}"


def queue(lane: str) -> str:
    """Sorted set: the jobs that wait in a lane, the oldest first (ms); deliveries wait as `stored`."""
    return in_state("stored") if lane == "deliver" else since(lane)


def sequence() -> str:
    """Integer: the number of jobs that have got a turn; orders jobs of one millisecond."""
    return f"{PREFIX}:sequence"


def due() -> str:
    """Sorted set: jobs by the time (ms) at which the sweep must look at them: lease expired, message late."""
    return f"{PREFIX}:due"


def fence() -> str:
    """Integer: incremented before each wait for the replicas, so that the wait covers all earlier writes."""
    return f"{PREFIX}:fence"


def clock() -> str:
    """Hash: the ledger's time when it was last stored, and by how much it was ahead of Redis's time (ms)."""
    return f"{PREFIX}:clock"


def excused() -> str:
    """Flag: Redis was unavailable. Leases that expire while the flag is set do not count as crashes."""
    return f"{PREFIX}:excused"


def ended() -> str:
    """Stream: the latest jobs whose chat was told of their end (`job`: the id)."""
    return f"{PREFIX}:ended"


def counts() -> str:
    """Hash: counters, each incremented in the same step as the change that it counts."""
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
    """String: the kind (`image`, `video`) that the bot has asked a user to describe in their private chat."""
    return f"{PREFIX}:user:{user_id}:asked_for"


def message(chat: int, message_id: int) -> str:
    """String: the job that a chat message belongs to."""
    return f"{PREFIX}:message:{chat}:{message_id}"


def user_bucket(user_id: int) -> str:
    """Hash: a user's token bucket (tokens, the time at which they were counted, the size)."""
    return f"{PREFIX}:user:{user_id}:bucket"


def gifts(user_id: int) -> str:
    """List: times (ms) at which a user was last given a token back for a paid job, the latest first."""
    return f"{PREFIX}:user:{user_id}:gifts"


def attention(user_id: int) -> str:
    """Hash: a user's token bucket for messages that become no job; until when (ms) the bot ignores them."""
    return f"{PREFIX}:user:{user_id}:attention"


def told_limited(user_id: int, chat: int) -> str:
    """Flag: the user has been told in this chat when their next request may come."""
    return f"{PREFIX}:user:{user_id}:limited:{chat}"


def told_busy(user_id: int, chat: int) -> str:
    """Flag: the user has just been told in this chat that there is no room for another job."""
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
    """String: the job that one call of `claim` has got, kept for as long as a lease."""
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
    """Hash: the state of the budgets of one day (`2026-11-27`) or month (`2026-11`).

    `NAME` is the sum reserved or used, `used:NAME` the sum used, in millionths of a dollar.
    """
    return f"{PREFIX}:budget:{span}"


def budget_people(span: str) -> str:
    """Hash: the same sums for each user: `ID` and `used:ID`."""
    return f"{PREFIX}:budget:{span}:people"


def budgets() -> str:
    """Hash: budgets that admins have set in place of the settings': `day:NAME` -> millionths of a dollar."""
    return f"{PREFIX}:budgets"


def vips() -> str:
    """Hash: user id -> end of the VIP time (ms)."""
    return f"{PREFIX}:vips"


def audit() -> str:
    """Stream: the audit log, the latest thousand entries."""
    return f"{PREFIX}:audit"


def people() -> str:
    """Sorted set: users whose private chat the bot can write to, by their id."""
    return f"{PREFIX}:people"


def person(user_id: int) -> str:
    """Hash: a user's language, private chat, and when they were seen first and last (ms)."""
    return f"{PREFIX}:user:{user_id}:person"


def broadcast(broadcast_id: str) -> str:
    """Hash: one broadcast and its progress."""
    return f"{PREFIX}:broadcast:{broadcast_id}"


def broadcasting() -> str:
    """String: the broadcast that is running."""
    return f"{PREFIX}:broadcasting"


def durations(model: str) -> str:
    """List: how long a model's latest predictions took at the provider (seconds), newest first."""
    return f"{PREFIX}:durations:{model}"


def workers() -> str:
    """Sorted set: live processes by the time (Unix seconds, the ledger's) at which they count as dead."""
    return f"{PREFIX}:workers"


def roster() -> str:
    """Sorted set: every kind of process, by the time (Unix seconds) of its last heartbeat."""
    return f"{PREFIX}:roster"


def worker(owner: str) -> str:
    """Hash: what one process reports with each heartbeat."""
    return f"{PREFIX}:worker:{owner}"


def trial(owner: str) -> str:
    """String: the one job in a worker process that one more crash would fail."""
    return f"{PREFIX}:worker:{owner}:trial"


def wake(owner: str) -> str:
    """Pub/sub channel to a worker process: `cancel ID` or `look ID`, for a job that it holds."""
    return f"{PREFIX}:wake:{owner}"


def lock(name: str) -> str:
    """String: a lock, which one process holds until it expires."""
    return f"{PREFIX}:lock:{name}"


def mark(kind: str, name: str) -> str:
    """String: the mark of an event that was handled (an album, a webhook, a press of a button)."""
    return f"{PREFIX}:mark:{kind}:{name}"


def watchdog() -> str:
    """String: when (Unix seconds, the ledger's) Alertmanager last called the watchdog."""
    return f"{PREFIX}:watchdog"


def allowance(provider: str, kind: str) -> str:
    """Hash: a token bucket for calls of one kind to a provider. With `:hold` a String, while they wait."""
    return f"{PREFIX}:allowance:{provider}:{kind}"


def bucket(scope: str) -> str:
    """Hash: one token bucket for calls to Telegram. With `hold:` a String, while a chat must wait."""
    return f"{PREFIX}:telegram:{scope}"


def spool(name: str) -> str:
    """Sorted set: ids of a durable queue's items by the time (ms) at which their lease expires or their retry
    is due; infinite for items that wait."""
    return f"{PREFIX}:spool:{name}"


def spooled(name: str, item: str) -> str:
    """String: group, owner and body of one item; empty for a while after its acknowledgement."""
    return f"{PREFIX}:spooled:{name}:{item}"


def spool_of(name: str, lane: str) -> str:
    """Sorted set: ids of one group's items by the time (ms) at which they expire: the order of enqueueing."""
    return f"{PREFIX}:spool:{name}:of:{lane}"


def spool_by(name: str, owner: str) -> str:
    """Sorted set: ids of one owner's items by the time (ms) at which they expire."""
    return f"{PREFIX}:spool:{name}:by:{owner}"


def spool_line(name: str) -> str:
    """Sorted set: the groups that have an item to hand out, by their turn (ms)."""
    return f"{PREFIX}:spool:{name}:line"


def spool_tries(name: str) -> str:
    """Hash: id -> how often a waiting item was handed out since its last retry."""
    return f"{PREFIX}:spool:{name}:tries"
