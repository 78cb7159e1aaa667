"""The manner of the house, where it can be counted."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 60


def _functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for folder in ("rca", "mining"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield path, node


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_short() -> None:
    sizes = {f"{path.relative_to(ROOT)}:{node.name}": _lines(node) for path, node in _functions()}
    assert [f"{name}: {size}" for name, size in sizes.items() if size > MOST_LINES] == []
    assert statistics.median(sizes.values()) <= 8


def test_public_names_say_what_a_caller_may_rely_on() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, node in _functions()
        if not node.name.startswith("_") and node.col_offset == 0 and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_room_for_odds_and_ends() -> None:
    banned = {"utils", "helpers", "manager", "base", "common", "misc"}
    names = {path.stem for folder in ("rca", "mining") for path in (ROOT / folder).rglob("*.py")}
    assert names & banned == set()


def test_pages_never_say_root_cause_or_that_ai_caused() -> None:
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.js")]:
        text = path.read_text(encoding="utf-8").lower()
        for phrase in ("root cause", "caused by ai", "ai caused", "human-written"):
            assert phrase not in text, f"{path.relative_to(ROOT)} says “{phrase}”"
