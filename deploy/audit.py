"""`python -m deploy.audit`: find known vulnerabilities in the requirements, and secrets in the repository.

Exit code 1 for a vulnerability, or for a secret that is not in `.secrets.baseline` (its entries were
reviewed: values of tests, names of headers). If the vulnerability service cannot be reached, a line says what
was not audited, and the exit code stays 0. `--baseline` writes the baseline again from what is found now.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ROOT / ".secrets.baseline"
REQUIREMENTS = ("requirements.txt", "requirements-extras.txt", "requirements-dev.txt")
LONGEST_S = 300
Found = set[tuple[str, str, int]]


def main() -> int:
    """Run both audits and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baseline", action="store_true", help="accept the secrets that are found now")
    if parser.parse_args().baseline:
        BASELINE.write_text(json.dumps(scan(), indent=2) + "\n", encoding="utf-8")
        return 0
    bad, said = vulnerabilities(pip_audit())
    news = new_secrets(scan(), json.loads(BASELINE.read_text(encoding="utf-8")))
    lines = [*said, *(f"secrets: {kind} in {file}:{line}" for file, kind, line in sorted(news))]
    print("\n".join([*lines, *([] if news else ["secrets: none that is new"])]))
    return 1 if bad or news else 0


def vulnerabilities(report: dict[str, Any] | None) -> tuple[bool, list[str]]:
    """Return whether pip-audit's report (None: there is none) has a vulnerability, and the lines to print."""
    if report is None:
        return False, ["vulnerabilities: SKIPPED, the vulnerability service cannot be reached from here"]
    dependencies = report["dependencies"]
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    found = [
        f"vulnerabilities: {each['name']} {each['version']}: {vuln['id']}, "
        f"fixed in {', '.join(vuln['fix_versions']) or 'no version yet'}"
        for each in dependencies
        for vuln in each.get("vulns", ())
    ]
    audited = len(dependencies) - len(skipped)
    lines = [*found, f"vulnerabilities: {len(found)} in {audited} packages"] if audited else [*found]
    if skipped:
        lines.append(f"vulnerabilities: SKIPPED for {len(skipped)} packages, unknown to the service")
    return bool(found), lines


def pip_audit() -> dict[str, Any] | None:
    """Return pip-audit's report on the pinned requirements, None if its service cannot be reached."""
    named = [word for file in REQUIREMENTS for word in ("-r", str(ROOT / file))]
    argv = ["pip_audit", *named, "--disable-pip", "--no-deps", "--timeout", "15"]
    try:
        done = _python(*argv, "--format", "json", "--progress-spinner", "off")
        report: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return report


def scan() -> dict[str, Any]:
    """Return detect-secrets' report on all files of the repository. Exit if it cannot scan."""
    done = _python(
        "detect_secrets", "scan", "--exclude-files", r"^\.secrets\.baseline$|^requirements.*\.txt$"
    )
    if done.returncode:
        sys.exit(f"detect-secrets could not scan: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def new_secrets(now: dict[str, Any], known: dict[str, Any]) -> Found:
    """Return the secrets (file, kind, line) that the baseline lacks. A known secret may move in its file."""
    seen = {(file, each["hashed_secret"]) for file, found in known["results"].items() for each in found}
    return {
        (file, each["type"], each["line_number"])
        for file, secrets in now["results"].items()
        for each in secrets
        if (file, each["hashed_secret"]) not in seen
    }


def _python(module: str, *argv: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, *argv]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False)


if __name__ == "__main__":
    sys.exit(main())
