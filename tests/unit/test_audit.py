"""The audit fails for findings, and only for those."""

from typing import Any

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
