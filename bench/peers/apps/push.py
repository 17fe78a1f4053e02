"""Send jobs into a peer: `push.py APP CHAT COUNT PER_S PREFIX` (PER_S 0: as fast as it goes).

Prints for each job its prompt and the Unix time at which it was admitted, then "pushed".
"""

import importlib
import sys
import time
import uuid

import pipeline


def main(app: str, chat: str, count: int, per_s: float, prefix: str) -> None:
    """Admit and publish the jobs at their rate."""
    publish = importlib.import_module(app).publish
    start = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, start + number / per_s - time.monotonic()) if per_s else 0)
        job_id, prompt = uuid.uuid4().hex, f"{prefix} {number}"
        at = time.time()
        pipeline.admit(job_id, chat, prompt)
        publish(job_id)
        sys.stdout.write(f"{prompt}\t{at}\n")
    sys.stdout.write("pushed\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
