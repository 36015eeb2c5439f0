"""The table in docs/RELIABILITY.md: a row for each endurance test, and none for tests that are gone."""

import pytest
from reliability import TABLE, Row, Tally, read, replaced

ROOT = TABLE.parent.parent


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read(TABLE.read_text(encoding="utf-8"))


def test_every_endurance_test_has_its_row(request, rows):
    """Of all those that were collected with this one, which in CI are all there are."""
    known = set(request.config.pluginmanager.getplugin("reliability").tests)
    assert known - {row.test for row in rows} == set()


def test_every_row_has_its_test_and_says_what_happened(rows):
    assert len({row.test for row in rows}) == len(rows) > 15
    for row in rows:
        path, _, name = row.test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8"), row.test
        assert row.happened, row.test
        assert "FAILED" not in row.happened, row.test
        assert "skipped" not in row.happened, row.test
        assert int(row.often.replace(",", "")) > 0, row.test


def test_the_table_is_read_as_it_was_written():
    rows = [Row("a, b", "1,000", "2 × fine; 3 MB", "7", "2026-01-01", f"tests/x.py::test_{name}[9]") for name in "ba"]
    text = replaced("# Head\n<!-- table: written by make endurance --><!-- /table -->\nfoot\n", rows)
    assert read(text) == rows[::-1]
    assert text.startswith("# Head\n")
    assert text.endswith("\nfoot\n")
    assert replaced(text, read(text)) == text


def test_outcomes_are_counted_most_frequent_first():
    tally = Tally()
    tally("refused")
    tally("played", 2)
    tally.say("3 s at most")
    assert str(tally) == "2 × played; 1 × refused; 3 s at most"
