"""Tests that documents contain all text of the activities, and no markup from it."""

import json
from datetime import datetime

from coredata_async.archive.documents import json_lines, page
from coredata_async.fivepm import Activity, File, Project, Task

NOTE = Activity(
    id="9",
    task_id="7",
    type="progress",
    text="Hálfnað\n& <b>fínt</b>",
    owner_id="3",
    progress=50,
    hours_done=1.5,
    date=datetime(2024, 5, 6, 7, 8),
    files=(File(id="17", name="a b.pdf", size=3),),
    extra={"mood": "good"},
)


def test_json_lines_hold_every_field() -> None:
    (line,) = json_lines([NOTE]).splitlines()
    found = json.loads(line)

    assert found["text"] == "Hálfnað\n& <b>fínt</b>"
    assert (found["date"], found["progress"], found["mood"]) == ("2024-05-06T07:08:00", 50, "good")
    assert found["files"][0]["id"] == "17"
    assert "extra" not in found


def test_no_activities_make_an_empty_document() -> None:
    assert json_lines([]) == ""
    assert "No activities." in page(Project(id="1"), [], people={}, names={})


def test_a_page_says_who_said_what_and_when() -> None:
    shown = page(Task(id="7", name="Telja"), [NOTE], people={"3": "Rey"}, names={})

    assert "<h1>Telja</h1>" in shown
    assert "2024-05-06 07:08 · Rey · progress · 50 % · 1.5 h" in shown


def test_a_page_shows_text_and_no_markup_of_others() -> None:
    shown = page(Task(id="7", name="<script>"), [NOTE], people={"3": "<i>"}, names={})

    assert "&amp; &lt;b&gt;fínt&lt;/b&gt;" in shown
    assert "<script>" not in shown
    assert "<i>" not in shown


def test_a_page_links_to_the_files_that_are_archived_with_it() -> None:
    assert '<a href="../a%20b.pdf">a b.pdf</a>' in page(
        Task(id="7"), [NOTE], people={}, names={"17": "a b.pdf"}
    )
    assert "<li>a b.pdf</li>" in page(Task(id="7"), [NOTE], people={}, names={})
