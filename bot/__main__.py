"""`python -m bot`: take in updates by long polling until SIGTERM or SIGINT."""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress

from telegram.error import InvalidToken

from bot.application import build
from bot.polling import Poller
from bot.services import open_services
from config.logging import configure
from config.settings import Settings, SettingsError, load, require

FINISH_S = 2.0
"""Handlers may take this long to end after a signal."""


def main() -> int:
    """Exit code 0 after a signal, 2 for a setting that is missing or wrong (one sentence on stderr)."""
    try:
        settings = load()
        require(settings, "telegram_token")
        configure(settings, "bot")
        asyncio.run(serve(settings))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
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
        poller = Poller(application)
        polling = asyncio.create_task(poller.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if polling.done():
            await polling
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
        await poller.finish(FINISH_S)
        await application.shutdown()


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # All is closed by now. A thread that still waits for a Redis that hangs must not hold up the exit.
    os._exit(code)
