"""The names of CoreData's pages, stated literally: fields, filters and paths.

A field of these classes is named as the service names it, so that a misspelt field is a misspelt parameter.
None of the names comes from the package's own tables.
"""

from __future__ import annotations

import attrs
import pytest

from coredata_async.resources import (
    comments,
    contacts,
    containers,
    document,
    files,
    projects,
    users,
    vocabulary,
)
from coredata_async.resources.registry import endpoints

OURS = {"extra", "page_size"}
"""Fields that exist in Python only: `page_size` is sent as `limit`."""

DOCUMENT = (
    "id snapshot_id type title description path resource_uri created created_by modified modified_by version "
    "tags template aspects dynatype "
)
WORK_ITEM = (
    "status status_message due_date space contacts associated_contacts_id associated_users "
    "connected_users responsible_users "
)
DATED = (
    "offset title title__startswith created__gt created__gte created__lt created__lte created__range "
    "modified__gt modified__gte modified__lt modified__lte modified__range "
)
WRITTEN = (
    "title aspects associated_users contacts description due_date responsible_users status "
    "status_message tags "
)

FIELDS: dict[type, str] = {
    comments.Comment: "id text doc_id author time resource_uri",
    comments.CommentWhere: "offset",
    comments.NewComment: "doc_id text",
    contacts.Email: "email label",
    contacts.Phone: "number label",
    contacts.Link: "url label",
    contacts.Address: "street city code state country label",
    contacts.OrganizationRef: "id title",
    contacts.Contact: DOCUMENT
    + "identifier status role emails phones urls contact_addresses contact_groups organization",
    contacts.ContactWhere: DATED + "identifier identifier__startswith",
    contacts.NewContact: "title identifier status description emails phones contact_addresses urls parent "
    "organization role template",
    document.Document: DOCUMENT,
    document.DynatypeRef: "id title caption_singular caption_plural",
    document.SpaceRef: "id title",
    document.ProjectRef: "id identifier title",
    document.UserRef: "username first_name last_name",
    document.DatedWhere: DATED,
    document.DocumentWhere: "offset",
    vocabulary.Dynatype: "id title type systype status_list required_aspects optional_aspects "
    "caption_singular caption_plural description version resource_uri",
    vocabulary.DynatypeWhere: "offset",
    files.File: DOCUMENT
    + "filename size digest mime_type blob_name category parent project space folder fileplan fileplan_title "
    "owner userhome",
    files.FileWhere: DATED + "parent associated_contacts_id",
    files.EditFile: "filename title parent dynatype contacts tags",
    containers.Folder: DOCUMENT + "parent project space",
    containers.FolderWhere: "offset",
    containers.NewFolder: "title parent description",
    projects.Project: DOCUMENT + WORK_ITEM + "identifier fileplan fileplan_title",
    projects.ProjectWhere: DATED + "associated_contacts_id",
    projects.NewProject: WRITTEN + "space fileplan sub_project_of template",
    projects.EditProject: WRITTEN + "space fileplan sub_project_of template",
    containers.Space: DOCUMENT + "status is_hidden",
    containers.SpaceWhere: "offset",
    projects.Task: DOCUMENT + WORK_ITEM + "project",
    projects.TaskWhere: DATED + "associated_contacts_id",
    projects.NewTask: WRITTEN + "project",
    projects.EditTask: WRITTEN,
    users.User: "username first_name last_name user_type resource_uri",
    users.UserWhere: "offset",
    vocabulary.Entry: "name ordering parent translations",
    vocabulary.ValueList: "name type parent default entries resource_uri",
    vocabulary.ValueListWhere: "offset",
}

ENDPOINTS = {
    "spaces.list: GET /api/v2/spaces/ 200 documented",
    "spaces.get: GET /api/v2/spaces/{id}/ 200 documented",
    "projects.list: GET /api/v2/projects/ 200 documented",
    "projects.get: GET /api/v2/projects/{id}/ 200 documented",
    "projects.create: POST /api/v2/projects/ 201 documented",
    "projects.update: PUT /api/v2/projects/{id}/ 204 documented",
    "projects.delete: DELETE /api/v2/projects/{id}/ 204 documented",
    "files.list: GET /api/v2/files/ 200 documented",
    "files.get: GET /api/v2/files/{id}/ 200 documented",
    "files.delete: DELETE /api/v2/files/{id}/ 204 documented",
    "folders.list: GET /api/v2/folders/ 200 documented",
    "folders.get: GET /api/v2/folders/{id}/ 200 named",
    "folders.create: POST /api/v2/folders/ 201 named",
    "tasks.list: GET /api/v2/tasks/ 200 documented",
    "tasks.get: GET /api/v2/tasks/{id}/ 200 documented",
    "tasks.create: POST /api/v2/tasks/ 201 legacy",
    "tasks.update: PUT /api/v2/tasks/{id}/ 204 legacy",
    "tasks.delete: DELETE /api/v2/tasks/{id}/ 204 legacy",
    "contacts.list: GET /api/v2/contacts/ 200 documented",
    "contacts.get: GET /api/v2/contacts/{id}/ 200 documented",
    "contacts.create: POST /api/v2/contacts/ 201 named",
    "users.list: GET /api/v2/users/ 200 documented",
    "users.get: GET /api/v2/user/{username}/ 200 documented",
    "comments.list: GET /api/v2/comments/ 200 legacy",
    "comments.get: GET /api/v2/comments/{id}/ 200 legacy",
    "comments.create: POST /api/v2/comments/ 201 legacy",
    "value_lists.list: GET /api/v2/valuelists/ 200 legacy",
    "value_lists.get: GET /api/v2/valuelists/{name}/ 200 legacy",
    "dynatypes.list: GET /api/v2/dynatypes/ 200 legacy",
    "dynatypes.get: GET /api/v2/dynatypes/{id}/ 200 legacy",
    "documents.list: GET /api/v2/docs/ 200 legacy",
    "documents.get: GET /api/v2/docs/{id}/ 200 legacy",
    "documents.delete: DELETE /api/v2/docs/{id}/ 204 legacy",
    "spaces.projects: GET /api/v2/spaces/{id}/projects/ 200 documented",
    "projects.files: GET /api/v2/projects/{id}/files/ 200 documented",
    "projects.tasks: GET /api/v2/projects/{id}/tasks/ 200 named",
    "projects.folders: GET /api/v2/projects/{id}/folders/ 200 named",
    "contacts.projects: GET /api/v2/contacts/{id}/projects/ 200 documented",
    "contacts.files: GET /api/v2/contacts/{id}/files/ 200 documented",
    "contacts.tasks: GET /api/v2/contacts/{id}/tasks/ 200 documented",
    "files.create: POST /api/v2/files/ 201 documented",
    "files.update: PUT /api/v2/files/{id}/ 204 documented",
    "files.download: GET /api/v2/files/{id}/content/ 302 documented",
    "files.replace: PUT /api/v2/files/{id}/content/ 201 documented",
    "blobs.reserve: POST /api/v3/blob/presigned-upload-url/ 200 documented",
    "me: GET /api/v2/user/ 200 documented",
    "recent_projects: GET /api/v2/user/projects/recent/ 200 documented",
}
"""Operation, method, path, status of a success, evidence. The storage's two requests have no fixed path."""


@pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)
def test_a_class_has_the_documented_fields(model):
    names = {field.name for field in attrs.fields(model)}

    assert names - OURS == set(FIELDS[model].split())


def test_the_endpoints_have_the_documented_methods_paths_statuses_and_evidence():
    found = {
        f"{row.operation}: {row.method} {row.path} {row.status} {row.proof.evidence}" for row in endpoints()
    }

    assert found == ENDPOINTS
