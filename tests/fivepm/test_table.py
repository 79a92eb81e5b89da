"""Tests of the table of methods in the documentation, which is generated from the rows and from the tests.

After a change to a row: `python -m tests.fivepm.test_table`.
"""

from __future__ import annotations

from pathlib import Path

from coredata_async.call import Call
from coredata_async.fivepm.methods import METHODS
from coredata_async.message import Reply
from tests.fivepm.test_calls import CASES, FORMATS, Case

PAGE = Path(__file__).parent.parent.parent / ".docs" / "fivepm.md"
HEADING = "## The 36 methods"
INTRODUCTION = f"""{HEADING}

Generated from the rows of `coredata_async/fivepm/methods.py` and the tests by
`python -m tests.fivepm.test_table`. `test_calls` states the requests and responses. `test_journey` uses
every method against the sandbox, in 14 dialects. `codec/test_dialects` states that all give the same
models. No method was tested with a real account.

| method | verb | client | XML | JSON | tested in | note on the page |
|---|---|---|---|---|---|---|
"""


def table() -> str:
    """Return the section of the page."""
    cases = {case.name: case for case in CASES}
    lines: list[str] = []
    for name, row in METHODS.items():
        read = isinstance(cases[name].call, Call)
        works = " | ".join(
            "yes" if not read or reads(cases[name], each) else "no" for each in ("XML", "JSON")
        )
        where = "`test_calls`, `test_journey`" if read else "`test_journey`, `test_client`"
        also = " or GET" if row.fallbacks else ""
        lines.append(f"| `{name}` | {row.verb}{also} | `{row.python}` | {works} | {where} | {row.note} |\n")
    return INTRODUCTION + "".join(lines)


def reads(case: Case, name: str) -> bool:
    """Return whether the response in a format gives the expected result."""
    assert isinstance(case.call, Call)
    return case.call.answer(Reply(200, body=FORMATS[name].write(case.answer))) == case.means


def without_table(page: str) -> str:
    """Return the page before the section, which is its last."""
    return page.partition(HEADING)[0].rstrip() + "\n"


def test_the_page_has_the_table_of_today() -> None:
    page = PAGE.read_text("utf-8")

    assert page == f"{without_table(page)}\n{table()}", "python -m tests.fivepm.test_table"


def test_both_formats_are_tested() -> None:
    assert set(FORMATS) == {"XML", "JSON"}


if __name__ == "__main__":
    PAGE.write_text(f"{without_table(PAGE.read_text('utf-8'))}\n{table()}", "utf-8")
