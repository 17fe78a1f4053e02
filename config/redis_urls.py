"""The place of a Redis: a server's URL, or the name of a master that sentinels know. Pure."""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, unquote, urlsplit

_PASSWORD = re.compile(r"://[^/@;\s]*?:([^/@;\s]+)@")
_SERVER = {"redis", "rediss"}
_SENTINEL_PORT = 26379


@dataclass(frozen=True, slots=True)
class RedisPlace:
    """The place of a Redis, and the login there.

    Attributes:
        url: The URL, in the form that kombu takes too; several sentinel URLs have semicolons between them.
        sentinels: Host and port of each sentinel; empty for a single server. The attributes below describe
            the master that the sentinels watch.
        master: The sentinels' name for the master.
        sentinel_password: The password of the sentinels themselves; "" where they ask for none.
    """

    url: str = field(repr=False)
    sentinels: tuple[tuple[str, int], ...] = ()
    master: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_password: str = field(default="", repr=False)

    def in_db(self, db: int) -> "RedisPlace":
        """Return the place of another database of the same Redis."""
        urls = (urlsplit(each)._replace(path=f"/{db}").geturl() for each in self.url.split(";"))
        return replace(self, url=";".join(urls), db=db)


def place_of(url: str, master: str = "", sentinel_password: str = "") -> RedisPlace:
    """Read the place of a Redis from its URL.

    The URL is `redis://[:password@]host:port/db`, `rediss://...` (TLS), or
    `sentinel://[:password@]host:port/db` for each sentinel, with semicolons between them. Password and
    database in sentinel URLs are the master's; it is enough that one of the URLs has them.

    Raises:
        ValueError: The URL is wrong. The text never repeats the URL, which may hold the password.
    """
    urls = [part.strip() for part in url.split(";") if part.strip()]
    schemes = {part.partition("://")[0] for part in urls}
    if schemes == {"sentinel"}:
        return _watched(urls, master, sentinel_password)
    if len(urls) != 1 or not schemes <= _SERVER:
        raise ValueError(
            "must be redis://:password@host:6379/0, or sentinel://:password@host:26379/0 of each sentinel, "
            "with semicolons between them"
        )
    return RedisPlace(urls[0], db=_db(urls[0]) or 0)


def passwords_in(value: str) -> tuple[str, ...]:
    """Return the passwords of all URLs in a text, both as written and decoded."""
    found = _PASSWORD.findall(value)
    return tuple(dict.fromkeys([*found, *map(unquote, found)]))


def _watched(urls: list[str], master: str, sentinel_password: str) -> RedisPlace:
    if not master:
        raise ValueError("names sentinels, which know their master by a name; set it too")
    parts = [_split(each) for each in urls]
    sentinels = tuple((part.hostname or "", part.port or _SENTINEL_PORT) for part in parts)
    logins = {(part.username or "", part.password) for part in parts if part.password}
    dbs = {db for each in urls if (db := _db(each)) is not None}
    if len(logins) > 1 or len(dbs) > 1:
        raise ValueError("names one master, so its sentinels' URLs must have one password and one database")
    username, password = next(iter(logins), ("", ""))
    db = next(iter(dbs), 0)
    # kombu tries one URL after the other, so each of them must have the login and the database.
    login = f"{username}:{password}@" if password else ""
    whole = ";".join(f"sentinel://{login}{_bracketed(host)}:{port}/{db}" for host, port in sentinels)
    return RedisPlace(
        whole, sentinels, master, db, unquote(username) or None, unquote(password) or None, sentinel_password
    )


def _split(url: str) -> SplitResult:
    """Return the parts of a URL that has a host and a valid port. Raises ValueError for any other."""
    try:
        parts = urlsplit(url)
        if parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise ValueError("has a URL without a host, or with a port that is no number from 1 to 65535")


def _db(url: str) -> int | None:
    path = _split(url).path.strip("/")
    if not path:
        return None
    if not (path.isascii() and path.isdigit()):
        raise ValueError("ends in a database that is no number, such as /0")
    return int(path)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
