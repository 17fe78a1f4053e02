"""The log lines of a diffusion run, as tqdm prints them: the only place where Replicate shows progress."""

BLOCKS = " ▏▎▍▌▋▊▉█"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def _bar(share: float) -> str:
    eighths = int(share * 80)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (BLOCKS[rest] if rest else "")).ljust(10)


def line(done: int, steps: int, seconds: float) -> str:
    """Return a tqdm line, such as ` 40%|████      | 20/50 [00:02<00:03,  8.10it/s]`.

    Args:
        done: Steps done.
        steps: Steps of the run.
        seconds: Length of the run.
    """
    share = done / steps
    passed = share * seconds
    rate = steps / seconds
    if not done:
        speed, left = "?it/s", "?"
    else:
        speed = f"{rate:5.2f}it/s" if rate >= 1 else f"{1 / rate:5.2f}s/it"
        left = _clock(seconds - passed)
    return f"{done * 100 // steps:3d}%|{_bar(share)}| {done}/{steps} [{_clock(passed)}<{left}, {speed}]"


def logs(seed: int, done: int, steps: int, seconds: float) -> str:
    """Return the log of such a run after `done` of its `steps`."""
    printed = [f"Using seed: {seed}"] + [line(step, steps, seconds) for step in range(done + 1)]
    return "\n".join(printed)
