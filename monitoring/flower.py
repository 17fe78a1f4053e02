"""What Flower shows, and who may see it. `flowerconfig.py` applies it."""

import ast
import re
from typing import Any

import flower.views.tasks
from flower.app import Flower
from flower.views import BaseHandler
from flower.views.monitor import Metrics
from tornado.httputil import HTTPServerRequest
from tornado.web import ErrorHandler, authenticated

from config.settings import Settings, SettingsError
from monitoring.sites import page
from own_site.hosts import is_here
from own_site.sites import refusal

COLUMNS = {
    "name": "Task",
    "routing_key": "Lane",
    "state": "State",
    "result": "What was done",
    "received": "Received",
    "runtime": "Took",
    "worker": "Worker",
    "uuid": "Message",
}
"""The columns of Flower's list of tasks -> their headings."""
NO_FRAMES = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PLAIN = re.compile(r"[a-z2-7]{20}|\d{1,9}")


def credentials(settings: Settings) -> list[str]:
    """Return who may see Flower, each as user:password; [] in the demo: everybody on this machine may.

    Raises:
        SettingsError: FLOWER_BASIC_AUTH names nobody, or somebody without a password.
    """
    if not settings.flower_basic_auth:
        if settings.demo and is_here(settings.flower_address):
            return []
        raise SettingsError(
            "FLOWER_BASIC_AUTH is not set; put user:password into .env, or a file with it into "
            "FLOWER_BASIC_AUTH_FILE. Without it everybody who reaches Flower could stop workers."
        )
    pairs = [pair.strip() for pair in settings.flower_basic_auth.split(",")]
    if not all(user and password for user, _, password in (pair.partition(":") for pair in pairs)):
        raise SettingsError("FLOWER_BASIC_AUTH must be user:password, more of them separated by commas.")
    return pairs


def format_task(task: Any) -> Any:
    """Return a task as Flower shows it: of its arguments only ids and numbers, and no keyword arguments.

    A message gives its lane one turn, and the ledger says which job's turn it is. So the job that was worked
    on is in the result, not in the arguments.
    """
    task.args = _arguments(task.args)
    task.kwargs = "" if task.kwargs in (None, "", "{}") else "(hidden)"
    if isinstance(task.result, str):
        task.result = task.result.strip("'")
    return task


def close_metrics() -> None:
    """Have /metrics ask for the password, as all other pages do. Flower itself leaves it open."""
    Metrics.get = authenticated(Metrics.get)


def forbid_frames() -> None:
    """Forbid other sites to show these pages in a frame, where they could steal a user's clicks."""
    before = BaseHandler.set_default_headers

    def headers(handler: BaseHandler) -> None:
        before(handler)
        for name, value in NO_FRAMES.items():
            handler.set_header(name, value)

    BaseHandler.set_default_headers = headers


def name_columns() -> str:
    """Set the headings of the columns, and return the value of Flower's option `tasks_columns`."""
    flower.views.tasks.TASK_COLUMNS.update(COLUMNS)
    return ",".join(COLUMNS)


def _arguments(shown: str | None) -> str:
    try:
        values = ast.literal_eval(shown or "()")
    except (ValueError, SyntaxError):
        return "(hidden)"
    if not isinstance(values, tuple | list):
        return "(hidden)"
    return ", ".join(str(value) if _PLAIN.fullmatch(str(value)) else "(hidden)" for value in values)


def guard_flower(settings: Settings) -> None:
    """Have Flower refuse requests under foreign host names and from foreign sites, on all of its pages."""
    rules = page(settings, settings.flower_address)
    before = Flower.find_handler

    def find(server: Flower, request: HTTPServerRequest, **more: Any) -> Any:
        refused = refusal(request.method or "", request.path, request.headers.get_all(), rules)
        if refused is None:
            return before(server, request, **more)
        status = {"status_code": refused.status}
        return server.get_handler_delegate(request, ErrorHandler, status)

    Flower.find_handler = find
