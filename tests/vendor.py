"""The vendor's own sample objects, verbatim except for elisions and trailing commas, which are not JSON."""

# https://docs.wise.is/cored/files-v2, "List Files"
LISTED_FILE = """
{
    "aspects": {
        "letterout": {
            "date": "2016-10-10T00:00:00"
        }
    },
    "digest": "9466839db23434b227368ef661b92249",
    "dynatype": {
        "caption_plural": "dynatypes_labels:MeetingNote_plural:",
        "caption_singular": "dynatypes_labels:MeetingNote_singular:",
        "id": "90b0ec58-86fb-11e6-b9c5-4b05689b8c93",
        "title": "MeetingNote"
    },
    "filename": "Meeting notes.pdf",
    "folder": "",
    "id": "2bb7fb5e-8ef6-11e6-89e1-87ce876944be",
    "mime_type": "application/pdf",
    "parent": "07dcc00c-897e-11e6-b174-db079186c95c",
    "project": {
        "id": "07b4c6c4-897e-11e6-b174-2386ea6a6cb1",
        "identifier": "2016-13",
        "title": "Board meeting"
    },
    "resource_uri": "/api/v2/files/2bb7fb5e-8ef6-11e6-89e1-87ce876944be/",
    "size": 27655,
    "snapshot_id": "2bb8dd8a-8ef6-11e6-89e1-03c0dbcab4b1",
    "space": {
        "id": "b895b576-895a-11e6-90e8-cf6626673e98",
        "title": "Board management"
    },
    "tags": [],
    "template": null,
    "title": "Meeting notes",
    "type": "File",
    "userhome": null,
    "version": "0.1"
}
"""

# https://docs.wise.is/cored/files-v2, "Get File details"
FILE = """
{
    "aspects": {},
    "blob_name": "103d0b48a25b4197bb3b90bc462abc29",
    "category": "main",
    "created": "2023-10-25T19:01:18",
    "created_by": "Administrator Administrator",
    "description": "",
    "digest": "4b41a3475132bd861b30a878e30aa56a",
    "dynatype": {
        "caption_plural": "dynatypes_labels:File_plural:",
        "caption_singular": "dynatypes_labels:File_singular:",
        "id": "6d19dacc-71cf-11ee-b1e9-8f8e8372e41a",
        "title": "File"
    },
    "filename": "sample.pdf",
    "fileplan": "",
    "fileplan_title": "",
    "folder": "",
    "id": "e139a8ac-7368-11ee-b992-57663b1559fb",
    "mime_type": "application/pdf",
    "modified": "2023-10-25T19:01:18",
    "modified_by": "Administrator Administrator",
    "owner": null,
    "parent": "313ae0be-71cf-11ee-b1e9-ebd554949e29",
    "path": "/domain/spaces/Spaces/Space/Projects/Project/2023-3/sample.pdf",
    "project": {
        "id": "3122576a-71cf-11ee-848e-b7be3292bc02",
        "identifier": "2023-3",
        "title": "Document title"
    },
    "resource_uri": "/api/v2/files/e139a8ac-7368-11ee-b992-57663b1559fb/",
    "size": 3028,
    "snapshot_id": "e139e880-7368-11ee-b992-4bf81dd1b7a4",
    "space": {
        "id": "2a3b87be-71cf-11ee-a5ea-1b559886a85c",
        "title": "Space"
    },
    "tags": [],
    "template": null,
    "title": "sample",
    "type": "File",
    "userhome": null,
    "version": "0.1"
}
"""

# https://docs.wise.is/cored/projects, "List Projects"
LISTED_PROJECT = """
{
    "connected_users": ["padme", "rey"],
    "contacts": [],
    "created": "2016-10-06T22:11:45",
    "created_by": "Leia Organa",
    "due_date": "2016-10-13",
    "dynatype": {
        "caption_plural": "dynatypes_labels:Project_plural:",
        "caption_singular": "dynatypes_labels:Project_singular:",
        "id": "5bba058c-896e-11e6-8485-eff53da65b3d",
        "title": "Project"
    },
    "fileplan": "",
    "id": "de5717aa-8c11-11e6-b4eb-8bf745c1e91c",
    "identifier": "2016-189",
    "resource_uri": "/api/v2/projects/de5717aa-8c11-11e6-b4eb-8bf745c1e91c/",
    "responsible_users": [
        {
            "first_name": "Padme",
            "last_name": "Amidala",
            "username": "padme"
        }
    ],
    "snapshot_id": "de575a58-8c11-11e6-b4eb-ab86b48b196e",
    "space": {
        "id": "1fa8f598-895b-11e6-9def-dfae3ffdca3e",
        "title": "Board meetings"
    },
    "status": "project_status:Pending:",
    "title": "Chief Executive's Report",
    "type": "Project"
}
"""

# https://docs.wise.is/cored/projects, "Get Project details"
PROJECT = """
{
    "aspects": {},
    "associated_contacts_id": [],
    "associated_users": [],
    "connected_users": [
        "Administrator"
    ],
    "contacts": [],
    "created": "2023-10-30T19:16:30",
    "created_by": "Administrator Administrator",
    "description": "",
    "due_date": "2022-01-03",
    "dynatype": {
        "caption_plural": "dynatypes_labels:Project_plural:",
        "caption_singular": "dynatypes_labels:Project_singular:",
        "id": "6d97a3d8-7758-11ee-834b-c7bbcb21ca78",
        "title": "Project"
    },
    "fileplan": "",
    "fileplan_title": "",
    "id": "d4d780ae-7758-11ee-9f6f-2b890065fae6",
    "identifier": "2023-3",
    "modified": "2023-10-30T19:16:30",
    "modified_by": "Administrator Administrator",
    "path": "/domain/spaces/Spaces/Space/Projects/Project",
    "resource_uri": "/api/v2/projects/d4d780ae-7758-11ee-9f6f-2b890065fae6/",
    "responsible_users": [],
    "snapshot_id": "d4d7a4b2-7758-11ee-9f6f-bfcc6a6f39f3",
    "space": {
        "id": "ccdaa098-7758-11ee-a909-1397b0b24186",
        "title": "Space"
    },
    "status": "project_status:In_progress:",
    "status_message": "",
    "tags": [],
    "template": null,
    "title": "Project",
    "type": "Project",
    "version": "0.1"
}
"""

# https://docs.wise.is/cored/api-v2, "Pagination request example"
SPACES = """
{
    "meta": {
        "limit": 1,
        "next": "/api/v2/spaces/?limit=1&offset=2",
        "offset": 1,
        "previous": "/api/v2/spaces/?limit=1&offset=0",
        "total_count": 6
    },
    "objects": [
        {
            "aspects": {},
            "created": "2024-02-26T12:17:21",
            "created_by": "Administrator Administrator",
            "description": "",
            "dynatype": {},
            "id": "fdafd53a-d4a0-11ee-afc8-cbda05af010e",
            "is_hidden": false,
            "modified": "2024-02-26T12:17:21",
            "modified_by": "Administrator Administrator",
            "path": "/domain/spaces/Space folder title/Space title",
            "resource_uri": "/api/v2/spaces/fdafd53a-d4a0-11ee-afc8-cbda05af010e/",
            "snapshot_id": "fdafddc8-d4a0-11ee-afc8-5ba20d934ce2",
            "status": "",
            "tags": [],
            "template": null,
            "title": "Space title",
            "type": "Space",
            "version": "0.1"
        }
    ]
}
"""
