"""The stand's settings, at its start and while it runs."""

import dataclasses
from typing import Any


@dataclasses.dataclass
class Settings:
    """The stand's settings; `change` takes them by name, as `POST /control/settings` does.

    Times are seconds. The limits are Replicate's published ones: 600 creates and 3,000 other calls a minute.
    """

    image_mean_s: float = 6.0
    video_mean_s: float = 14.0
    sigma: float = 0.3
    ttl_s: float = 3600.0
    creates_per_min: int = 600
    others_per_min: int = 3000
    concurrency: int = 0
    hold: bool = False
    webhook_retry_s: float = 0.5

    def change(self, values: dict[str, Any]) -> None:
        """Set the named values, or none if one of them is unknown or of a wrong type.

        Raises:
            ValueError: A value is wrong; the message names the setting and says what it takes.
        """
        fields = {field.name: field.type for field in dataclasses.fields(self)}
        checked: dict[str, Any] = {}
        for name, value in values.items():
            if name not in fields:
                raise ValueError(f"unknown setting {name!r}; there are {', '.join(fields)}")
            wanted = fields[name]
            if wanted is bool:
                if not isinstance(value, bool):
                    raise ValueError(f"{name} takes true or false")
                checked[name] = value
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name} takes a number that is not negative")
            checked[name] = int(value) if wanted is int else float(value)
        for name, value in checked.items():
            setattr(self, name, value)
