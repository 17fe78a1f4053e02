"""Recognition of talk about a picture that asks for no new picture. Pure."""

import re

_WORDS = re.compile(r"\w+")
_SAID = frozenset(
    _WORDS.findall(
        """
        a all amazing awesome beautiful bravo brilliant cool cute excellent fantastic funny good
        gorgeous great haha hahaha hehe i is it lmao lol love lovely much nice no ok okay omg one
        perfect pretty really so super sweet thank thanks that this thx ty very well wonderful wow
        yeah yes you ага ахах ахаха благодарю большое бомба вау да здорово как класс классно клёво
        красиво красота круто лол мило молодец не нет нравится обалденно ого ок окей отлично очень
        прекрасно прикольно прелесть просто смешно спасибо спс супер так ура ха хаха хорошо это я
        """
    )
)
"""Words of thanks and delight, and the small words around them, in English and Russian."""


def is_talk(text: str) -> bool:
    """Return whether a reply to a result is only talk: thanks, delight, a question, or no words at all."""
    return text.rstrip().endswith(("?", "？")) or _SAID.issuperset(_WORDS.findall(text.casefold()))
