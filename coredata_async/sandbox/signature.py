"""AWS Signature Version 2, query form: the signature of the storage's URLs (facts 2.2, 2.3).

Written from Amazon's rules ("Signing and authenticating REST requests"), independent of any client.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

# Query parameters that belong to the resource, and so are signed, with their decoded values.
_SUBRESOURCES = frozenset(
    (
        *(
            "acl",
            "cors",
            "delete",
            "lifecycle",
            "location",
            "logging",
            "notification",
            "partNumber",
            "policy",
        ),
        *(
            "requestPayment",
            "tagging",
            "torrent",
            "uploadId",
            "uploads",
            "versionId",
            "versioning",
            "versions",
        ),
        *("website", "response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    )
)


def string_to_sign(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return the text to be signed: verb, Content-MD5, Content-Type, Expires, x-amz headers, resource."""
    plain = {name.lower(): value for name, value in headers.items()}
    amazon = "".join(f"{name}:{plain[name].strip()}\n" for name in sorted(plain) if name.startswith("x-amz-"))
    signed = [
        f"{name}={query[name]}" if query[name] else name for name in sorted(query) if name in _SUBRESOURCES
    ]
    resource = path + ("?" + "&".join(signed) if signed else "")
    first = (method, plain.get("content-md5", ""), plain.get("content-type", ""), query.get("Expires", ""))
    return "\n".join(first) + "\n" + amazon + resource


def sign(secret: str, text: str) -> str:
    """Return the signature of a string to sign."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha1)).decode()


def sign_query(
    key: str,
    secret: str,
    *,
    method: str,
    path: str,
    expires: int,
    content_type: str = "",
    overrides: Mapping[str, str],
) -> str:
    """Return a signed query, quoted as in the vendor's sample (files-v2, Download File content).

    Everything but letters, digits and `-._~` is percent-encoded: `%3D`, `%2F`, `%27`, `%2A`, `s3f%3Amyuser`.
    """
    query = {**overrides, "AWSAccessKeyId": key, "Expires": str(expires)}
    signature = sign(secret, string_to_sign(method, path, query, {"content-type": content_type}))
    return "&".join(
        f"{name}={quote(value, safe='')}" for name, value in {**query, "Signature": signature}.items()
    )
