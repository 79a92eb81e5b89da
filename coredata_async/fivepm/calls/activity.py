"""Calls of `activity`."""

from __future__ import annotations

from typing import Final

from coredata_async.call import Call
from coredata_async.fivepm.calls import generic
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.method import Route
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.activity import Activity, ActivityFilter, EditActivity, NewActivity
from coredata_async.fivepm.models.file import File, FileFilter
from coredata_async.fivepm.request_style import RequestStyle, key
from coredata_async.ids import Id
from coredata_async.message import Request
from coredata_async.unset import UNSET, Unset

_ADD: Final = METHODS["activity.add"]
_UPDATE: Final = METHODS["activity.update"]
_REMOVE: Final = METHODS["activity.remove"]
_GET: Final = METHODS["activity.getById"]
_LIST: Final = METHODS["activity.getList"]
_ATTACH: Final = METHODS["activity.attachFiles"]
_FILES: Final = METHODS["activity.getFilesList"]
_REMOVE_FILE: Final = METHODS["activity.removeFile"]
_DOWNLOAD: Final = METHODS["activity.downloadFile"]


def add(form: RequestStyle, new: NewActivity) -> Call[Activity]:
    """Create an activity. The service e-mails people only if a `notify_…` flag is given."""
    return generic.add(form, _ADD, Activity, new)


def update(form: RequestStyle, id: Id, edit: EditActivity) -> Call[Activity]:  # noqa: A002  # the service's own name
    """Change an activity."""
    return generic.update(form, _UPDATE, Activity, id, edit)


def remove(form: RequestStyle, id: Id) -> Call[None]:  # noqa: A002
    """Remove an activity."""
    return generic.remove(form, _REMOVE, id)


def get(form: RequestStyle, id: Id) -> Call[Activity]:  # noqa: A002
    """Read one activity by its id."""
    return generic.get(form, _GET, Activity, id)


def list(  # noqa: A001  # the service's own verb
    form: RequestStyle,
    where: ActivityFilter,
    *,
    with_files: bool | Unset = UNSET,
    with_names: bool | Unset = UNSET,
    offset: int = 0,
    count: int | None = None,
) -> Call[Items[Activity]]:
    """List the matching activities from an offset on. Whether it counts from 0 or 1 is not documented."""
    params = {
        "filter": form.encode(where),
        "withFiles": with_files,
        "withNames": with_names,
        "offset": offset,
        "count": count,
    }
    return generic.listing(form, _LIST, Activity, params)


def attach_files(form: RequestStyle, activity_id: Id) -> Call[None]:
    """Build the request for the files of an activity, without the files: an encoder adds them to the body."""
    return generic.call_for_flag(form, _ATTACH, {"activityId": key(activity_id, "activity_id")})


def files(form: RequestStyle, where: FileFilter) -> Call[Items[File]]:
    """List the matching files: one answer, because no pages are documented."""
    return generic.listing(form, _FILES, File, {"filter": form.encode(where)})


def remove_file(form: RequestStyle, id: Id, *, route: Route | None = None) -> Call[None]:  # noqa: A002
    """Remove a file. `route` is one of the method's `fallbacks`, to be tried after 404 or 405."""
    return generic.remove(form, _REMOVE_FILE, id, route=route)


def download(form: RequestStyle, id: Id, *, route: Route | None = None) -> Request:  # noqa: A002
    """Request the content of a file: the response is either the bytes themselves or an answer around them."""
    return form.request(_DOWNLOAD, {"id": key(id)}, route=route, stream=True)
