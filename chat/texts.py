"""The texts that people read, in their language, from gettext catalogues under `chat/locale/`.

The English texts are the message ids. A language's catalogue is the union of the *.po files in its
folder, read at first use; there is no build step.
"""

import functools
import gettext
import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ru")
LOCALE = Path(__file__).parent / "locale"


class Texts:
    """The texts of one language; by convention the variable that holds it is called `t`.

    `t("Queued #{position}", position=2)` returns the translation with its values filled in, and
    `t.n("{n} job", "{n} jobs", n)` the plural form for `n`. `babel.messages.extract` finds both, and also
    texts wrapped in `mark`.
    """

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        self.language = language
        self._translations = translations

    def __call__(self, text: str, **values: object) -> str:
        """Return the translation of `text`; if there are values, they replace `{name}` in it."""
        translated = self._translations.gettext(text)
        return translated.format(**values) if values else translated

    def n(self, singular: str, plural: str, n: int, **values: object) -> str:
        """Return the translation for the number `n`, which is also the value of `{n}`."""
        return self._translations.ngettext(singular, plural, n).format(n=n, **values)


def mark(text: str) -> str:
    """Mark a text for translation where it is not written inside the `t(...)` that shows it."""
    return text


def texts(language_code: str | None) -> Texts:
    """Return the texts for a Telegram `language_code` ("ru", "ru-RU", "pt-br"); English for others."""
    language = (language_code or "").lower().replace("_", "-").partition("-")[0]
    return _load(language if language in LANGUAGES else LANGUAGES[0])


def catalogue(language: str, locale: Path = LOCALE) -> Catalog:
    """Return the merged catalogue of a language.

    Raises:
        ValueError: Two files contain the same message id.
        FileNotFoundError: The language has no files.
    """
    merged: Catalog | None = None
    for file in sorted((locale / language / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as stream:
            part = read_po(stream, locale=language)
        if merged is None:
            merged = part
            continue
        for message in part:
            if not message.id:
                continue
            if message.id in merged:
                raise ValueError(f"{file}: {message.id!r} stands in another file of this language as well")
            merged[message.id] = message
    if merged is None:
        raise FileNotFoundError(f"no *.po file for {language!r} under {locale}")
    return merged


@functools.cache
def _load(language: str) -> Texts:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Texts(language, gettext.GNUTranslations(compiled))
