"""The house: which room may import which. A wrong import fails here, by file and line."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Room -> rooms of ours it may import. Every room may import itself.
PLAIN = {"rca.errors", "rca.paths", "rca.config", "rca"}
ALLOWED: dict[str, set[str]] = {
    "mining": set(),
    "rca.domain": set(),
    "rca.blameless": set(),
    "rca.provenance": {"rca.domain"},
    "rca.formats": {"rca.domain", "rca.errors"},
    "rca.gate": {"rca.formats", "rca.provenance", "mining.policy"},
    "rca.store": {"rca.domain", *PLAIN},
    "rca.reports": {"rca.domain", *PLAIN},
    "rca.mail": {"rca.domain", *PLAIN},
    "rca.services": {
        "rca.mail", "rca.domain", "rca.blameless", "rca.provenance", "rca.formats", "rca.store",
        "rca.reports", "mining", *PLAIN,
    },
    # The doors open sessions, so they know the engine; queries stay behind services. The pure
    # rooms (words, formats, the library's values) hold no session, so a door may read from them.
    "rca.jobs": {"rca.services", "rca.store.engine", *PLAIN},
    "rca.web": {
        "rca.services", "rca.domain", "rca.store.engine", "rca.reports.markdown", "rca.formats",
        "rca.blameless", "mining.taxonomy", "mining.policy", "mining.exposure", *PLAIN,
    },
    "rca.cli": {
        "rca.services", "rca.domain", "rca.store.engine", "rca.store.migrate", "rca.jobs",
        "rca.blameless", "rca.provenance", "rca.gate", "rca.formats", "rca.web", "mining", *PLAIN,
    },
    "app": {"rca.web", "rca.cli"},
}  # fmt: skip


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide the direction"
            module = node.module or ""
            for alias in node.names:
                # `from rca import jobs` imports the room rca.jobs.
                yield node.lineno, f"{module}.{alias.name}"


def _within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def _room(module: str) -> str | None:
    return next((room for room in ALLOWED if _within(module, room)), None)


def _is_allowed(module: str, room: str) -> bool:
    if _within(module, room):
        return True
    allowed = ALLOWED[room]
    if "rca" in allowed and module in ("rca.__version__", "rca"):
        return True
    return any(_within(module, other) for other in allowed - {"rca"})


def wrong_imports(root: Path) -> list[str]:
    """Every import that runs against the directions, as ``file:line: what``."""
    found = []
    files = [root / "app.py", *sorted((root / "rca").rglob("*.py")),
             *sorted((root / "mining").rglob("*.py"))]  # fmt: skip
    for path in (file for file in files if file.is_file()):
        own = ".".join(path.relative_to(root).with_suffix("").parts)
        room = _room(own)
        if room is None:
            continue
        for line, module in _imports(path):
            ours = module.partition(".")[0] in ("rca", "mining", "app")
            if ours and not _is_allowed(module, room):
                found.append(f"{path.relative_to(root)}:{line}: {room} imports {module}")
    return found


def test_every_import_runs_in_an_allowed_direction() -> None:
    assert wrong_imports(ROOT) == []


@pytest.mark.parametrize(
    ("file", "line", "caught"),
    [
        ("rca/domain/x.py", "from rca.store import tables", True),
        ("rca/store/x.py", "from rca.services import authoring", True),
        ("rca/services/x.py", "from rca.web import access", True),
        ("mining/x.py", "import rca", True),
        ("rca/web/x.py", "from rca.store.postmortems import load_content", True),
        ("rca/web/x.py", "from rca.services import reading", False),
        ("rca/services/x.py", "from mining import similar", False),
    ],
)
def test_a_planted_wrong_import_is_caught(
    tmp_path: Path, file: str, line: str, caught: bool
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(f"{line}\n", encoding="utf-8")
    assert bool(wrong_imports(tmp_path)) is caught


def test_every_package_has_a_room() -> None:
    packages = {
        f"rca.{path.name if path.is_dir() else path.stem}"
        for path in (ROOT / "rca").iterdir()
        if (path.is_dir() and (path / "__init__.py").exists()) or path.suffix == ".py"
    }
    unplaced = packages - set(ALLOWED) - PLAIN - {"rca.__init__", "rca.__main__"}
    assert unplaced == set(), "say in ALLOWED which way these look"
