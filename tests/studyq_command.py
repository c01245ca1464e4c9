"""`studyq` as a program, for tests that call it from outside."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 60.0
KEPT = ("PATH", "HOME", "PYTHONPATH")


@dataclass
class Studyq:
    """`studyq` as a program, on a data folder of its own."""

    data: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        fixed = {"STUDYQ_DATA": str(self.data), "STUDYQ_EMBEDDING": "none"}
        return {**kept, **fixed, **self.variables}

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "studyq", *arguments],
            env={**self.environment, **variables},
            cwd=self.data,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def json(self, *arguments: str, **variables: str) -> Any:
        answer = self(*arguments, "--json", **variables)
        assert answer.stdout, answer.stderr
        return json.loads(answer.stdout)

    def refusal(self, code: int, *arguments: str, **variables: str) -> str:
        """What it says on standard error, having ended with this code and no traceback."""
        answer = self(*arguments, **variables)
        assert answer.returncode == code, answer.stderr
        assert "Traceback" not in answer.stderr
        return answer.stderr


@dataclass
class Serving:
    """A running `studyq serve`."""

    process: subprocess.Popen[str]
    address: str

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, list[dict[str, Any]]]:
        """Its exit code and what it logged."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, [json.loads(line) for line in errors.splitlines()]
