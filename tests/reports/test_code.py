"""Keys of drawings move with the code that draws them."""

from pathlib import Path

import pytest

from rca.reports import code
from rca.reports.code import charts_digest, pages_digest, sources_digest
from rca.services import report_pdf
from tests.reports.values import charts


def test_a_change_of_the_chart_code_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "charts.py").write_text("INK = 1\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("x = 1\n", encoding="utf-8")
    before = sources_digest(tmp_path, ["charts*.py"])
    (tmp_path / "other.py").write_text("x = 2\n", encoding="utf-8")
    assert sources_digest(tmp_path, ["charts*.py"]) == before
    (tmp_path / "charts.py").write_text("INK = 2\n", encoding="utf-8")
    changed = sources_digest(tmp_path, ["charts*.py"])
    (tmp_path / "charts_more.py").write_text("", encoding="utf-8")
    assert len({before, changed, sources_digest(tmp_path, ["charts*.py"])}) == 3


def test_a_library_of_another_version_changes_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sources_digest(Path(), [], ["altair"])
    monkeypatch.setattr(code, "version", lambda _: "99")
    assert sources_digest(Path(), [], ["altair"]) != before
    assert sources_digest(Path(), [], ["no-such-library"])


def test_what_draws_and_what_sets_is_among_it() -> None:
    folder = Path(code.__file__).parent
    drawn = {p.name for pattern in code._CHARTS for p in folder.glob(pattern)}
    assert {"charts.py", "fonts.py"} <= drawn
    assert charts_digest() != pages_digest()


def test_keys_of_drawings_and_documents_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    document = report_pdf.Document("x.pdf", "<p>x</p>", charts())
    key, whole = report_pdf.charts_key(charts()), document.key
    monkeypatch.setattr(report_pdf, "charts_digest", lambda: "other")
    monkeypatch.setattr(report_pdf, "pages_digest", lambda: "other")
    assert report_pdf.charts_key(charts()) != key
    assert document.key != whole
