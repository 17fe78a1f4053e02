"""From a prompt to what shall be seen: a list of stems, English and Russian, and what they stand for."""

import dataclasses
import re

from sandbox.renderer.canvas import Colour, rgb

SUBJECTS = {
    "fox": "fox лис",
    "wolf": "wolf wolves волк волч",
    "dog": "dog puppy puppies собак пёс щен husky хаск corgi корги",
    "cat": "cat kitten кот(?:а|у|ом|е|ы|ов|ик|ика)?= кошк кошеч котён котен",
    "rabbit": "rabbit bunny hare зая(?:ц|чий)= зай(?:ц|чик|ка)\\w*= кролик",
    "bear": "bear медвед мишк panda панд",
    "owl": "owl сов(?:а|ы|у|е|ой|ушка|[её]нок)=",
    "deer": "deer stag elk moose олен лос",
    "bird": "bird gull eagle crow raven swallow crane птиц чайк ор[её]л ворон ласточк журавл",
    "fish": "fish koi shark whale рыб карп акул кит(?:а|у|ы|ом|ов)?=",
    "house": "house hut cabin cottage home barn дом(?:а|у|ом|е|ик|ика|ики|ов)?= изб(?:а|у|ы|ой|е|ушка)= хижин",
    "castle": "castle palace tower fortress замок замк дворец дворц башн крепост",
    "lighthouse": "lighthouse маяк",
    "boat": "boat ship sail yacht лодк лодок корабл парус яхт",
    "tree": "tree oak birch дерев(?:о|а|ья|ьев|ом|ц\\w+)= дуб(?:а|ы|ом)?= берёз берез",
    "flower": "flower rose tulip poppy daisy sunflower bloom blossom цвет(?:ы|ок|ущ|ени|ков|ами) роз(?:а|ы|у|ой)= тюльпан мак(?:и|ов|а)?= ромашк подсолн",
    "balloon": "balloon воздушн\\w* шар",
    "robot": "robot android робот",
    "rocket": "rocket spaceship ракет звездол",
    "car": "car автомобил машин",
    "person": "man woman girl boy person child people astronaut knight samurai человек девушк девочк мальчик мужчин женщин космонавт рыцар самура",
    "cup": "coffee tea cup mug кофе чай чашк кружк",
    "heart": "heart love сердц любов",
    "mushroom": "mushroom гриб",
}
PLACES = {
    "mountain": "mountain alps peak cliff hill volcano гор(?:а|ы|у|е|ой|ам|ах|ами|н\\w+)= вершин скал холм вулкан",
    "sea": "sea ocean wave waves surf lake river water beach island мор(?:е|я|ю|ем|ской|ская|ские)= океан волн озер озёр рек(?:а|и|у|е|ой)= вод(?:а|ы|у|е|ой)= пляж остров берег",
    "underwater": "underwater reef coral aquarium подводн риф коралл аквариум глубин",
    "city": "city town street skyline skyscraper neon cyberpunk tokyo moscow york город улиц небоскр[её]б неон киберпанк токио москв",
    "forest": "forest wood woods jungle pine taiga лес(?:а|у|ом|е|ной|ная|ное|ов)?= джунгл сосн ел(?:ь|и|ей|ки|ка|ок)= [её]лк тайг",
    "desert": "desert dune sahara cactus пустын дюн бархан кактус",
    "meadow": "meadow field grass garden park village spring summer луг(?:а|у|е)?= пол(?:е|ю|я)= трав сад(?:а|у|ы)?= парк(?:а|е|у|и)?= деревн весн лет[оа]",
    "space": "space planet galaxy nebula cosmos cosmic universe косм(?:ос|ическ)\\w*= планет галактик туманност вселенн",
}
TIMES = {
    "night": "night midnight moon moonlit stars starry dark ночь ночн ночи ночью полноч лун зв[её]зд т[её]мн",
    "dawn": "dawn sunrise morning рассвет утр восход",
    "sunset": "sunset dusk evening twilight golden-hour закат вечер сумер",
    "day": "day noon sunny sun день днём днем полдень солнеч солнц",
}
WEATHERS = {
    "snow": "snow snowy winter ice icy frost blizzard christmas снег снеж зим(?:а|ы|у|ой|н\\w+|ушка)= л[её]д(?:яной|яная|яные)?= мороз метел рождеств",
    "rain": "rain rainy drizzle shower дожд ливен ливн",
    "fog": "fog foggy mist misty haze туман дымк",
    "storm": "storm thunder lightning tempest гроз(?:а|ы|у|ой|ов\\w+)= молни шторм бур(?:я|и|ю|ей)=",
    "aurora": "aurora northern-lights сияни",
}
THINGS = {
    "moon": "moon moonlit лун",
    "stars": "star stars starry зв[её]зд",
    "sun": "sun sunny sunset sunrise солнц солнеч закат рассвет",
    "clouds": "cloud clouds cloudy облак облач туч",
    "autumn": "autumn fall осен",
    "fire": "fire flame lava огон огн плам лав(?:а|ы|у|ой)=",
}
COLOURS = {
    "red": ("red scarlet crimson красн алый алая ал(?:ые|ого) рыж", "#d8432f"),
    "orange": ("orange amber оранжев", "#ee8432"),
    "gold": ("gold golden yellow золот ж[её]лт", "#f2b632"),
    "green": ("green emerald зел[её]н изумруд", "#3f9a58"),
    "teal": ("teal turquoise cyan бирюз", "#1fa3a3"),
    "blue": ("blue azure синий син(?:яя|ее|его|ие|ей) голуб лазур", "#2f6fd0"),
    "purple": ("purple violet lilac фиолет сирен пурпур", "#7d4cc2"),
    "pink": ("pink розов", "#ee7fa8"),
    "white": ("white бел(?:ый|ая|ое|ые|ого|ой|ую)", "#f3f1ec"),
    "black": ("black ч[её]рн", "#26242b"),
    "grey": ("grey gray silver сер(?:ый|ая|ое|ые|ого|ой) серебр", "#8d929b"),
    "brown": ("brown коричнев", "#80543a"),
}
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*", re.UNICODE)


def _pattern(stems: str) -> re.Pattern[str]:
    # English stems take an s; Russian ones any ending, for its cases; those that end in = are the whole word.
    parts = []
    for stem in stems.split():
        english = stem[0].isascii() and stem[0].isalpha()
        ending = "(?:e?s)?" if english else r"\w{0,5}"
        parts.append(stem[:-1] if stem.endswith("=") else stem + ending)
    return re.compile("^(?:" + "|".join(parts) + ")$", re.IGNORECASE)


def _patterns(table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: _pattern(stems) for name, stems in table.items()}


_SUBJECTS, _PLACES, _TIMES = _patterns(SUBJECTS), _patterns(PLACES), _patterns(TIMES)
_WEATHERS, _THINGS = _patterns(WEATHERS), _patterns(THINGS)
_COLOURS = {name: _pattern(stems) for name, (stems, _) in COLOURS.items()}


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the prompt asks for; None and empty where it says nothing."""

    subjects: tuple[str, ...] = ()
    place: str | None = None
    time: str | None = None
    weather: str | None = None
    things: frozenset[str] = frozenset()
    subject_colour: Colour | None = None
    scene_colour: Colour | None = None

    @property
    def known(self) -> bool:
        """Whether a word said what to draw; colours alone do not."""
        return bool(self.subjects or self.place or self.time or self.weather or self.things)


def _all(words: list[str], table: dict[str, re.Pattern[str]]) -> list[str]:
    return list(dict.fromkeys(name for word in words for name, known in table.items() if known.match(word)))


def read(prompt: str, negative: str = "") -> Wish:
    """The wish in a prompt, without what the negative prompt names."""
    words = [word.lower() for word in WORD.findall(prompt)]
    no = [word.lower() for word in WORD.findall(negative)]

    def wanted(table: dict[str, re.Pattern[str]]) -> list[str]:
        unwanted = _all(no, table)
        return [name for name in _all(words, table) if name not in unwanted]

    subjects, places = wanted(_SUBJECTS), wanted(_PLACES)
    times, weathers = wanted(_TIMES), wanted(_WEATHERS)
    subject_colour, scene_colour = _colours(words, no)
    return Wish(
        subjects=tuple(subjects[:3]),
        place=places[0] if places else None,
        time=times[0] if times else None,
        weather=weathers[0] if weathers else None,
        things=frozenset(wanted(_THINGS)),
        subject_colour=subject_colour,
        scene_colour=scene_colour,
    )


def _colours(words: list[str], no: list[str]) -> tuple[Colour | None, Colour | None]:
    """A colour belongs to the subject that follows it within two words, else to the scene."""
    subject: Colour | None = None
    scene: Colour | None = None
    unwanted = _all(no, _COLOURS)
    for at, word in enumerate(words):
        for name, known in _COLOURS.items():
            if not known.match(word) or name in unwanted:
                continue
            value = rgb(COLOURS[name][1])
            if _all(words[at + 1 : at + 3], _SUBJECTS):
                subject = subject or value
            else:
                scene = scene or value
    return subject, scene
