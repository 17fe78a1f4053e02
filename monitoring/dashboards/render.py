"""Rendering a dashboard as Grafana's JSON. Pure: the same description gives the same text."""

from typing import Any

from monitoring.dashboards.panels import Dashboard, Look, Panel

DATASOURCE = {"type": "prometheus", "uid": "darkroom-prometheus"}
"""The data source that `monitoring/grafana/provisioning/datasources` defines."""
SCHEMA = 39
"""The schema version of Grafana 10 and later."""
COLUMNS = 24
_HEIGHTS = {Look.LIGHT: 4, Look.NUMBER: 4, Look.GRAPH: 8, Look.STACK: 8}
_COLOURS = ("green", "yellow", "red")


def board(dashboard: Dashboard) -> dict[str, Any]:
    """Return the JSON of a dashboard. Its panels go from left to right, and from top to bottom."""
    panels, x, y, row = [], 0, 0, 0
    for number, panel in enumerate(dashboard.panels, start=1):
        height = _HEIGHTS[panel.look]
        if x + panel.width > COLUMNS:
            x, y, row = 0, y + row, 0
        panels.append(_panel(panel, number, {"h": height, "w": panel.width, "x": x, "y": y}))
        x, row = x + panel.width, max(row, height)
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["darkroom"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [{"type": "dashboards", "tags": ["darkroom"], "title": "Darkroom", "keepTime": True}],
        "panels": panels,
    }


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    graph = panel.look in (Look.GRAPH, Look.STACK)
    return {
        "id": number,
        "type": "timeseries" if graph else "stat",
        "title": panel.title,
        "description": panel.about,
        "gridPos": place,
        "datasource": DATASOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": DATASOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "instant": not graph,
                "range": graph,
            }
            for at, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.look],
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    custom: dict[str, Any] = {"lineWidth": 1, "fillOpacity": 0, "showPoints": "never"}
    if panel.look is Look.STACK:
        custom |= {"fillOpacity": 30, "stacking": {"mode": "normal", "group": "A"}}
    if panel.steps and panel.look is Look.GRAPH:
        custom |= {"thresholdsStyle": {"mode": "line"}}
    return {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": _steps(panel)},
        **({"custom": custom} if panel.look in (Look.GRAPH, Look.STACK) else {}),
    }


def _steps(panel: Panel) -> list[dict[str, Any]]:
    if panel.look is not Look.LIGHT:
        last = [{"color": "red", "value": panel.steps[-1]}] if panel.steps else []
        return [{"color": "green", "value": None}, *last]
    steps = list(panel.steps)
    colours = _COLOURS if steps == sorted(steps) else _COLOURS[::-1]
    values: list[float | None] = [None, *sorted(steps)]
    return [{"color": colour, "value": value} for colour, value in zip(colours, values, strict=True)]


_STAT = {
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    "graphMode": "area",
    "textMode": "auto",
}
_GRAPH = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
_OPTIONS: dict[Look, dict[str, Any]] = {
    Look.LIGHT: _STAT | {"colorMode": "background"},
    Look.NUMBER: _STAT | {"colorMode": "value"},
    Look.GRAPH: _GRAPH,
    Look.STACK: _GRAPH,
}
