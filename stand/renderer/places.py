"""The places of the word list, by name."""

from collections.abc import Callable

from stand.renderer import beyond, land, town
from stand.renderer.place import Place, Site

BUILDERS: dict[str, Callable[[Site], Place]] = {
    "mountain": land.mountain,
    "forest": land.forest,
    "meadow": land.meadow,
    "sea": beyond.sea,
    "desert": land.desert,
    "city": town.city,
    "space": beyond.space,
    "underwater": beyond.underwater,
}


def build(site: Site) -> Place:
    """Build the place of the site's wish."""
    return BUILDERS[site.wish.place or "meadow"](site)
