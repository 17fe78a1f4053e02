"""`python -m monitoring.configure DIR`: write the configuration of Prometheus and Alertmanager to DIR.

Neither of them reads environment variables, so the chat, the token and the addresses are written into files:

    DIR/prometheus.yml, recording.yml, alerts.yml      prometheus --config.file=DIR/prometheus.yml
    DIR/alertmanager.yml, telegram.tmpl,               alertmanager --config.file=DIR/alertmanager.yml
        watchdog_secret

The files hold secrets, so only their owner may read them. With --token-file the bot's token stays in the file
named there; this needs Alertmanager 0.26 or later (Debian 12 has 0.25).
"""

import argparse
import json
import os
import sys
from pathlib import Path
from string import Template
from typing import Any

from config.logs.printable import in_lines
from config.settings import Settings, SettingsError, load, require
from monitoring.server import WATCHDOG

HERE = Path(__file__).parent
CREDENTIALS = "watchdog_secret"
"""The file with WATCHDOG_SECRET, in the same folder as Alertmanager's configuration, which names it."""
COPIED = ("prometheus/recording.yml", "prometheus/alerts.yml", "alertmanager/telegram.tmpl")


def main() -> int:
    """Run the command. Return 0, or 2 for a setting that is missing or wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m monitoring.configure",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--exporter", default="exporter:9090", metavar="HOST:PORT")
    parser.add_argument("--flower", default="flower:5555", metavar="HOST:PORT[/PREFIX]")
    parser.add_argument("--alertmanager", default="alertmanager:9093", metavar="HOST:PORT")
    parser.add_argument("--prometheus", default="localhost:9090", metavar="HOST:PORT", help="its own address")
    parser.add_argument("--token-file", metavar="PATH", help="where Alertmanager finds the bot's token")
    options = parser.parse_args()
    try:
        settings = load(receives=False)
        require(settings, "telegram_token")
        write(options.folder, settings, addresses(options), options.token_file)
    except SettingsError as error:
        sys.stderr.write(f"{in_lines(error)}\n")
        return 2
    return 0


def addresses(options: argparse.Namespace) -> dict[str, str]:
    """Return the address of each part of the monitoring, by its name."""
    return {name: getattr(options, name) for name in ("exporter", "flower", "alertmanager", "prometheus")}


def write(folder: Path, settings: Settings, where: dict[str, str], token_file: str | None = None) -> None:
    """Write all files.

    Raises:
        SettingsError: There is no chat to send alerts to, or no WATCHDOG_SECRET although WATCHDOG_S has the
            exporter watch Prometheus and Alertmanager.
    """
    if settings.watchdog_s > 0:
        require(settings, "watchdog_secret")
    flower, _, prefix = where["flower"].partition("/")
    user, _, password = settings.flower_basic_auth.partition(",")[0].strip().partition(":")
    token = ("bot_token_file", token_file) if token_file else ("bot_token", settings.telegram_token)
    words = {
        **{name: _quoted(address) for name, address in where.items()},
        "flower": _quoted(flower),
        "flower_path": _quoted(f"/{prefix}/metrics" if prefix else "/metrics"),
        "flower_user": _quoted(user),
        "flower_password": _quoted(password),
        "telegram_api_url": _quoted(settings.telegram_api_url),
        "bot_token": f"{token[0]}: {_quoted(token[1])}",
        "chat_id": str(chat_of(settings)),
        "watchdog": json.dumps(_watchdog(where["exporter"]) if settings.watchdog_secret else []),
    }
    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / CREDENTIALS, settings.watchdog_secret)
    for source in ("prometheus/prometheus.yml", "alertmanager/alertmanager.yml"):
        text = (HERE / source).read_text(encoding="utf-8")
        head, _, body = text.partition("\n")
        _put(folder / Path(source).name, f"{head}\n{Template(body).substitute(words)}")
    for source in COPIED:
        _put(folder / Path(source).name, (HERE / source).read_text(encoding="utf-8"))


def _watchdog(exporter: str) -> list[dict[str, Any]]:
    """Return Alertmanager's webhook to the exporter, which accepts only posts with the secret."""
    secret = {"authorization": {"credentials_file": CREDENTIALS}}
    return [{"url": f"http://{exporter}{WATCHDOG}", "send_resolved": False, "http_config": secret}]


def chat_of(settings: Settings) -> int:
    """Return the chat for alerts: ALERT_CHAT_ID, else the first admin's. Raises SettingsError without one."""
    chat = settings.alert_chat_id or next(iter(settings.admin_ids), 0)
    if not chat:
        raise SettingsError("ALERT_CHAT_ID is not set, and ADMIN_IDS names nobody: who is to get the alerts?")
    return chat


def _quoted(text: str) -> str:
    """Return a text as a YAML string. A JSON string is a double-quoted YAML string."""
    return json.dumps(text, ensure_ascii=False)


def _put(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with open(file, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(text)


if __name__ == "__main__":
    sys.exit(main())
