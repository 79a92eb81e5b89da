#!/bin/sh
# One file by the three commands of the vendor's page, "Upload file content directly to the storage":
# without -v, with -f so that a refusal is an error, and the digest compared, as the others do.
set -eu
API_USER=u API_KEY=k
filepathname=$1
filename=$(basename "$filepathname")
content_type=application/octet-stream
content_length=$(wc -c <"$filepathname")

blob_info=$(curl -sf -X POST -G \
    -H "Authorization: apikey $API_KEY" \
    --data-urlencode "content_type=$content_type" \
    --data-urlencode "content_length=$content_length" \
    "$COREDATA_BASE_URL/api/v3/blob/presigned-upload-url/")
blob_name=$(echo "$blob_info" | jq -r .blobName)
presigned_url=$(echo "$blob_info" | jq -r .presignedUrl)

etag=$(curl -sf -X PUT \
    -H "Content-Type: $content_type" \
    -H "Slug: $filename" \
    --data-binary "@$filepathname" \
    -o /dev/null -w '%header{etag}' \
    "$presigned_url")
test "$etag" = "\"$(md5sum <"$filepathname" | cut -c 1-32)\""

curl -sf -X POST \
    -H "Authorization: apikey $API_USER:$API_KEY" \
    -H "Content-Type: multipart/form-data" \
    -F "blob_name=$blob_name" \
    -F "filename=$filename" \
    -F "title=${filename%.*}" \
    -F "parent=$PARENT" \
    "$COREDATA_BASE_URL/api/v2/files/"
