"""Heavy libraries load where they work, not where a page is served."""

from pathlib import Path

from tests.conftest import run_python

_LOADED = "import sys; print(sorted(n for n in {names!r} if n in sys.modules))"


def _loaded(first: str, *names: str, **env: str) -> str:
    return run_python(f"{first}\n{_LOADED.format(names=list(names))}", **env).strip()


def test_the_mining_library_knows_no_web_and_no_store() -> None:
    names = ("flask", "sqlmodel", "sqlalchemy", "rca", "sklearn", "pandas", "numpy")
    assert _loaded("import mining", *names) == "[]"


def test_the_policy_library_loads_in_a_blink() -> None:
    names = ("sklearn", "pandas", "numpy", "scipy", "sqlalchemy", "rca")
    assert _loaded("import mining.policy", *names) == "[]"


def test_a_web_worker_starts_without_the_heavy_ones(tmp_path: Path) -> None:
    names = ("sklearn", "weasyprint", "altair", "vl_convert", "statsmodels", "scipy", "pandas")
    code = "from rca.web import create_app; create_app()"
    assert _loaded(code, *names, RCA_HOME=str(tmp_path)) == "[]"


def test_help_answers_without_loading_commands(tmp_path: Path) -> None:
    code = "from rca.cli import cli; cli.main(['--help'], standalone_mode=False)"
    out = run_python(f"{code}\n{_LOADED.format(names=['sqlalchemy', 'flask', 'sklearn'])}")
    assert out.strip().endswith("[]")


def test_no_pickle_anywhere() -> None:
    root = Path(__file__).resolve().parents[2]
    for path in [*(root / "rca").rglob("*.py"), *(root / "mining").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text, path
        assert "joblib.load(" not in text, path
