"""Activities as documents: every field as JSON Lines for programs, and pages for people.

The pages are HTML because a browser opens it on any system, in thirty years too, and because it keeps
headings, links to the archived files and line breaks apart from the text of users. All text from
5pm is shown as text, never as markup: it is not documented whether its texts contain HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import quote

from coredata_async.escapes import json_line
from coredata_async.fields import plain_object
from coredata_async.fivepm import Activity, File, Project, Task

_PAGE: Final = """<!doctype html>
<html><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 16px/1.5 sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em }}
article {{ border-top: 1px solid #ccc; padding: .5em 0 }}
h2 {{ font-size: 1em; margin: .5em 0 }}
p {{ white-space: pre-wrap }}
</style></head><body>
<h1>{title}</h1>
{about}{activities}</body></html>
"""


def json_lines(activities: Iterable[Activity]) -> str:
    """Return one JSON object per activity, with every field, by Python's names."""
    return "".join(json_line(plain_object(each)) + "\n" for each in activities)


def page(
    about: Project | Task,
    activities: Sequence[Activity],
    *,
    people: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """Return a page for the activities of a task, or for those of a project that belong to no task.

    Args:
        about: The project or the task.
        activities: Activities, in the order of the page.
        people: Names of users, by id.
        names: Names of files in the archive, by 5pm id.
    """
    shown = "".join(_article(each, people, names) for each in activities)
    said = f"<p>{escape(about.description)}</p>\n" if about.description else ""
    return _PAGE.format(
        title=escape(about.name or f"5pm {about.id}"),
        about=said,
        activities=shown or "<p>No activities.</p>\n",
    )


def _article(activity: Activity, people: Mapping[str, str], names: Mapping[str, str]) -> str:
    owner = people.get(activity.owner_id or "", "") or (
        f"user {activity.owner_id}" if activity.owner_id else ""
    )
    facts = (
        _moment(activity.date or activity.created_at),
        owner,
        activity.type,
        "" if activity.progress is None else f"{activity.progress} %",
        f"{activity.hours_done:g} h" if activity.hours_done else "",
    )
    head = " · ".join(escape(each) for each in facts if each)
    files = "".join(f"<li>{_link(each, names)}</li>" for each in activity.files)
    more = f"<ul>{files}</ul>\n" if files else ""
    begin = f'<article id="activity-{escape(activity.id)}">'
    return f"{begin}\n<h2>{head}</h2>\n<p>{escape(activity.text)}</p>\n{more}</article>\n"


def _link(file: File, names: Mapping[str, str]) -> str:
    shown = escape(file.name or f"file {file.id}")
    return f'<a href="../{quote(names[file.id])}">{shown}</a>' if file.id in names else shown


def _moment(when: datetime | None) -> str:
    return "" if when is None else when.isoformat(" ", "minutes")
