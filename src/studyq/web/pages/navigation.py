"""The navigation: the pages that exist, in the order of the rail."""

from __future__ import annotations

from studyq.web.pages.views import NavigationItem


def navigation(
    *,
    needs_attention: int = 0,
    drafts: int = 0,
    due: int = 0,
    failed_jobs: int = 0,
    incidents: int = 0,
) -> tuple[NavigationItem, ...]:
    """The entries of the rail and of the bottom bar.

    Args:
        needs_attention: Documents that failed, shown as a count beside the library.
        drafts: Cards that nobody has looked at yet.
        due: Cards left to review today.
        failed_jobs: Jobs that failed and were not retried.
        incidents: What of the instance is not as it should be.
    """
    return (
        NavigationItem("today", "Today", "/app/today", "today"),
        NavigationItem("library", "Library", "/app/library", "library", needs_attention),
        NavigationItem(
            "drafts", "Drafts", "/app/drafts", "drafts", drafts, counted="to look at", alarm=False
        ),
        NavigationItem(
            "review", "Review", "/app/review", "review", due, counted="to review", alarm=False
        ),
        NavigationItem("tests", "Tests", "/app/tests", "tests"),
        NavigationItem("jobs", "Jobs", "/app/jobs", "jobs", failed_jobs, "service"),
        NavigationItem("status", "Status", "/app/status", "status", incidents, "service"),
    )
