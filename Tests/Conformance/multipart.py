"""An upload in parts, as a client makes it call by call."""

import base64
import hashlib

from s3 import MIB, read

# The least that a part may have, if it is not the last.
PART_BYTES_MIN = 5 * MIB


class Upload:
    def __init__(self, s3, bucket, key, **options):
        self.s3 = s3
        self.target = {"Bucket": bucket, "Key": key}
        self._checksum = "Checksum" + options.get("ChecksumAlgorithm", "")
        begun = s3.create_multipart_upload(**self.target, **options)
        self.name = self.target | {"UploadId": begun["UploadId"]}

    def send(self, number, content, **options):
        """What CompleteMultipartUpload is to say of the part."""
        answer = self.s3.upload_part(**self.name, PartNumber=number, Body=content, **options)
        named = {name: answer[name] for name in ("ETag", self._checksum) if name in answer}
        return {"PartNumber": number} | named

    def complete(self, *parts, **options):
        return self.s3.complete_multipart_upload(
            **self.name, MultipartUpload={"Parts": list(parts)}, **options)

    def abort(self):
        """Without harm where there is nothing to abort any more."""
        try:
            self.s3.abort_multipart_upload(**self.name)
        except self.s3.exceptions.NoSuchUpload:
            pass

    @property
    def is_listed(self):
        listed = self.s3.list_multipart_uploads(Bucket=self.target["Bucket"]).get("Uploads", [])
        return self.name["UploadId"] in [one["UploadId"] for one in listed]

    @property
    def content(self):
        return read(self.s3, **{name.lower(): value for name, value in self.target.items()})


def etag(*parts):
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"'


def base64_of(value):
    return base64.b64encode(value).decode()
