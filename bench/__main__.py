"""`python -m bench NAME`: run one benchmark."""

import argparse

from bench import (
    admission,
    chaos,
    inflight,
    intake,
    lanes,
    load,
    memory,
    neighbours,
    peers,
    polling,
    scrape,
)
from bench.load import dashboards, growth, throughput

BENCHMARKS = {
    "admission": admission,
    "chaos": chaos,
    "dashboards": dashboards,
    "growth": growth,
    "inflight": inflight,
    "intake": intake,
    "lanes": lanes,
    "load": load,
    "memory": memory,
    "neighbours": neighbours,
    "peers": peers,
    "polling": polling,
    "scrape": scrape,
    "throughput": throughput,
}


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    for name, benchmark in BENCHMARKS.items():
        about = (benchmark.__doc__ or "").partition("\n")[0]
        benchmark.arguments(commands.add_parser(name, help=about, description=benchmark.__doc__))
    options = parser.parse_args()
    BENCHMARKS[options.name].main(options)


if __name__ == "__main__":
    main()
