"""The catalogues of texts: complete, without leftovers, and with Russian that counts right."""

import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from chat.texts import LANGUAGES, LOCALE, catalogue, texts

ROOT = Path(__file__).parents[2]
KEYWORDS = {"t": None, "n": (1, 2), "mark": None}

Id = str | tuple[str, ...]


def used() -> dict[Id, str]:
    """Every text in the code, with the file that shows it."""
    found: dict[Id, str] = {}
    for package in ("chat", "bot"):
        for file, _line, text, *_ in extract_from_dir(ROOT / package, keywords=KEYWORDS):
            found[text] = f"{package}/{file}"
    return found


def kept(entries: Catalog) -> set[Id]:
    return {_id(message.id) for message in entries if message.id}


def _id(found: object) -> Id:
    return found if isinstance(found, str) else tuple(found)  # type: ignore[arg-type]


def placeholders(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


def test_extraction_sees_plain_plural_nested_and_marked_texts() -> None:
    """Given the ways in which code shows texts, when they are extracted, I expect one of each kind."""
    found = used()
    assert "Queued #{position}, about {eta}" in found
    assert ("{n} s", "{n} s") in found
    assert "sketch, not AI" in found


def test_extraction_sees_a_text_within_the_values_of_another(tmp_path: Path) -> None:
    """Given `t("... {x}", x=t.n(...))`, when it is extracted, I expect both texts."""
    (tmp_path / "code.py").write_text(
        't("a {x}", x=t.n("{n} b", "{n} c", 2))\nf(t("d"), t(\n  "e "\n  "f"))\n'
    )
    found = {text for _file, _line, text, *_ in extract_from_dir(tmp_path, keywords=KEYWORDS)}
    assert found == {"a {x}", ("{n} b", "{n} c"), "d", "e f"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_of_the_code_stands_in_the_catalogue(language: str) -> None:
    """When the code shows a text, I expect every language to have it."""
    missing = {text: file for text, file in used().items() if text not in kept(catalogue(language))}
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_no_text_that_nothing_shows(language: str) -> None:
    """When a text was dropped from the code, I expect it to be gone from the catalogues too."""
    assert kept(catalogue(language)) <= set(used())


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_entry_is_translated_in_all_its_forms_with_all_its_values(language: str) -> None:
    """When an entry is shown, I expect a text in each plural form, with the same {values} as the English."""
    entries = catalogue(language)
    assert entries.num_plurals == {"en": 2, "ru": 3}[language]
    for message in entries:
        if not message.id:
            continue
        plural = isinstance(_id(message.id), tuple)
        forms = [str(form) for form in message.string or ()] if plural else [str(message.string)]
        wanted = placeholders(_id(message.id)[0] if plural else str(message.id))
        assert len(forms) == (entries.num_plurals if plural else 1), message.id
        assert all(forms), message.id
        assert not message.fuzzy, message.id
        for form in forms:
            assert placeholders(form) == wanted, message.id


def test_the_english_catalogue_says_what_the_code_says() -> None:
    """Since the English texts are the ids, I expect the English catalogue to repeat them."""
    for message in catalogue("en"):
        assert message.string == message.id or not message.id


def test_a_text_may_stand_in_one_file_only(tmp_path: Path) -> None:
    """Given two files of a language with the same text, I expect an error that names it."""
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    for name in ("bot.po", "darkroom.po"):
        (folder / name).write_text('msgid "Back"\nmsgstr "Back"\n')
    with pytest.raises(ValueError, match=r"darkroom\.po: 'Back' stands in another file"):
        catalogue("en", tmp_path)


def test_every_file_of_a_language_is_read() -> None:
    """When a package adds a file of its own, I expect its texts beside the others, in each language."""
    names = {
        language: sorted(file.name for file in (LOCALE / language / "LC_MESSAGES").glob("*.po"))
        for language in LANGUAGES
    }
    assert names["en"] == names["ru"]
    assert "darkroom.po" in names["en"]


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("ru", "ru"),
        ("ru-RU", "ru"),
        ("RU", "ru"),
        ("en-GB", "en"),
        ("pt-br", "en"),
        ("rue", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_language_is_the_users_where_we_have_it(code: str | None, language: str) -> None:
    """When Telegram tells a language, I expect Russian for Russian and English for all others."""
    assert texts(code).language == language


@pytest.mark.parametrize(
    ("n", "seconds"),
    [
        (1, "1 секунда"), (2, "2 секунды"), (4, "4 секунды"), (5, "5 секунд"), (11, "11 секунд"),
        (14, "14 секунд"), (21, "21 секунда"), (22, "22 секунды"), (25, "25 секунд"), (111, "111 секунд"),
    ],
)  # fmt: skip
def test_russian_counts(n: int, seconds: str) -> None:
    """When a number is shown in Russian, I expect the noun's form that goes with it."""
    assert texts("ru").n("{n} s", "{n} s", n) == seconds


def test_braces_in_a_persons_words_stay_as_they_are() -> None:
    """Given a value with braces, when it is put into a text, I expect it untouched."""
    assert texts("en")("seed {seed}", seed="{0} {x}") == "seed {0} {x}"
