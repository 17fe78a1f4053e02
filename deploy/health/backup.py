"""`python -m deploy.health.backup 13h`: exit with 0 if the newest backup is at most that old."""

import sys
from datetime import UTC, datetime

from config.logs.printable import in_lines
from config.settings import SettingsError, load
from deploy.backup.schedule import period
from deploy.backup.shelf import NoBackup, Shelf


def main(longest: str) -> str:
    """Return what is wrong, "" if nothing is."""
    try:
        settings = load(receives=False)
        newest = Shelf(settings.backup_url, settings).manifest("latest")
        age = datetime.now(UTC) - newest.taken
        return f"the newest backup is {age} old" if age > period(longest) else ""
    except (SettingsError, NoBackup, OSError, ValueError) as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(in_lines(main(sys.argv[1])) or 0)
