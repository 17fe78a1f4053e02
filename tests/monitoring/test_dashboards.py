"""The dashboards as Grafana reads them: complete, explained, and as their descriptions say."""

import json
import re
from typing import Any

import pytest

from config.settings import ROOT
from monitoring.dashboards.__main__ import FOLDER, texts
from monitoring.pictures import UNITS

BOARDS = {name: json.loads(text) for name, text in texts().items()}
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"]]
IDS = [f"{name.removesuffix('.json')}: {panel['title']}" for name, panel in PANELS]
PROVISIONING = ROOT / "monitoring" / "grafana" / "provisioning"


def test_the_files_are_what_their_descriptions_make() -> None:
    """`python -m monitoring.dashboards` writes them anew."""
    assert {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()} == texts()


def test_there_is_one_for_each_part() -> None:
    assert [name.removeprefix("darkroom-").removesuffix(".json") for name in BOARDS] == [
        "overview",
        "lanes",
        "workers",
        "providers",
        "telegram",
        "redis",
    ]


def test_no_two_are_called_the_same() -> None:
    for what in ("uid", "title"):
        assert len({board[what] for board in BOARDS.values()}) == len(BOARDS)
    for board in BOARDS.values():
        assert board["description"]
        for numbers in (
            [panel["id"] for panel in board["panels"]],
            [panel["title"] for panel in board["panels"]],
        ):
            assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(("_name", "panel"), PANELS, ids=IDS)
def test_a_panel_says_what_it_shows_in_which_unit_from_where(_name: str, panel: dict[str, Any]) -> None:
    source = provisioned_uid()
    assert panel["title"]
    assert re.search(r"\.$", panel["description"]), "a sentence"
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["type"] in ("stat", "timeseries")
    assert panel["datasource"]["uid"] == source
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == source
        assert target["instant"] is (panel["type"] == "stat")
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    colours = [step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
    light = panel["options"].get("colorMode") == "background"
    assert sorted(colours) == ["green", "red", "yellow"] if light else colours[0] == "green"


@pytest.mark.parametrize("name", BOARDS)
def test_panels_neither_overlap_nor_stand_out(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not taken & cells
        taken |= cells


def test_grafana_is_told_where_everything_is() -> None:
    told = (PROVISIONING / "dashboards" / "darkroom.yml").read_text(encoding="utf-8")
    assert "path: /var/lib/grafana/dashboards/darkroom" in told
    assert provisioned_uid() == "darkroom-prometheus"


def provisioned_uid() -> str:
    """The uid of the provisioned data source."""
    text = (PROVISIONING / "datasources" / "prometheus.yml").read_text(encoding="utf-8")
    found = re.search(r"^    uid: (\S+)$", text, re.MULTILINE)
    assert found
    return found[1]
