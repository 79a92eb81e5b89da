"""The far end of a benchmark notices what a client does wrong."""

import json

from benchmarks.far.truth import Truth

FIELDS = (b"filename", b"title", b"parent")
FORM = b'name="blob_name"\r\n\r\n%s\r\n' + b"".join(b'name="%b"\r\n\r\nx\r\n' % each for each in FIELDS)


def reserved(truth, length):
    truth.storages = ["http://s"]
    target = b"/api/v3/blob/presigned-upload-url/?content_length=%d&content_type=a%%2Fb" % length
    _, _, body = truth.api(b"POST", target, b"")
    return json.loads(body)["blobName"].encode()


def put(truth, blob, length):
    return truth.bucket(b"PUT", b"/laika/" + blob + b"?Signature=s", length, "d1")[0]


def register(truth, form):
    return truth.api(b"POST", b"/api/v2/files/", form)[0]


def counts(truth):
    return json.loads(truth.api(b"GET", b"/truth", b"")[2])


def test_three_steps_make_a_file():
    truth = Truth()
    blob = reserved(truth, 5)

    assert put(truth, blob, 5) == 200
    assert register(truth, FORM % blob) == 201
    assert counts(truth) == {"files": 1, "put": 1, "wrong": 0}


def test_a_body_of_another_length_is_wrong():
    truth = Truth()

    assert put(truth, reserved(truth, 5), 4) == 400
    assert counts(truth) == {"files": 0, "put": 0, "wrong": 1}


def test_a_blob_that_was_not_put_is_not_registered():
    truth = Truth()

    assert register(truth, FORM % reserved(truth, 5)) == 400
    assert counts(truth)["wrong"] == 1


def test_a_blob_is_not_registered_twice():
    truth = Truth()
    blob = reserved(truth, 5)
    put(truth, blob, 5)

    assert [register(truth, FORM % blob) for _ in range(2)] == [201, 400]
    assert counts(truth) == {"files": 1, "put": 1, "wrong": 1}


def test_a_form_without_a_field_is_wrong():
    truth = Truth()
    blob = reserved(truth, 5)
    put(truth, blob, 5)

    assert register(truth, (FORM % blob).replace(b"title", b"other")) == 400


def test_digests_are_counted():
    truth = Truth()
    put(truth, reserved(truth, 5), 5)

    assert truth.digests == {"d1": 1}
