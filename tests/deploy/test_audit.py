"""The audit fails for findings, and only for those."""

import json
import subprocess
import sys
from typing import Any

import pytest

from deploy import audit
from deploy.audit import new_secrets, vulnerabilities


def report(*dependencies: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(dependencies), "fixes": []}


SOUND = {"name": "redis", "version": "8.1.0", "vulns": []}
UNKNOWN = {"name": "kombu", "skip_reason": "Dependency not found"}
BAD = {"name": "h11", "version": "0.1", "vulns": [{"id": "CVE-1", "fix_versions": ["0.2"], "aliases": []}]}


def test_a_vulnerability_is_a_failure_that_says_what_to_do() -> None:
    bad, said = vulnerabilities(report(SOUND, BAD))
    assert bad
    assert said[0] == "vulnerabilities: h11 0.1: CVE-1, fixed in 0.2"


@pytest.mark.parametrize(("found", "code"), [([BAD], 1), ([SOUND], 0), (None, 0)])
def test_the_audit_fails_where_the_service_answers_with_a_finding(
    found: list[dict[str, Any]] | None,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Given pip-audit's answer (None: its service is out of reach), I expect the exit code of the whole audit
    to be 1 for a finding alone, and the line that says what was found."""
    known = json.loads(audit.BASELINE.read_text(encoding="utf-8"))

    def answered(module: str, *_argv: str) -> "subprocess.CompletedProcess[str]":
        said = (
            json.dumps(known) if module == "detect_secrets" else json.dumps(report(*found)) if found else ""
        )
        return subprocess.CompletedProcess([module], 1 if module == "pip_audit" else 0, said, "")

    monkeypatch.setattr(audit, "_python", answered)
    monkeypatch.setattr(sys, "argv", ["audit"])
    assert audit.main() == code
    said = capsys.readouterr().out
    assert ("h11 0.1: CVE-1" in said) == (code == 1)
    assert ("SKIPPED" in said) == (found is None)


def test_what_could_not_be_audited_is_said_and_is_no_failure() -> None:
    for found in (None, report(UNKNOWN), report(SOUND, UNKNOWN)):
        bad, said = vulnerabilities(found)
        assert not bad
        assert "SKIPPED" in said[-1]
    assert vulnerabilities(report(SOUND)) == (False, ["vulnerabilities: 0 in 1 packages"])


def test_a_secret_is_new_unless_the_baseline_has_it_in_that_file() -> None:
    secret = {"type": "Secret Keyword", "hashed_secret": "a", "line_number": 7}
    known = {"results": {"a.py": [secret | {"line_number": 3}]}}
    assert new_secrets({"results": {"a.py": [secret]}}, known) == set()
    assert new_secrets({"results": {"b.py": [secret]}}, known) == {("b.py", "Secret Keyword", 7)}
