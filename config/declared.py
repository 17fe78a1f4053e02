"""Every setting of Darkroom in one frozen object: its default, its meaning, its unit, whether it is secret.

Other packages import the settings from `config.settings`, which reads them.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from config.budgets import BudgetSettings, budgets_of
from config.logs.masking import parts_of
from config.redis_urls import RedisPlace, place_of

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED_REDIS_DIR = "data/redis"
DEFAULT_REDIS = "redis://127.0.0.1:6379/0"


class SettingsError(Exception):
    """A setting is missing, malformed or contradicts another; the message says which and what to do."""


def setting(default: Any, about: str, unit: str = "", *, secret: bool = False) -> Any:
    """Declare one setting: its default, its meaning, its unit, and whether it is a secret that logs mask."""
    return field(default=default, metadata={"about": about, "unit": unit, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration of one process. Field `x_y` is the environment variable `X_Y`."""

    telegram_token: str = setting("", "the bot's token from @BotFather", secret=True)
    telegram_api_url: str = setting("https://api.telegram.org", "base URL of the Bot API server")
    telegram_upload_max_bytes: int = setting(50_000_000, "largest file the Bot API server takes", "bytes")
    telegram_rate_per_s: float = setting(30.0, "calls to Telegram of all processes together", "calls/s")
    telegram_chat_rate_per_s: float = setting(1.0, "messages and edits to one private chat", "calls/s")
    telegram_group_rate_per_min: float = setting(20.0, "messages and edits to one group", "calls/min")
    bot_mode: str = setting("polling", "how updates come in: polling or webhook")
    webhook_url: str = setting("", "public base URL of this bot; Telegram posts to /telegram under it")
    webhook_secret: str = setting("", "secret token that Telegram sends with each webhook", secret=True)
    webhook_secret_previous: str = setting(
        "", "the one before, accepted beside it while it is replaced", secret=True
    )
    webhook_max_connections: int = setting(100, "updates that Telegram posts at a time", "1 to 100")
    webhook_bind: str = setting("127.0.0.1:8080", "host:port on which the bot listens for webhooks")
    webhook_address_connections: int = setting(
        100,
        "connections of one address that may wait there for a request; for further ones the longest silent "
        "goes. A proxy in front is one address",
        "1 to 400",
    )
    provider_webhook_url: str = setting(
        "", "public base URL of the bot for the providers' webhooks; empty: polling alone"
    )
    signing_secret: str = setting("", "signs the job ids in the providers' webhook URLs", secret=True)
    signing_secret_previous: str = setting(
        "", "the one before: what it has signed is accepted while it is replaced", secret=True
    )

    redis_url: str = setting(
        "",
        "Redis of the broker and the ledger (redis://:password@host:6379/0), or its sentinels: "
        "sentinel://a:26379;sentinel://b:26379; empty: the embedded one of `make run`, else "
        "redis://127.0.0.1:6379/0",
        secret=True,
    )
    embedded_redis_dir: str = setting(
        EMBEDDED_REDIS_DIR, "where the embedded Redis keeps its data, its password and its address"
    )
    embedded_redis_port: int = setting(
        6379, "port of the embedded Redis; the next free one where it is taken"
    )
    redis_master_name: str = setting("", "what the sentinels in REDIS_URL call their master")
    redis_sentinel_password: str = setting("", "password of the sentinels themselves", secret=True)
    redis_private_network: bool = setting(
        False, "nobody else is on the network to Redis, so that it may be used without TLS"
    )
    redis_wait_replicas: int = setting(
        0, "a change of a job counts once this many replicas have it; 1 survives a failover", "replicas"
    )
    cache_redis_url: str = setting("", "Redis of the cache; empty: that of the ledger", secret=True)
    cache_redis_master_name: str = setting("", "what the sentinels in CACHE_REDIS_URL call their master")
    cache_ttl_s: float = setting(3600.0, "a result is given again for this long; 0 = never", "seconds")
    active_jobs: int = setting(3, "active jobs of one user", "jobs")
    vip_active_jobs: int = setting(10, "active jobs of one VIP user", "jobs")
    lane_backlog: int = setting(50, "jobs that may wait in a lane; more are turned away", "jobs")
    fair_share_s: float = setting(
        15.0, "each active job of a user puts the next one behind those that come this much later", "seconds"
    )
    user_rate_limit: str = setting("10/m", "jobs of one user, in Celery's syntax: 10/m or 10/m, burst 3")
    vip_user_rate_limit: str = setting("30/m", "jobs of one VIP user")
    refused_rate_limit: str = setting(
        "60/m, burst 30", "messages and presses of one user that become no job; empty: no limit"
    )
    generate_rate_limit: str = setting("", "jobs of one worker process (Celery's rate_limit); empty: none")
    budget_day_usd: str = setting(
        "",
        "what jobs may cost in a day (UTC): 20 for all, or 20, replicate:10, video:5, vip:8, person:1, "
        "vip-person:3 by provider, model, image or video, tier, and each user; empty: no bound",
        "US dollars",
    )
    budget_month_usd: str = setting("", "the same for a calendar month (UTC)", "US dollars")
    admin_ids: tuple[int, ...] = setting((), "Telegram ids of the admins, separated by commas")
    prompt_filter_file: str = setting("", "words and /expressions/ that prompts may not have, one a line")

    media_url: str = setting(
        "data/media", "where artifacts are kept: a directory, a file:// URL or s3://bucket/prefix"
    )
    media_max_bytes: int = setting(200_000_000, "largest artifact that is fetched from a provider", "bytes")
    media_ttl_days: int = setting(0, "artifacts are removed after that many days; 0 = never", "days")
    media_link_hours: float = setting(
        24.0, "a link to a result that a chat cannot be sent works for this long", "hours, up to 168"
    )
    s3_endpoint_url: str = setting("", "base URL of the S3-compatible store; empty: that of AWS")
    s3_public_url: str = setting("", "its base URL in links for people; empty: S3_ENDPOINT_URL")
    s3_region: str = setting("us-east-1", "region of the bucket")
    s3_access_key_id: str = setting("", "access key of the store; empty: the machine's role", secret=True)
    s3_secret_access_key: str = setting("", "secret key of the store", secret=True)
    models_file: str = setting("config/models.toml", "the catalogue of models")

    backup_url: str = setting("data/backups", "where backups go: a directory or s3://bucket/prefix")
    backup_keep: int = setting(28, "complete backups that are kept; older ones are removed", "backups")

    replicate_api_token: str = setting("", "API token of the Replicate account", secret=True)
    replicate_api_url: str = setting("https://api.replicate.com/v1", "base URL of the Replicate API")
    replicate_webhook_secret: str = setting("", "signing key (whsec_...) of its webhooks", secret=True)
    replicate_creates_per_min: float = setting(600.0, "predictions that its account may create", "calls/min")
    replicate_calls_per_min: float = setting(3000.0, "all other calls that it may make", "calls/min")
    provider_timeout_s: float = setting(30.0, "longest wait for one answer of a provider", "seconds")

    worker_slots: int = setting(32, "jobs that one worker process works on at a time", "jobs")
    lease_s: float = setting(6.0, "a worker's claim lapses after this long without renewal", "seconds")
    heartbeat_s: float = setting(1.5, "a worker renews its claims this often", "seconds")
    sweep_s: float = setting(1.0, "lapsed, unpublished and lost jobs are looked for this often", "seconds")
    max_crashes: int = setting(3, "a job whose worker died this many times is failed", "times")
    unpublished_s: float = setting(3.0, "an accepted job is published again after this long", "seconds")
    requeue_s: float = setting(
        30.0, "a waiting job whose message is lost is published again after this long", "seconds"
    )
    unknown_grace_s: float = setting(120.0, "wait for news of a submission with unknown outcome", "seconds")
    visibility_timeout_s: int = setting(3600, "the broker gives an unacknowledged message back", "seconds")

    poll_first_s: float = setting(2.0, "first wait between two polls of a prediction", "seconds")
    poll_factor: float = setting(1.2, "each wait is this many times the one before")
    poll_max_s: float = setting(10.0, "longest wait between two polls where POLLS_PER_S allows it", "seconds")
    polls_per_s: float = setting(
        15.0, "polls of all workers together; where jobs are too many for that, each has fewer", "polls/s"
    )

    prompt_max_chars: int = setting(1500, "longest prompt", "characters")
    ready_after_s: float = setting(20.0, "jobs that took longer are followed by a 'ready' reply", "seconds")
    keep_jobs_days: int = setting(30, "ended jobs stay in the ledger for", "days")

    demo: bool = setting(False, "the stand plays the real services; set by `make demo`, never by hand")
    exporter_port: int = setting(9090, "port on which the exporter gives the metrics")
    exporter_bind: str = setting("127.0.0.1", "address on which the exporter listens; 0.0.0.0: on all")
    alert_chat_id: int = setting(0, "Telegram chat that alerts go to; 0: that of the first admin")
    watchdog_s: float = setting(
        0.0, "the exporter tells that chat when no alert could have come for this long; 0 = never", "seconds"
    )
    watchdog_secret: str = setting(
        "", "Alertmanager sends it to the exporter, as the bearer token of /watchdog", secret=True
    )
    flower_port: int = setting(5555, "port of Flower")
    flower_address: str = setting("127.0.0.1", "address that Flower listens on; in a container 0.0.0.0")
    flower_basic_auth: str = setting(
        "", "who may see Flower: user:password, more of them separated by commas", secret=True
    )
    flower_db: str = setting("data/flower/events", "file in which Flower keeps what it has seen")
    page_hosts: str = setting(
        "", "names by which a proxy leads to Flower, metrics and health on 127.0.0.1, between commas"
    )
    log_format: str = setting("auto", "json, console, or auto: console in a terminal, else json")
    log_level: str = setting("INFO", "DEBUG, INFO, WARNING or ERROR")
    sentry_dsn: str = setting("", "errors go to this project of Sentry; empty: to the log alone", secret=True)
    otel_exporter_otlp_endpoint: str = setting(
        "", "traces of ended jobs go to this OTLP/HTTP receiver, such as http://collector:4318; empty: none"
    )

    @property
    def bot_id(self) -> str:
        """The bot's own id, which is the first part of its token."""
        return self.telegram_token.partition(":")[0]

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that Telegram's webhooks may carry: the present one, and the previous one."""
        return tuple(filter(None, (self.webhook_secret, self.webhook_secret_previous)))

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """The secrets that may have signed a job's id: the present one, and the previous one."""
        return tuple(filter(None, (self.signing_secret, self.signing_secret_previous)))

    def secrets(self) -> tuple[str, ...]:
        """Return the values that logs mask: secrets and their parts (passwords in URLs), longest first."""
        named = [getattr(self, spec.name) for spec in fields(self) if spec.metadata["secret"]]
        found = {part for value in named for part in parts_of(value)}
        return tuple(sorted(found, key=len, reverse=True))

    def budgets(self) -> BudgetSettings:
        """Return the budgets of a day and of a month."""
        return budgets_of(self.budget_day_usd, self.budget_month_usd)

    def ledger_redis(self) -> RedisPlace:
        """Return the place of the Redis that has the broker and the ledger."""
        return place_of(self.redis_url or DEFAULT_REDIS, self.redis_master_name, self.redis_sentinel_password)

    def cache_redis(self) -> RedisPlace:
        """Return the place of the Redis that has the cache."""
        if not self.cache_redis_url:
            return self.ledger_redis()
        return place_of(self.cache_redis_url, self.cache_redis_master_name, self.redis_sentinel_password)
