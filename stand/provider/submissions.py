"""The counter of paid submissions, with which tests and load runs compare the product."""

import collections
import time
from typing import Any

from stand.provider.predictions import Prediction


class Submissions:
    """Every prediction that was created and would be billed, by its job."""

    def __init__(self, bound: int = 100_000) -> None:
        self._made: collections.deque[dict[str, Any]] = collections.deque(maxlen=bound)
        self._by_key: collections.Counter[str] = collections.Counter()
        self._by_model: collections.Counter[str] = collections.Counter()

    def count(self, prediction: Prediction) -> None:
        """Count a prediction; Replicate bills every run, failed ones too."""
        self._made.append(
            {
                "id": prediction.id,
                "at": time.time(),
                "model": prediction.model.ref,
                "key": prediction.key,
                "prompt": prediction.prompt,
                "paid": 1,
            }
        )
        self._by_key[prediction.key] += 1
        self._by_model[prediction.model.ref] += 1

    def of_model(self, ref: str) -> int:
        """Return how often the model was run."""
        return self._by_model[ref]

    def json(self, key: str | None = None) -> dict[str, Any]:
        """Return the record of all submissions, or of those with one key."""
        if key is None:
            return {
                "total": self._by_key.total(),
                "by_key": dict(self._by_key),
                "submissions": list(self._made),
            }
        mine = [one for one in self._made if one["key"] == key]
        return {"total": self._by_key[key], "by_key": {key: self._by_key[key]}, "submissions": mine}
