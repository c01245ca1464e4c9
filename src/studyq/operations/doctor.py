"""What is wrong in a library, what to do about it, and mending what can be mended safely.

It may run beside a server: what is being written at the moment is not taken for damage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from studyq.operations.file_checks import FILE_CHECKS
from studyq.operations.findings import Finding, Patient, Symptom
from studyq.operations.index_checks import INDEX_CHECKS
from studyq.operations.job_checks import JOB_CHECKS
from studyq.operations.review_checks import REVIEW_CHECKS

Check = Callable[[Patient], Iterator[Symptom]]

CHECKS: tuple[Check, ...] = (*JOB_CHECKS, *FILE_CHECKS, *INDEX_CHECKS, *REVIEW_CHECKS)


def diagnose(patient: Patient, *, fix: bool = False) -> list[Finding]:
    """Run every check.

    Args:
        fix: mend what can be mended safely.
    """
    return [finding for check in CHECKS for finding in _run(check, patient, fix=fix)]


def _run(check: Check, patient: Patient, *, fix: bool) -> Iterator[Finding]:
    for found in check(patient):
        if fix and found.remedy is not None:
            yield replace(found.finding, mended=found.remedy())
        else:
            yield found.finding
