"""Celery's configuration, so that plain `celery -A tasks worker -Q img` is right."""

import sys

from kombu.entity import Exchange, Queue

from config.logs.printable import in_lines
from config.settings import SettingsError, load
from jobs.model import Lane
from ledger.connection import sentinel_options

try:
    settings = load(receives=False)
except SettingsError as error:
    sys.exit(in_lines(error))

include = ["tasks.signals", "tasks.generation.task", "tasks.delivery.task", "tasks.broadcast"]

_redis = settings.ledger_redis()

# Lanes. A mistyped lane is an error, not a new queue without a worker.
task_queues = [Queue(lane, Exchange(lane), routing_key=lane) for lane in Lane]
task_default_queue = Lane.IMG.value
task_create_missing_queues = False

# Slots are threads: jobs wait for the network, and one process holds many. A worker takes one message for
# each free slot, so that jobs wait in the lanes, where priorities count.
worker_pool = "threads"
worker_concurrency = settings.worker_slots
worker_prefetch_multiplier = 1
worker_disable_prefetch = True

# Limits. Celery enforces `rate_limit` for one worker process. Admission enforces the others for each user, in
# Redis (ledger.admission). Deliveries have no limit here: chat.limiter observes Telegram's limits.
task_annotations = {
    "generate": {
        "rate_limit": settings.generate_rate_limit or None,
        "user_rate_limit": settings.user_rate_limit,
        "vip_user_rate_limit": settings.vip_user_rate_limit,
    }
}

# The message is only a wake-up (the ledger recovers jobs), so it is acknowledged early. Then a short loss of
# the connection starts no job twice, and no unacknowledged message can make the worker fail with Redis.
task_acks_late = False
task_reject_on_worker_lost = False
task_ignore_result = True
task_store_errors_even_if_ignored = False
# There is no result backend. Without this, each thread would look for one in all installed packages.
result_backend_thread_safe = True
task_serializer = "json"
accept_content = ["json"]

broker_url = _redis.url
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_channel_error_retry = True
broker_transport_options = {
    "visibility_timeout": settings.visibility_timeout_s,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "priority_steps": [0, 3, 6, 9],
    "queue_order_strategy": "round_robin",
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "max_connections": settings.worker_slots + 32,
    # A publisher fails at once when the broker is away; the sweep publishes the message later.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
if _redis.sentinels:
    broker_transport_options |= {"master_name": _redis.master, "sentinel_kwargs": sentinel_options(_redis)}
# A publisher's wait is bounded: the sweep publishes later what cannot be published now.
task_publish_retry = False

# Events cost about seven messages a job. Without them, a worker whose slots were all taken notices only after
# a second or more that a slot is free again: nothing else wakes its loop.
worker_send_task_events = True
task_send_sent_event = True
worker_hijack_root_logger = False
worker_redirect_stdouts = False
