"""Tests of Signature Version 2, with Amazon's own examples."""

from coredata_async.sandbox.signature import sign, sign_query, string_to_sign

# "Signing and authenticating REST requests", Amazon S3 developer guide.
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def test_amazons_query_string_example():
    query = {"AWSAccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Expires": "1175139620"}

    text = string_to_sign("GET", "/johnsmith/photos/puppy.jpg", query, {})

    assert text == "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg"
    assert sign(SECRET, text) == "NpgCjnDzrM+WFzoENXmpNDUsSn8="


def test_amazons_upload_example_signs_md5_type_and_amazon_headers():
    headers = {
        "User-Agent": "curl/7.15.5",
        "x-amz-acl": "public-read",
        "Content-Type": "application/x-download",
        "Content-MD5": "4gJE4saaMU4BqNR0kLY+lw==",
        "X-Amz-Meta-FileChecksum": "0x02661779",
        "X-Amz-Meta-ReviewedBy": "joe@johnsmith.net,jane@johnsmith.net",
    }

    assert string_to_sign("PUT", "/static/db-backup.dat.gz", {"Expires": "1"}, headers) == (
        "PUT\n4gJE4saaMU4BqNR0kLY+lw==\napplication/x-download\n1\nx-amz-acl:public-read\n"
        "x-amz-meta-filechecksum:0x02661779\n"
        "x-amz-meta-reviewedby:joe@johnsmith.net,jane@johnsmith.net\n/static/db-backup.dat.gz"
    )


def test_overrides_are_part_of_the_resource_decoded_and_sorted():
    query = {
        "response-content-type": "a/b",
        "Expires": "1",
        "response-content-disposition": " x; y",
        "other": "z",
    }

    assert string_to_sign("GET", "/laika/b", query, {}) == (
        "GET\n\n\n1\n/laika/b?response-content-disposition= x; y&response-content-type=a/b"
    )


def test_the_query_is_quoted_down_to_the_last_character():
    query = sign_query(
        "s3f:myuser",
        SECRET,
        method="GET",
        path="/laika/b",
        expires=1698326799,
        overrides={"response-content-disposition": " attachment; filename*=utf-8''sample.pdf"},
    )

    assert query.startswith(
        "response-content-disposition=%20attachment%3B%20filename%2A%3Dutf-8%27%27sample.pdf"
        "&AWSAccessKeyId=s3f%3Amyuser&Expires=1698326799&Signature="
    )
