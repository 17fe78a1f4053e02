"""`python -m bot`: take in updates, by long polling or by webhook, until SIGTERM or SIGINT."""

import asyncio
import gc
import logging
import os
import signal
import sys
from contextlib import suppress

import structlog
import uvloop
from telegram.error import InvalidToken

from bot.application import App, build
from bot.heartbeat import alive
from bot.http import server
from bot.inbound.inbox import Inbox
from bot.inbound.polling import Poller
from bot.services import Services, open_services
from config.env_file import exposed
from config.logs import reports
from config.logs.logging import configure
from config.logs.printable import in_lines
from config.settings import Settings, SettingsError, env_file_of, load, require
from serving.server import Server

log = structlog.get_logger(__name__)

SWITCH_S = 0.0005
"""Longest turn of a thread while another one waits; Python's own is ten times as long."""
FINISH_S = 2.0
"""Handlers may take this long to end after a signal."""


def main() -> int:
    """Exit code 0 after a signal, 2 for a setting that is missing or wrong (one sentence on stderr)."""
    try:
        settings = load()
        require(settings, "telegram_token")
        configure(settings, "bot")
        if sentence := exposed(env_file_of(os.environ)):
            log.warning("exposed", advice=sentence)
        # Threads that publish and measure give way to the loop, on which the answers to Telegram wait.
        sys.setswitchinterval(SWITCH_S)
        gc.freeze()
        uvloop.run(serve(settings))
    except SettingsError as error:
        sys.stderr.write(f"{in_lines(error)}\n")
        return 2
    except InvalidToken:
        sys.stderr.write("TELEGRAM_TOKEN is refused by Telegram; copy it anew from @BotFather.\n")
        return 2
    return 0


async def serve(settings: Settings) -> None:
    """Run until a signal; raises SettingsError and InvalidToken."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_services(settings) as services:
        application = build(services)
        inbox = _inbox(application, services)
        door = _door(services, inbox)
        with alive(services):
            speaking = asyncio.create_task(services.reply_sender.run())
            try:
                await _run(inbox or Poller(application), door, stop)
            finally:
                speaking.cancel()
                await services.reply_sender.finish()
                await application.shutdown()


def _inbox(application: App, services: Services) -> Inbox | None:
    """What takes the updates that Telegram posts, where it does."""
    if services.settings.bot_mode != "webhook":
        return None
    return Inbox(application, services.settings, services.update_queue)


def _door(services: Services, inbox: Inbox | None) -> Server | None:
    """The HTTP server, where anybody has our address; it listens at once."""
    if inbox is None and not services.settings.provider_webhook_url:
        return None
    return server.bound(server.build(services, inbox), services.settings)


async def _run(source: Inbox | Poller, door: Server | None, stop: asyncio.Event) -> None:
    """Run all parts until the signal comes or one fails, which raises; end them in order."""
    stopping = asyncio.create_task(stop.wait())
    bringing = asyncio.create_task(source.run())
    serving = asyncio.create_task(server.run(door)) if door else None
    parts = {stopping, bringing, serving} if serving else {stopping, bringing}
    await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if door and serving:
        door.stop()
        await serving
    if bringing.done():
        await bringing
    bringing.cancel()
    with suppress(asyncio.CancelledError):
        await bringing
    await source.finish(FINISH_S)


if __name__ == "__main__":
    code = main()
    reports.flush(FINISH_S)
    logging.shutdown()
    # All is closed by now. A thread that still waits for a Redis that hangs must not hold up the exit.
    os._exit(code)
