"""Error reports to Sentry, where SENTRY_DSN is set: the kind of error, its place in the code, and the job.

No report contains secrets or texts of users: it is built only from parts that cannot hold any. The values of
exceptions and variables are not sent; the log has them, under the same ids.
"""

import sys
from types import TracebackType
from typing import Any

from config.declared import Settings

IDS = ("job", "prediction", "worker", "update", "broadcast")
"""Fields of a log line that become tags."""
_KEPT = ("event_id", "timestamp", "level", "platform", "server_name", "release", "sdk", "tags")
_FRAME = ("filename", "module", "function", "lineno", "in_app", "context_line", "pre_context", "post_context")

Failure = tuple[type[BaseException], BaseException, TracebackType | None]


def reporter(settings: Settings, process: str) -> Any:
    """Return a structlog processor that sends errors to Sentry, for use before tracebacks become text.

    It sends in the background and does not change the log line.
    """
    import sentry_sdk  # noqa: PLC0415 - an optional extra
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.threading import ThreadingIntegration  # noqa: PLC0415

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        default_integrations=False,
        integrations=[ExcepthookIntegration(), ThreadingIntegration(propagate_scope=False)],
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=scrubbed,  # type: ignore[arg-type]  # its Event is a TypedDict
    )

    def report(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        if event.get("level") in ("error", "critical"):
            with sentry_sdk.new_scope() as scope:
                scope.set_tag("process", process)
                scope.set_tag("said", sentence(event))
                for name in IDS:
                    if name in event:
                        scope.set_tag(name, str(event[name]))
                if error := failure(event.get("exc_info")):
                    scope.capture_exception(error)
                else:
                    scope.capture_message(sentence(event), level="error")
        return event

    return report


def flush(within_s: float) -> None:
    """Send the reports that still wait, as a process must before it ends. Do nothing without Sentry."""
    if sdk := sys.modules.get("sentry_sdk"):
        sdk.flush(timeout=within_s)


def sentence(event: dict[str, Any]) -> str:
    """Return the message of a log line without its values; a library's message is its template."""
    record = event.get("_record")
    return str(record.msg if record is not None else event.get("event", ""))[:200]


def failure(exc_info: Any) -> Failure | None:
    """Return the exception that was given to a log call, in whichever form."""
    if isinstance(exc_info, BaseException):
        return (type(exc_info), exc_info, exc_info.__traceback__)
    if isinstance(exc_info, tuple) and exc_info[0] is not None:
        return exc_info
    found = sys.exc_info() if exc_info else None
    return found if found and found[0] is not None else None


def scrubbed(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a report that may be sent. Pure.

    These are types of exceptions, frames without variables, the log message without values, and ids.
    """
    sent = {name: event[name] for name in _KEPT if name in event}
    if message := event.get("message") or (event.get("logentry") or {}).get("message"):
        sent["message"] = message
    if errors := (event.get("exception") or {}).get("values"):
        sent["exception"] = {"values": [_error(each) for each in errors]}
    return sent


def _error(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames") or []
    kept = [{name: frame[name] for name in _FRAME if name in frame} for frame in frames]
    return {"type": error.get("type"), "module": error.get("module"), "stacktrace": {"frames": kept}}
