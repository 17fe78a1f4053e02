"""Why a provider made nothing: its codes and states first, its words last."""

import json
import time
from typing import Any

import pytest

from jobs.failures import Failure
from providers import blame

REFUSALS = [
    "NSFW content detected. Try running it again, or try a different prompt.",
    "The input or output was flagged as sensitive. Please try again. (E005)",
    "Content policy violation",
    "content_policy_violation",
    "content-policy-violation",
    "ContentPolicyViolation",
    "moderation_blocked",
    "{'code': 'moderation_blocked', 'message': 'Rejected'}",
    "InputImageSensitiveContentDetected",
    "OutputVideoSensitiveContentDetected.PolicyViolation: try again",
    "NSFWContentDetected",
    "nsfw_content_detected",
    "DataInspectionFailed",
    "PROHIBITED_CONTENT",
    "IMAGE_SAFETY",
    "SAFETY",
    "SAFETY.INPUT.TEXT",
    "Content Moderated",
    "Your request was rejected by our safety system.",
    "This prompt violates our usage policies.",
    "RuntimeError: NSFW content detected",
    "content_policy_violation: the worker timed out while it looked for details",
]
TROUBLES = [
    "",
    "Prediction failed: CUDA out of memory.",
    "Cannot load flux.safetensors",
    "Cannot load nsfw_detector.onnx: No space left on device",
    "Failed to load the safety checker",
    "The moderation service is unavailable",
    "SafetyChecker timed out after 30 s",
    "NsfwDetector could not be loaded",
    "Failed to check for NSFW content: connection refused",
    "FileNotFoundError: /models/nsfw/content_policy/model.bin",
    "KeyError: 'safety_tolerance'",
    "unknown option safety_filter_level",
    "names of files are case-sensitive",
    "No NSFW content detected, but the upload timed out",
    "https://files.example/nsfw/content_policy_violation cannot be downloaded",
]


@pytest.mark.parametrize("error", REFUSALS)
def test_a_refusal_is_the_persons_to_mend(error: str) -> None:
    assert blame.of_error(error) is Failure.REFUSED


@pytest.mark.parametrize("error", TROUBLES)
def test_trouble_with_a_safety_part_is_no_refusal(error: str) -> None:
    """Given an error that names a filter which could not do its work, I expect the provider to be blamed."""
    assert blame.of_error(error) is Failure.PROVIDER_FAILED


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("Prediction input failed validation: width must be at most 2048", Failure.REJECTED),
        ("InvalidParameter", Failure.REJECTED),
        ("invalid_image: 4 pixels are too few", Failure.REJECTED),
        ("insufficient_quota", Failure.NOT_CONFIGURED),
        ("invalid_api_key", Failure.NOT_CONFIGURED),
        ("Cannot read the image: input was invalid UTF-8 in /tmp/x", Failure.PROVIDER_FAILED),
    ],
)
def test_other_failures_say_whose_they_are(error: str, failure: Failure) -> None:
    assert blame.of_error(error) is failure


def wrong(*fields: str) -> dict[str, Any]:
    invalid = [{"type": "invalid_type", "field": field, "description": "wrong"} for field in fields]
    return {"title": "Input validation failed", "detail": "- nsfw: wrong", "invalid_fields": invalid}


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (422, {"title": "Invalid version or not permitted", "detail": "No such"}, Failure.NOT_CONFIGURED),
        (422, {"detail": "The model acme/old-flux has been deprecated"}, Failure.NOT_CONFIGURED),
        (400, {"detail": "Billing is not set up"}, Failure.NOT_CONFIGURED),
        (404, {"detail": "No Model matches the given query."}, Failure.NOT_CONFIGURED),
        (410, {}, Failure.NOT_CONFIGURED),
        (401, {"detail": "nsfw"}, Failure.NOT_CONFIGURED),
        (402, {"detail": "content_policy_violation"}, Failure.NOT_CONFIGURED),
        (403, {"detail": "You do not have permission"}, Failure.NOT_CONFIGURED),
        (403, {"code": "content_moderation"}, Failure.REFUSED),
        (400, {"error": {"code": "moderation_blocked"}}, Failure.REFUSED),
        (422, {"detail": "The prompt was flagged as sensitive"}, Failure.REFUSED),
        (422, wrong("version"), Failure.NOT_CONFIGURED),
        (422, wrong("input", "input.aspect_ratio"), Failure.REJECTED),
        (422, wrong("version", "input.seed"), Failure.REJECTED),
        (422, {"title": "Invalid webhook", "detail": "- webhook must be a URL"}, Failure.NOT_CONFIGURED),
        (413, {}, Failure.REJECTED),
        (418, {}, Failure.PROVIDER_FAILED),
    ],
)  # fmt: skip
def test_an_answer_is_judged_by_its_status_its_codes_and_then_its_words(
    status: int, body: dict[str, Any], failure: Failure
) -> None:
    assert blame.of_answer(status, json.dumps(body)) is failure


@pytest.mark.parametrize(
    "text", ["", "[" * 100_000, '{"invalid_fields": 7}', '{"invalid_fields": [{}]}', "[]"]
)
def test_an_answer_of_any_form_is_judged(text: str) -> None:
    assert blame.of_answer(422, text) is Failure.REJECTED


def test_a_long_error_is_judged_quickly() -> None:
    """Given a megabyte of text, as of a model that prints its picture, I expect a second of work at most."""
    began = time.process_time()
    for text in ("a_" * 500_000, "aB" * 500_000, "a.b-" * 250_000, "violates " * 100_000, "x" * 1_000_000):
        blame.of_error(text)
        blame.of_answer(422, text)
    assert time.process_time() - began < 1
