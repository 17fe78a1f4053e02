"""`python -m deploy.health.worker`: exit with 0 if a worker process of this host is in the register.

A worker's entry is renewed by each heartbeat and expires after three. So an entry says that the worker runs,
reaches Redis and renews its leases. `celery inspect ping` takes ten times the processor time.
"""

import socket
import sys

from config.logs.printable import in_lines
from config.settings import SettingsError, load
from jobs.errors import LedgerUnavailable
from ledger.connection import connect
from ledger.processes.workers import Workers


def main() -> str:
    """Return what is wrong, "" if nothing is."""
    try:
        client = connect(load(receives=False).ledger_redis())
    except SettingsError as error:
        return str(error)
    host = socket.gethostname()
    try:
        return "" if Workers(client).on(host) else f"no worker of {host} is in the register"
    except LedgerUnavailable as error:
        return f"the ledger does not answer: {error}"
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(in_lines(main()) or 0)
