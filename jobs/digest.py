"""The digest of a request, by which identical requests are recognised. Pure."""

import hashlib
import json
import unicodedata

from jobs.model import Request


def normalised(prompt: str) -> str:
    """Return a prompt without differences that do not matter: letter forms, case, runs of white space."""
    return " ".join(unicodedata.normalize("NFKC", prompt).casefold().split())


def digest_of(request: Request) -> str:
    """Return the SHA-256 (64 hex digits) of the prompt and all options that matter.

    A seed that the user gave matters. A seed that was drawn does not: the user takes any picture.
    """
    matters = {
        "kind": request.kind,
        "model": request.model,
        "prompt": normalised(request.prompt),
        "options": {name: str(value) for name, value in request.options.items()},
        "source": request.source,
    }
    return hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()
