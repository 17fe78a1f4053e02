"""Builders of metrics in the format of the Prometheus client. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from ledger import histograms

Labels = tuple[str, ...]
Values = Iterable[tuple[Labels, float]]


def counter(name: str, help_: str, labels: Sequence[str], values: Values) -> Metric:
    """Return a counter, whose name ends with `_total`."""
    family = CounterMetricFamily(name.removesuffix("_total"), help_, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def gauge(name: str, help_: str, labels: Sequence[str], values: Values) -> Metric:
    """Return a gauge."""
    family = GaugeMetricFamily(name, help_, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def histogram(
    name: str,
    help_: str,
    labels: Sequence[str],
    values: Iterable[tuple[Labels, Mapping[str, int]]],
    bounds: Sequence[float] = histograms.SECONDS,
) -> Metric:
    """Return a histogram of the counts that the ledger keeps under one name; {} for no observations."""
    family = HistogramMetricFamily(name, help_, labels=labels)
    for label_values, counts in values:
        buckets, total = histograms.cumulative(counts, bounds)
        family.add_metric(label_values, [(_text(bound), n) for bound, n in buckets], total)
    return family


def under(names: Iterable[str], prefix: str, parts: int) -> Iterable[tuple[str, Labels]]:
    """Yield the names that begin with `prefix:`, each with the `parts` labels that follow the prefix.

    Names with fewer labels are left out. Only the last label may contain colons.
    """
    for name in names:
        words = tuple(name.removeprefix(f"{prefix}:").split(":", parts - 1))
        if name.startswith(f"{prefix}:") and len(words) == parts:
            yield name, words


def merged(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of several histograms."""
    whole: dict[str, int] = {}
    for counts in parts:
        for bound, count in counts.items():
            whole[bound] = whole.get(bound, 0) + count
    return whole


def _text(bound: float) -> str:
    return str(floatToGoString(bound))  # type: ignore[no-untyped-call]
