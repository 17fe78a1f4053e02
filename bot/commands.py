"""All commands, in the order in which menus and /help show them."""

from bot.command import Command
from bot.handlers import generate, history, jobs, settings, start
from bot.handlers.admin import audit, broadcast, budget, job, lanes, users

COMMANDS: tuple[Command, ...] = start.with_start_and_help(
    (
        *generate.COMMANDS,
        *jobs.COMMANDS,
        *history.COMMANDS,
        *settings.COMMANDS,
        *lanes.COMMANDS,
        *budget.COMMANDS,
        *job.COMMANDS,
        *users.COMMANDS,
        *audit.COMMANDS,
        *broadcast.COMMANDS,
    )
)
