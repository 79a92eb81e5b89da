"""The sandbox's storage on a real S3 server: boto3 signs, the server checks."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError


class S3Bucket:
    """A `coredata_async.sandbox.Bucket` whose URLs lead to another server."""

    name = "laika"

    def __init__(self, endpoint: str, key: str, secret: str, signature: str, lifetime: int = 60) -> None:
        self.lifetime = lifetime
        self.signer = self._connected(endpoint, key, secret, signature)
        # s3rver knows V2 in signed URLs only.
        self.s3 = self._connected(endpoint, key, secret, "s3v4")
        self.s3.create_bucket(Bucket=self.name)

    @staticmethod
    def _connected(endpoint: str, key: str, secret: str, signature: str) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=Config(
                signature_version=signature,
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def presign_put(self, blob: str, content_length: int, content_type: str | None) -> str:
        wanted = {"Bucket": self.name, "Key": blob}
        if content_type is not None:
            wanted["ContentType"] = content_type
        return self.signer.generate_presigned_url("put_object", wanted, ExpiresIn=self.lifetime)

    def presign_get(self, blob: str, filename: str, mime_type: str) -> str:
        wanted = {
            "Bucket": self.name,
            "Key": blob,
            "ResponseContentDisposition": f"attachment; filename*=utf-8''{quote(filename, safe='')}",
            "ResponseContentType": mime_type,
        }
        return self.signer.generate_presigned_url("get_object", wanted, ExpiresIn=self.lifetime)

    async def stat(self, blob: str) -> tuple[int, str] | None:
        try:
            head = await asyncio.to_thread(self.s3.head_object, Bucket=self.name, Key=blob)
        except ClientError:
            return None
        return head["ContentLength"], head["ETag"].strip('"')

    async def store(self, blob: str, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
        data = b"".join([chunk async for chunk in chunks])
        await asyncio.to_thread(self.s3.put_object, Bucket=self.name, Key=blob, Body=data)
        return len(data), hashlib.md5(data).hexdigest()

    async def delete(self, blob: str) -> None:
        await asyncio.to_thread(self.s3.delete_object, Bucket=self.name, Key=blob)
