"""Real OPA (its Go library) in a process of its own, so that its signals and threads stay there.

Run as a program it answers one JSON line with one JSON line; ``Opa`` is the other end.
"""

import json
import subprocess
import sys
from typing import Any


class Opa:
    """One process; engines in it are numbered."""

    def __init__(self) -> None:
        from tests.engines import engine  # not at the top: as a program this file stands alone

        command = [sys.executable, __file__, str(engine("opa"))]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._engines = 0

    def engine(self, policies: dict[str, str], data: Any) -> int:
        """A new engine with those policies and that data."""
        self.ask({"policies": policies, "data": data})
        self._engines += 1
        return self._engines - 1

    def document(self, number: int, path: str, record: Any) -> Any:
        """The document at ``path`` for that input; None when it is undefined."""
        return self.ask({"engine": number, "path": path, "input": record})

    def ask(self, question: Any) -> Any:
        """One question, one answer."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(question) + "\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(timeout=20)
        self._child.stdout.close()


def _serve() -> None:
    from opa_bindings import OpaEngine  # type: ignore[import-not-found]
    from opa_bindings.engine import OpaUndefinedError  # type: ignore[import-not-found]

    engines: list[Any] = []
    for line in sys.stdin:
        asked = json.loads(line)
        if "policies" in asked:
            made = OpaEngine()
            for name, text in asked["policies"].items():
                made.add_policy(name, text)
            made.add_data(asked["data"])
            engines.append(made)
            answer = None
        else:
            try:
                answer = engines[asked["engine"]].eval_document(asked["path"], asked["input"])
            except OpaUndefinedError:
                answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    _serve()
