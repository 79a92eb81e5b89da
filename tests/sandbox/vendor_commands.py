"""Literal commands of the vendor's pages; the shell fills in `$names`."""

V2 = '-H "Authorization: apikey $API_USER:$API_KEY"'
GETS = (
    "$COREDATA_BASE_URL/api/v2/projects/?title__startswith=Board",
    "$COREDATA_BASE_URL/api/v2/files/?parent=$some_uuid",
    "$COREDATA_BASE_URL/api/v2/contacts/?identifier=$SSN",
    "$COREDATA_BASE_URL/api/v2/contacts/?identifier__startswith=$SSN_PREFIX",
    "$COREDATA_BASE_URL/api/v2/projects/?associated_contacts_id=$CONTACT_ID",
    "$COREDATA_BASE_URL/api/v2/contacts/$CONTACT_ID/projects/",
    "$COREDATA_BASE_URL/api/v2/files/?associated_contacts_id=$CONTACT_ID",
    "$COREDATA_BASE_URL/api/v2/tasks/?associated_contacts_id=$CONTACT_ID",
    "$COREDATA_BASE_URL/api/v2/contacts/$CONTACT_ID/files/",
    "$COREDATA_BASE_URL/api/v2/contacts/$CONTACT_ID/tasks/",
    "$COREDATA_BASE_URL/api/v2/files/?modified__gt=2019-09-02T15:38:32Z",
    "$COREDATA_BASE_URL/api/v2/projects/?created__lte=2019-09-02T15:38:32Z",
    "$COREDATA_BASE_URL/api/v2/contacts/?modified__range=2019-08-02T15:38:32Z,2019-09-02T15:38:32Z",
    '"$COREDATA_BASE_URL/api/v2/spaces/?limit=1&offset=1"',
    "$COREDATA_BASE_URL/api/v2/projects/",
    "$COREDATA_BASE_URL/api/v2/projects/$project_id/",
    "$COREDATA_BASE_URL/api/v2/spaces/$space_id/projects/",
    "$COREDATA_BASE_URL/api/v2/files/",
    "$COREDATA_BASE_URL/api/v2/files/$file_id/",
    "$COREDATA_BASE_URL/api/v2/projects/$project_id/files/",
)
CONTENT = f"curl -v {V2} $COREDATA_BASE_URL/api/v2/files/$file_id/content/"
CREATE_PROJECT = f"""curl -v \\
    -X POST \\
    {V2} \\
    -H "Content-Type: application/json" \\
    -d "{{\\"title\\": \\"$title\\", \\"space\\": \\"$space_id\\"}}" \\
    $COREDATA_BASE_URL/api/v2/projects/"""
UPDATE_PROJECT = f"""curl -v \\
    -X PUT \\
    {V2} \\
    -H "Content-Type: application/json" \\
    -d "{{\\"title\\": \\"$title\\"}}" \\
    $COREDATA_BASE_URL/api/v2/projects/$project_id/"""
ADD_CONTACT = f"""curl -v \\
    -X PUT \\
    {V2} \\
    -H "Content-Type: application/json" \\
    -d "{{\\"contacts\\": [\\"$contact_id\\",\\"$new_contact_id\\"]}}" \\
    $COREDATA_BASE_URL/api/v2/projects/$project_id/"""
DELETE_PROJECT = f"""curl -v \\
    -X DELETE \\
    {V2} \\
    $COREDATA_BASE_URL/api/v2/projects/$project_id/"""
CREATE_FILE = f"""curl -v \\
    -X POST \\
    {V2} \\
    -H "Content-Type: multipart/form-data" \\
    -F "content=@$filepathname" \\
    -F "filename=$filename" \\
    -F "title=$title" \\
    -F "parent=$parent" \\
    $COREDATA_BASE_URL/api/v2/files/"""
RESERVE = """curl -v \\
    -X POST -G \\
    -H "Authorization: apikey $API_KEY" \\
    --data-urlencode "content_type=$content_type" \\
    --data-urlencode "content_length=$content_length" \\
    $COREDATA_BASE_URL/api/v3/blob/presigned-upload-url/"""
STORE = """curl -v \\
    -X PUT \\
    -H "Content-Type: $content_type" \\
    -H "Slug: $filename" \\
    --data-binary "@$filepathname" \\
    $presigned_url"""
REGISTER = f"""curl -v \\
    -X POST \\
    {V2} \\
    -H "Content-Type: multipart/form-data" \\
    -F "blob_name=$blob_name" \\
    -F "filename=$filename" \\
    -F "title=$title" \\
    -F "parent=$project_id" \\
    $COREDATA_BASE_URL/api/v2/files/"""
UPDATE_FILE = f"""curl -v \\
    -X PUT \\
    {V2} \\
    -H "Content-Type: application/json" \\
    -d "{{\\"title\\": \\"$title\\", \\"filename\\": \\"$filename\\", \\"parent\\": \\"$parent\\"}}" \\
    $COREDATA_BASE_URL/api/v2/files/$file_id/"""
UPLOAD_CONTENT = f"""curl -v \\
    -X PUT -G \\
    {V2} \\
    -H "Content-Type: application/octet-stream" \\
    --data-binary "@$filepathname" \\
    $COREDATA_BASE_URL/api/v2/files/$file_id/content/?filename=$filename"""
REGISTER_CONTENT = f"""curl -v \\
    -X PUT \\
    {V2} \\
    "$COREDATA_BASE_URL/api/v2/files/$file_id/content/?blob_name=$blob_name&digest=$filedigest\""""
DELETE_FILE = f"""curl -v \\
    -X DELETE \\
    {V2} \\
    $COREDATA_BASE_URL/api/v2/files/$file_id/"""

S = "/api/v2/service"
FIVEPM = (
    ("GET", f"{S}/get/authentication/signIn?login=<login>&password=<password>"),
    ("GET", f"{S}/get/authentication/getAuthorizedUser?login=<login>&password=<password>"),
    ("GET", f"{S}/get/authentication/getAuthorizedUser?sessionId=<sessionId>"),
    ("GET", f"{S}/get/metainfo/getStatuses?login=<login>&password=<password>"),
    ("GET", f"{S}/get/metainfo/getStatuses?sessionId=<sessionId>"),
    ("GET", f"{S}/get/metainfo/getPriorities?login=<login>&password=<password>"),
    ("GET", f"{S}/get/metainfo/getPriorities?sessionId=<sessionId>"),
    ("POST", f"{S}/post/projectsgroups/add?group[name]=<name>&sessionId=<sessionId>"),
    (
        "POST",
        f"{S}/post/projectsgroups/update?group[id]=<groupId>&projectsgroups[name]=<name>&sessionId=<sessionId>",
    ),
    ("GET", f"{S}/get/projectsgroups/getById?id=<id>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/projectsgroups/getAll?sessionId=<sessionId>"),
    ("POST", f"{S}/post/projects/add?project[name]=<name>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/projects/update?project[id]=<id>&project[name]=<name>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/projects/getById?id=<id>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/projects/getAll?sessionId=<sessionId>"),
    ("GET", f"{S}/get/projects/getList?filter[groupId]=<groupId>&sessionId=<sessionId>"),
    # The headings above the three examples print `/post/` with GET.
    ("GET", f"{S}/post/projects/getById?id=<id>&sessionId=<sessionId>"),
    ("GET", f"{S}/post/projects/getAll?sessionId=<sessionId>"),
    ("GET", f"{S}/post/projects/getList?filter[groupId]=<groupId>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/tasks/add?task[name]=<name>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/tasks/update?task[id]=<id>&task[name]=<name>&sessionId=<sessionId>"),
    # Printed twice: for a task, and by mistake for a user.
    ("GET", f"{S}/get/tasks/getById?id=<id>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/tasks/getList?sessionId=<sessionId>"),
    ("POST", f"{S}/post/users/add?user[firstName]=<name>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/users/update?user[id]=<userId>&user[lastName]=<name>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/users/getByEmail?email=<email>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/users/getAll?sessionId=<sessionId>"),
    (
        "POST",
        f"{S}/post/activity/add?activity[taskId]=<taskId>&activity[type]=msg&activity[text]=<text>"
        "&sessionId=<sessionId>",
    ),
    ("POST", f"{S}/post/activity/update?activity[id]=<id>&activity[text]=<text>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/activity/getById?id=<id>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/activity/getList?sessionId=filter[taskId]=<taskId>&<sessionId>"),
    ("POST", f"{S}/post/activity/attachFiles?activityId=<id>&files[1][name]=<name>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/activity/getFilesList?filter[projectId]=<projectId>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/activity/downloadFile?id=1&sessionId=<sessionId>"),
    ("POST", f"{S}/get/activity/downloadFile?id=1&sessionId=<sessionId>"),
    ("POST", f"{S}/post/activity/downloadFile?id=1&sessionId=<sessionId>"),
    ("GET", f"{S}/get/activity/removeFile?id=1&sessionId=<sessionId>"),
    ("POST", f"{S}/get/activity/removeFile?id=2&sessionId=<sessionId>"),
    ("POST", f"{S}/post/activity/removeFile?id=3&sessionId=<sessionId>"),
    ("POST", f"{S}/post/activity/remove?id=<id>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/tasks/remove?id=<id>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/projects/remove?id=<id>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/users/remove?id=<userId>&sessionId=<sessionId>"),
    ("POST", f"{S}/post/projectsgroups/remove?id=<id>&sessionId=<sessionId>"),
    ("GET", f"{S}/get/authentication/signOut"),
)
"""In an order in which they work on one account: their objects are created by earlier commands."""
