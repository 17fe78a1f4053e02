"""Faults on request: what goes wrong, where, how often, and for which prompts."""

import dataclasses
from typing import Any

REFUSALS = {"401", "402", "403", "404", "422"}
FOUL = {"dribble", "bomb"}
ANSWER = {"429", "500", "502", "reset", "delay", "drop_answer", "malformed"} | REFUSALS | FOUL
MEDIA = {"huge_output", "wrong_type", "cut_short"}
KINDS = {
    "create": ANSWER,
    "get": ANSWER | {"unknown_status", "no_output", "odd_logs"},
    "cancel": ANSWER,
    "files": ANSWER,
    "output": MEDIA
    | FOUL
    | {"403", "404", "429", "500", "502", "reset", "delay", "drop_answer", "empty", "brand"},
    "webhook": {"delay", "drop", "forge", "replay", "stale"},
    "prediction": MEDIA
    | {"unknown_status", "never_finishes", "fail", "refuse", "inside_url", "wrong_output", "with_preview"},
}


@dataclasses.dataclass
class Fault:
    """An ordered fault.

    Attributes:
        kind: What goes wrong; see KINDS.
        on: Where it goes wrong; see KINDS.
        times: How often it strikes; 0: always.
        seconds: The length of a delay, or the pause after each byte of a dribble.
        retry_after: The wait that a 429 asks for (s).
        match: A part of the prompts that it strikes; "": any.
        error: The message of a failure.
        url: The address of an inside_url.
        unknown_status: The status that an unknown_status shows.
        brand: The four letters of an MP4 file's brand.
        struck: How often it has struck.
    """

    kind: str
    on: str
    times: int = 1
    seconds: float = 1.0
    retry_after: float = 1.0
    match: str = ""
    error: str = "Prediction failed: CUDA out of memory."
    url: str = "http://169.254.169.254/latest/meta-data/"
    unknown_status: str = "warming"
    brand: str = "iso4"
    struck: int = 0

    @classmethod
    def read(cls, values: dict[str, Any]) -> "Fault":
        """Return the fault that a control call asks for.

        Raises:
            ValueError: A field is wrong; the message says what is allowed.
        """
        on, kind = values.get("on"), values.get("kind")
        if on not in KINDS:
            raise ValueError(f"'on' is one of {', '.join(KINDS)}")
        if kind not in KINDS[on]:
            raise ValueError(f"'kind' on {on} is one of {', '.join(sorted(KINDS[on]))}")
        known = {field.name for field in dataclasses.fields(cls)} - {"struck"}
        if unknown := set(values) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; a fault has {', '.join(sorted(known))}")
        fault = cls(**values)
        if not isinstance(fault.times, int) or fault.times < 0:
            raise ValueError("'times' is a number of strikes, 0 for every time")
        if not isinstance(fault.seconds, int | float) or not isinstance(fault.retry_after, int | float):
            raise ValueError("'seconds' and 'retry_after' are numbers")
        if not isinstance(fault.brand, str) or len(fault.brand.encode()) != 4:
            raise ValueError("'brand' has four letters")
        return fault


class Faults:
    """The faults that are ordered now."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def __bool__(self) -> bool:
        """Return whether any fault is ordered."""
        return bool(self._ordered)

    def order(self, fault: Fault) -> None:
        """Let a fault strike from now on."""
        self._ordered.append(fault)

    def clear(self) -> None:
        """Cancel all faults."""
        self._ordered.clear()

    def take(self, on: str, prompt: str = "") -> Fault | None:
        """Return the oldest fault that strikes here and count the strike; None if there is none."""
        for fault in self._ordered:
            if fault.on == on and fault.match in prompt:
                fault.struck += 1
                if fault.times and fault.struck >= fault.times:
                    self._ordered.remove(fault)
                return fault
        return None

    def json(self) -> list[dict[str, Any]]:
        """Return the faults that are still to strike, as JSON objects."""
        return [dataclasses.asdict(fault) for fault in self._ordered]
