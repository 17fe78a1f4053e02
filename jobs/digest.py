"""Which requests ask for the same thing. Pure."""

import hashlib
import json
import unicodedata

from jobs.model import Request


def normalised(prompt: str) -> str:
    """A prompt without what makes no difference: letter forms, case, runs of white space."""
    return " ".join(unicodedata.normalize("NFKC", prompt).casefold().split())


def digest_of(request: Request) -> str:
    """SHA-256 (64 hex digits) of the prompt and all options that matter.

    A seed that the user gave is one of them; a seed that was drawn is not: any picture will do.
    """
    matters = {
        "kind": request.kind,
        "model": request.model,
        "prompt": normalised(request.prompt),
        "options": {name: str(value) for name, value in request.options.items()},
        "source": request.source,
    }
    return hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()
