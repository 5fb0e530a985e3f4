"""What someone has on an exchange: as it must be, and as the exchange shows it."""

import dataclasses
import json
from dataclasses import dataclass, field

from wire import Ask

# The id of what was made when nobody was told its id any more.
UNTOLD = "?"


@dataclass
class Version:
    """Of an object. A delete marker has neither ETag nor size."""

    id: str
    etag: str = None
    size: int = None

    @property
    def is_marker(self):
        return self.etag is None


@dataclass
class Upload:
    key: str
    # By number: ETag and size.
    parts: dict = field(default_factory=dict)


@dataclass
class Bucket:
    versioning: str = None
    policy: dict = None
    tags: dict = None
    # By key, the oldest first; a key without any is not here.
    versions: dict = field(default_factory=dict)
    # By upload id.
    uploads: dict = field(default_factory=dict)

    @property
    def is_empty(self):
        return not self.versions and not self.uploads

    @property
    def version_count(self):
        return sum(len(versions) for versions in self.versions.values())

    @property
    def part_count(self):
        return sum(len(upload.parts) for upload in self.uploads.values())

    @property
    def objects(self):
        """By key, the version that a reader gets who names none."""
        latest = {key: versions[-1] for key, versions in self.versions.items()}
        return {key: version for key, version in latest.items() if not version.is_marker}

    def add(self, key, etag, size, version_id):
        """An object's new version, or a delete marker; an unversioned one replaces the one before."""
        if self.versioning != "Enabled":
            version_id = "null"
            self.remove(key, version_id)
        self.versions.setdefault(key, []).append(Version(version_id, etag, size))

    def remove(self, key, version_id):
        rest = [version for version in self.versions.get(key, []) if version.id != version_id]
        self.versions[key] = rest
        if not rest:
            del self.versions[key]

    def delete(self, key, version_id):
        """As DeleteObject does without a version."""
        if self.versioning is None:
            self.remove(key, "null")
        else:
            self.add(key, None, None, version_id)


@dataclass
class Role:
    trust: dict
    policies: dict = field(default_factory=dict)


@dataclass
class Account:
    name: str
    is_cut_off: bool = False
    keys: set = field(default_factory=set)
    # Works once. Not shown by the exchange a second time.
    code: str = field(default=None, compare=False)


@dataclass
class Holdings:
    buckets: dict = field(default_factory=dict)
    roles: dict = field(default_factory=dict)
    accounts: dict = field(default_factory=dict)

    @property
    def ids(self):
        """Of versions and uploads, as far as they were told."""
        versions = {
            version.id for bucket in self.buckets.values()
            for versions in bucket.versions.values() for version in versions}
        return versions | {id_ for bucket in self.buckets.values() for id_ in bucket.uploads}

    def shown(self, told, buckets=None):
        """For a comparison: with the order that a client sees, and without ids that it was not told.

        `buckets`: only those of them are shown in full.
        """
        return {
            "buckets": {
                name: _bucket_shown(bucket, told) if buckets is None or name in buckets else "..."
                for name, bucket in self.buckets.items()},
            "roles": {name: dataclasses.asdict(role) for name, role in self.roles.items()},
            "accounts": {
                id_: (account.name, account.is_cut_off, sorted(account.keys))
                for id_, account in self.accounts.items()},
        }

    def learn(self, seen):
        """Takes the ids that it was not told from holdings that are shown as these are."""
        for name, bucket in self.buckets.items():
            other = seen.buckets[name]
            for key, versions in bucket.versions.items():
                for is_marker in (False, True):
                    pairs = zip(
                        [one for one in versions if one.is_marker == is_marker],
                        [one for one in other.versions.get(key, []) if one.is_marker == is_marker])
                    for own, theirs in pairs:
                        own.id = theirs.id
            if UNTOLD in bucket.uploads:
                [found] = other.uploads.keys() - bucket.uploads.keys()
                bucket.uploads[found] = bucket.uploads.pop(UNTOLD)


def _bucket_shown(bucket, told):
    def name(id_):
        return id_ if id_ in told else UNTOLD

    # Versions and markers come in lists of their own: what stands between them, only the latest tells.
    versions = {
        key: {
            "versions": [(name(one.id), one.etag, one.size) for one in versions if not one.is_marker],
            "markers": [name(one.id) for one in versions if one.is_marker],
            "latest": name(versions[-1].id),
        } for key, versions in bucket.versions.items()}
    uploads = sorted((name(id_), one.key, sorted(one.parts.items()))
                     for id_, one in bucket.uploads.items())
    return {
        "versioning": bucket.versioning, "policy": bucket.policy, "tags": bucket.tags,
        "keys": versions, "uploads": uploads}


class Sight:
    """The holdings of the provider as an exchange shows them to its clients."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.provider = exchange.provider
        self.s3 = self.provider.client("s3")
        self.iam = self.provider.client("iam")
        self.keys = self.provider.keys

    def holdings(self, buckets):
        """Everything, but of buckets only those in full that `buckets(name)` says."""
        named = [one["Name"] for one in self.s3.list_buckets()["Buckets"]]
        return Holdings(
            {name: self.bucket(name) if buckets(name) else Bucket() for name in named},
            self.roles(), self.accounts())

    def bucket(self, name):
        s3, bucket = self.s3, Bucket()
        bucket.versioning = s3.get_bucket_versioning(Bucket=name).get("Status")
        bucket.policy = self._policy(name)
        bucket.tags = self._tags(name)
        listed = s3.list_object_versions(Bucket=name)
        assert not listed["IsTruncated"]
        latest = {}
        for one in listed.get("Versions", []) + listed.get("DeleteMarkers", []):
            version = Version(one["VersionId"], one.get("ETag"), one.get("Size"))
            # The newest came first.
            bucket.versions.setdefault(one["Key"], []).insert(0, version)
            if one["IsLatest"]:
                assert one["Key"] not in latest, f"{name}/{one['Key']} has two latest versions"
                latest[one["Key"]] = version
        for key, versions in bucket.versions.items():
            versions.sort(key=lambda one: one is latest[key])
        objects = s3.list_objects_v2(Bucket=name).get("Contents", [])
        assert {one["Key"]: (one["ETag"], one["Size"]) for one in objects} == {
            key: (one.etag, one.size) for key, one in bucket.objects.items()}
        for one in s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
            parts = s3.list_parts(Bucket=name, Key=one["Key"], UploadId=one["UploadId"])
            bucket.uploads[one["UploadId"]] = Upload(one["Key"], {
                part["PartNumber"]: (part["ETag"], part["Size"]) for part in parts.get("Parts", [])})
        return bucket

    def _policy(self, name):
        try:
            return json.loads(self.s3.get_bucket_policy(Bucket=name)["Policy"])
        except self.s3.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchBucketPolicy", error
            return None

    def _tags(self, name):
        try:
            tags = self.s3.get_bucket_tagging(Bucket=name)["TagSet"]
        except self.s3.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchTagSet", error
            return None
        return {tag["Key"]: tag["Value"] for tag in tags}

    def roles(self):
        roles = {}
        for one in self.iam.list_roles(MaxItems=1000)["Roles"]:
            name = one["RoleName"]
            policies = self.iam.list_role_policies(RoleName=name)["PolicyNames"]
            roles[name] = Role(one["AssumeRolePolicyDocument"], {
                policy: self.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in policies})
        return roles

    def accounts(self):
        ask = Ask("rest-json", "bourse", "GET", "/bourse/v1/accounts?maxResults=100")
        answer = ask.send(self.exchange, ask.signed(self.exchange, self.keys))
        assert answer.status == 200, answer
        return {
            one["AccountId"]: Account(
                one["DisplayName"], one["IsCutOff"], {key["KeyId"] for key in one["Keys"]})
            for one in json.loads(answer.body)["Accounts"]}
