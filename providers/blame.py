"""Why a provider made nothing, and who can correct that, judged by the provider's own messages. Pure.

Machine codes and HTTP statuses decide first, prose last: a message may name a safety filter only because the
filter could not be loaded.
"""

import json
import re
from typing import Any

from jobs.failures import Failure

_LOOKED_AT = 1000
_FILES = re.compile(
    r"https?://\S+|(?<!\w)/\S+"
    r"|(?<!\S)\S*\.(?:onnx|safetensors|ckpt|pth?|bin|gguf|py|so|json|ya?ml|txt|tar|zip|png|jpe?g|webp|mp4)\b",
    re.IGNORECASE,
)
"""File names and URLs, which are left out: they say what something is called, not what happened."""
_IDENTIFIER = re.compile(
    r"\b(?:[A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+|(?:[A-Z]+[a-z0-9]+){2,}|E\d{3,4})\b"
)
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_.-]+")

_BAD = "nsfw|unsafe|sensitive|prohibited|harmful|explicit|inappropriate|forbidden|disallowed"
_THING = "content|image|prompt|input|output|text|video|media"
_REFUSAL_CODE = re.compile(
    rf"content policy|policy violat|(?:{_BAD}) (?:{_THING})|(?:{_THING}) (?:{_BAD})"
    r"|content (?:moderat|filter|block|reject|refus|restrict|violat)"
    r"|moderation (?:block|reject|refus|flag|violat)|(?:content|prompt|input|output|image) moderated"
    r"|nsfw (?:detected|concept|flag|block|violat)"
    r"|safety (?:violat|blocked|filtered|refus|reject|flagged)|^(?:image )?safety$|^safety (?:input|output)"
    r"|data inspection failed|responsible ai|^e005$"
)
_REFUSAL_SAID = re.compile(
    r"(?<!no )nsfw(?: content)?(?: was| has been)? (?:detected|found)|flagged (?:as|by|for)"
    r"|violat\w+ (?:\w+ ){0,4}polic|polic\w+ violat|against (?:\w+ ){0,3}(?:polic|guideline|rule)"
)
_REFUSAL_HINTED = re.compile(
    r"nsfw|(?<!case )\bsensitive\b|(?:content|usage|safety) polic|\bsafety\b|flagged|moderat"
    rf"|\b(?:{_BAD}) (?:{_THING})"
)
_TROUBLE = re.compile(
    r"(?:cannot|can't|could not|couldn't|failed to|unable to|error while) (?:be )?"
    r"(?:load|start|init|connect|download|fetch|open|import|allocat|reach|run|find|read|call)"
    r"|no (?:space left|such file|module named)|not found|out of memory|\bcuda\b|\berrno\b|timed? ?out"
    r"|connection (?:refused|reset|error|abort|closed)|unavailable|unreachable|internal (?:server )?error"
    r"|crashed|permission denied|segmentation fault"
)
_REJECTED = re.compile(
    r"input validation|failed validation|input (?:is|was) invalid"
    r"|invalid (?:input|parameter|argument|prompt|image|aspect ratio)\b"
)
_MODEL_GONE = re.compile(
    r"invalid version|version is required|not permitted|permission to use|(?:model|version)"
    r"(?: \S+){0,5} (?:not found|does not exist|no longer|deprecated|disabled|retired|removed)"
)
_ACCOUNT = re.compile(
    r"insufficient (?:credit|balance|fund|quota)|billing|payment required|exhausted balance"
    r"|(?:invalid|incorrect|missing) api (?:key|token)"
)
_OUR_FIELDS = frozenset({"version", "model", "webhook", "webhook_events_filter"})
"""Fields of a submission that come only from the operator's settings and catalogue."""


def of_error(error: str) -> Failure:
    """Return why a prediction failed, judged by its error message."""
    error = _ends(error)
    codes, said = _codes(error), _words(error)
    if _refuses(codes, said):
        return Failure.REFUSED
    if any(_ACCOUNT.search(code) for code in codes) or _ACCOUNT.search(said):
        return Failure.NOT_CONFIGURED
    if not _TROUBLE.search(said) and (any(map(_REJECTED.search, codes)) or _REJECTED.search(said)):
        return Failure.REJECTED
    return Failure.PROVIDER_FAILED


def of_answer(status: int, text: str) -> Failure:
    """Return why a call was refused for good, judged by its HTTP status (400 to 499) and response text."""
    fields, text = _wrong_fields(text), _ends(text)
    codes = _codes(text)
    if status in (401, 402):
        return Failure.NOT_CONFIGURED
    if any(map(_REFUSAL_CODE.search, codes)):
        return Failure.REFUSED
    if status in (403, 404, 410):
        return Failure.NOT_CONFIGURED
    if status not in (400, 413, 415, 422):
        return Failure.PROVIDER_FAILED
    if fields:
        return Failure.NOT_CONFIGURED if fields <= _OUR_FIELDS else Failure.REJECTED
    return _of_words(codes, _words(text))


def _of_words(codes: list[str], said: str) -> Failure:
    if _MODEL_GONE.search(said) or _ACCOUNT.search(said) or "invalid webhook" in said:
        return Failure.NOT_CONFIGURED
    return Failure.REFUSED if _refuses(codes, said) else Failure.REJECTED


def _refuses(codes: list[str], said: str) -> bool:
    """Return whether the content was refused, so that the user must ask for something else."""
    if any(map(_REFUSAL_CODE.search, codes)) or _REFUSAL_SAID.search(said):
        return True
    return not _TROUBLE.search(said) and _REFUSAL_HINTED.search(said) is not None


def _ends(text: str) -> str:
    """Return the parts of a text that are examined: its beginning, and its end, where tracebacks say why."""
    return text if len(text) <= 2 * _LOOKED_AT else f"{text[:_LOOKED_AT]} {text[-_LOOKED_AT:]}"


def _codes(text: str) -> list[str]:
    """Return the machine codes in a text as words: `ContentPolicyViolation` is "content policy violation"."""
    bare = _FILES.sub(" ", text)
    found = [_HUMPS.sub(" ", code).lower() for code in _IDENTIFIER.findall(bare)]
    # An error message that is a single word is a code too.
    alone = re.fullmatch(r"\W*(\w+)\W*", bare)
    return [*found, alone[1].lower()] if alone else found


def _words(text: str) -> str:
    """Return the prose of a text in lower case, without file names and identifiers."""
    bare = _IDENTIFIER.sub(lambda code: " " if re.search("[_.]", code[0]) else code[0], _FILES.sub(" ", text))
    return " ".join(re.sub(r"[-\s]+", " ", bare).lower().split())


def _wrong_fields(text: str) -> frozenset[str]:
    """Return the names of the fields that a response calls invalid; empty if it names none."""
    try:
        wrong: Any = json.loads(text)["invalid_fields"]
        # "input: prompt is required" is about the input, "version: version is required" about the submission.
        return frozenset(str(each["field"]).partition(".")[0] for each in wrong)
    except (ValueError, KeyError, TypeError, RecursionError):
        return frozenset()
