"""Someone who changes things at random until the exchange dies, and knows what may have come of it."""

import base64
import copy
import hashlib
import http.client
import json
import random
from collections import Counter
from dataclasses import dataclass

import botocore.exceptions
from botocore.config import Config
from ecdsa import NIST256p, SigningKey

from exchange import PROVIDER
from holdings import UNTOLD, Account, Bucket, Holdings, Role, Upload
from multipart import PART_BYTES_MIN
from s3 import MIB
from wire import Ask

# What a connection says of an exchange that is not there any more.
CUT = (botocore.exceptions.BotoCoreError, http.client.HTTPException, OSError)

BUCKETS_MAX = 3
VERSIONS_MAX = 12
# Two of them differ in the byte order that neither a file system nor a locale would give them.
KEYS = ["a", "a/b", "a/b/c", "Straße/ü", "z"]
# One object that all tenants write.
COMMON_BUCKET, COMMON_KEY = "of-all-tenants", "contested"


@dataclass
class Change:
    """One request: how it is sent, and what it makes of the holdings.

    `apply` is given the answer, or None where nobody got one. Of a request that must be refused it is
    not called, and `refusal` is the code.
    """

    kind: str
    event: str
    send: callable
    apply: callable
    refusal: str = None
    bucket: str = None
    # Of a completion, what it takes to ask for it again.
    completed: "Completed" = None


@dataclass
class Completed:
    id: str
    bucket: str
    key: str
    parts: list
    etag: str
    version: str = None


class Cut(Exception):
    """The exchange went away before it answered."""


class Unexpected(AssertionError):
    """It answered otherwise than it must."""


class Tenant:
    """One of several who work as the provider's administrator, each with buckets, roles and accounts of
    its own."""

    def __init__(self, exchange, number):
        self.exchange = exchange
        self.number = number
        self.name = f"tenant-{number}"
        self.holdings = Holdings()
        self.draw = random.Random(number)
        # By ETag, of everything that was ever sent: the SHA-256, or of an upload in parts their ETags
        # and sizes.
        self.contents = {}
        self.completed = []
        self.told = {"null"}
        # In this round: the change that was not answered, and buckets that were changed.
        self.in_flight = None
        self.touched = set()
        self.common_etag = self.common_etag_in_flight = None
        # By the trail's name of the event.
        self.acknowledged, self.perhaps = Counter(), Counter()
        self.kinds = Counter()
        # (kind, request id, code of the refusal).
        self.requests = []
        self._weighted = [
            kind for kind, weight in [
                (self.put, 12), (self.delete, 4), (self.delete_version, 5), (self.delete_several, 3),
                (self.copy, 4), (self.contest, 2), (self.create_bucket, 3), (self.delete_bucket, 3),
                (self.empty_bucket, 2), (self.switch_versioning, 3), (self.put_policy, 2),
                (self.delete_policy, 2), (self.put_tags, 2), (self.delete_tags, 1),
                (self.create_upload, 4), (self.put_part, 8), (self.copy_part, 2),
                (self.complete, 5), (self.complete_again, 2), (self.abort, 2),
                (self.create_role, 3), (self.delete_role, 2), (self.put_role_policy, 4),
                (self.delete_role_policy, 2), (self.change_trust, 2), (self.add_account, 2),
                (self.enrol, 3), (self.cut_off, 2), (self.lift, 2), (self.revoke_key, 1),
            ] for _ in range(weight)]

    @property
    def all_kinds(self):
        return {kind.__name__ for kind in self._weighted}

    def connect(self):
        """Makes the clients anew, for the exchange that answers now."""
        provider = self.exchange.provider
        config = Config(
            retries={"total_max_attempts": 1}, user_agent_extra=f"md/{self.name}",
            connect_timeout=10, read_timeout=60)
        self.keys = provider.keys
        self.s3, self.iam = provider.client("s3", config=config), provider.client("iam", config=config)

    # A round

    def work(self, seed):
        """Makes changes until one is not answered."""
        self.draw = random.Random(seed)
        self.in_flight, self.touched = None, set()
        self.common_etag = self.common_etag_in_flight = None
        try:
            while True:
                self._make(self._next())
        except Cut:
            pass

    def _next(self):
        while (change := self.draw.choice(self._weighted)()) is None:
            pass
        return change

    def _make(self, change):
        if change.bucket:
            self.touched.add(change.bucket)
        try:
            answer = change.send()
        except botocore.exceptions.ClientError as error:
            said = error.response["Error"]
            self._refused(change, said["Code"], error.response["ResponseMetadata"]["RequestId"], error)
        except CUT:
            self.in_flight = change
            raise Cut from None
        else:
            if isinstance(answer, dict):
                request = answer["ResponseMetadata"]["RequestId"]
            else:
                request = answer.request_id
                if answer.code:
                    return self._refused(change, answer.code, request, answer)
            if change.refusal:
                raise Unexpected(
                    f"{self.name}: {change.kind} was to be refused with {change.refusal}: {answer}")
            change.apply(self.holdings, answer)
            self.told |= self.holdings.ids
            self.acknowledged[change.event] += 1
            self.kinds[change.kind] += 1
            self.requests.append((change.kind, request, None))

    def _refused(self, change, code, request, answer):
        if code != change.refusal:
            raise Unexpected(
                f"{self.name}: {change.kind} was refused, request {request}: {answer!r}; to be "
                f"expected: {change.refusal or 'success'}")
        self.kinds[f"{change.kind}, refused"] += 1
        self.requests.append((change.kind, request, code))

    def settle(self, seen):
        """Compares with what the exchange shows after the cut, and goes on from there."""
        own = Holdings(
            {name: one for name, one in seen.buckets.items() if name.startswith(self.name)},
            {name: one for name, one in seen.roles.items() if name.startswith(self.name)},
            {id_: one for id_, one in seen.accounts.items() if id_.startswith(self._account_prefix)})
        change = self.in_flight
        allowed = [self.holdings]
        if change and not change.refusal:
            after = copy.deepcopy(self.holdings)
            change.apply(after, None)
            allowed.append(after)
        shown = own.shown(self.told, self.touched)
        fitting = [
            holdings for holdings in allowed if holdings.shown(self.told, self.touched) == shown]
        if not fitting:
            raise Unexpected(_difference(
                self.name, change, [one.shown(self.told, self.touched) for one in allowed], shown))
        if len(fitting) == 2:
            self.perhaps[change.event] += 1
        elif len(allowed) == 2 and fitting[0] is allowed[1]:
            self.acknowledged[change.event] += 1
            self.kinds[f"{change.kind}, not answered and done"] += 1
        self.holdings = fitting[0]
        self.holdings.learn(own)
        if change and change.completed and fitting[0] is not allowed[0]:
            done = change.completed
            done.version = self.holdings.buckets[done.bucket].versions[done.key][-1].id
            self.completed.append(done)
        self.told |= self.holdings.ids

    # Contents

    def _content(self):
        """Of 0 to 3 MiB, most of them small."""
        size = self.draw.choice([0, 1, 700, 5_000, 60_000, 200_000, 800_000, 3 * MIB])
        return self.draw.randbytes(self.draw.randrange(size // 2, size + 1))

    def _know(self, content):
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        self.contents[etag] = hashlib.sha256(content).hexdigest()
        return etag

    def check_content(self, s3, bucket, key, version):
        read = s3.get_object(Bucket=bucket, Key=key, VersionId=version.id)["Body"].read()
        parts, rest = self.contents[version.etag], read
        if isinstance(parts, str):
            parts = [(version.etag, len(read))]
        for etag, size in parts:
            if hashlib.sha256(rest[:size]).hexdigest() != self.contents[etag]:
                raise Unexpected(f"{bucket}/{key}, version {version.id}: other bytes")
            rest = rest[size:]
        if rest or len(read) != version.size:
            raise Unexpected(f"{bucket}/{key}, version {version.id}: {len(read)} bytes")

    # Draws

    def _bucket(self, fits=lambda bucket: True):
        names = sorted(name for name, bucket in self.holdings.buckets.items() if fits(bucket))
        return self.draw.choice(names) if names else None

    def _role(self, fits=lambda role: True):
        names = sorted(name for name, role in self.holdings.roles.items() if fits(role))
        return self.draw.choice(names) if names else None

    def _object(self, bucket):
        return self.draw.choice(sorted(self.holdings.buckets[bucket].objects.items()))

    def _upload(self, fits=lambda upload: True):
        found = sorted(
            (name, id_) for name, bucket in self.holdings.buckets.items()
            for id_, upload in bucket.uploads.items() if fits(upload))
        if not found:
            return None
        bucket, id_ = self.draw.choice(found)
        return bucket, id_, self.holdings.buckets[bucket].uploads[id_]

    # Objects

    def put(self):
        bucket = self._bucket(lambda one: one.version_count < VERSIONS_MAX)
        if bucket is None:
            return None
        key, content = self.draw.choice(KEYS), self._content()
        etag = self._know(content)
        return self._object_change(
            "put", "PutObject", bucket, key, etag, len(content),
            lambda: self.s3.put_object(Bucket=bucket, Key=key, Body=content))

    def copy(self):
        source, target = self._bucket(lambda one: one.objects), self._bucket()
        if source is None:
            return None
        key, version = self._object(source)
        other = self.draw.choice([one for one in KEYS if one != key])
        # A copy is of one piece.
        etag = version.etag if "-" not in version.etag else None
        if etag is None:
            return None
        return self._object_change(
            "copy", "CopyObject", target, other, etag, version.size,
            lambda: self.s3.copy_object(
                Bucket=target, Key=other,
                CopySource={"Bucket": source, "Key": key, "VersionId": version.id}))

    def _object_change(self, kind, event, bucket, key, etag, size, send):
        def apply(holdings, answer):
            if answer:
                told = answer.get("CopyObjectResult", answer)["ETag"]
                assert told == etag, (kind, bucket, key, told, etag)
            version = answer.get("VersionId") if answer else UNTOLD
            holdings.buckets[bucket].add(key, etag, size, version)

        return Change(kind, event, send, apply, bucket=bucket)

    def contest(self):
        content = self._content()
        etag = self._know(content)

        def send():
            # Until it is answered, it may have been done, or may still be.
            self.common_etag_in_flight = etag
            return self.s3.put_object(Bucket=COMMON_BUCKET, Key=COMMON_KEY, Body=content)

        def apply(_, answer):
            if answer:
                self.common_etag, self.common_etag_in_flight = etag, None

        return Change("contest", "PutObject", send, apply)

    def delete(self):
        bucket = self._bucket(lambda one: one.versions)
        if bucket is None:
            return None
        key = self.draw.choice(sorted(self.holdings.buckets[bucket].versions))

        def apply(holdings, answer):
            version = answer.get("VersionId") if answer else UNTOLD
            holdings.buckets[bucket].delete(key, version)

        return Change(
            "delete", "DeleteObject", lambda: self.s3.delete_object(Bucket=bucket, Key=key), apply,
            bucket=bucket)

    def delete_version(self):
        bucket = self._bucket(lambda one: one.versions)
        if bucket is None:
            return None
        key, versions = self.draw.choice(sorted(self.holdings.buckets[bucket].versions.items()))
        version = self.draw.choice(versions).id
        return Change(
            "delete_version", "DeleteObject",
            lambda: self.s3.delete_object(Bucket=bucket, Key=key, VersionId=version),
            lambda holdings, _: holdings.buckets[bucket].remove(key, version), bucket=bucket)

    def delete_several(self):
        bucket = self._bucket(lambda one: one.versions)
        if bucket is None:
            return None
        known = sorted(self.holdings.buckets[bucket].versions)
        keys = self.draw.sample(known, self.draw.randint(1, len(known)))

        def apply(holdings, answer):
            markers = {
                one["Key"]: one.get("DeleteMarkerVersionId")
                for one in (answer or {}).get("Deleted", [])}
            if answer:
                assert sorted(markers) == sorted(keys), answer
            for key in keys:
                holdings.buckets[bucket].delete(key, markers.get(key, UNTOLD))

        return self._delete_objects(
            "delete_several", bucket, [{"Key": key} for key in keys], apply)

    def empty_bucket(self):
        bucket = self._bucket(lambda one: one.version_count > 4)
        if bucket is None:
            return None
        every = [
            {"Key": key, "VersionId": version.id}
            for key, versions in self.holdings.buckets[bucket].versions.items()
            for version in versions]

        def apply(holdings, answer):
            holdings.buckets[bucket].versions.clear()
            if answer:
                assert len(answer["Deleted"]) == len(every), answer

        return self._delete_objects("empty_bucket", bucket, every, apply)

    def _delete_objects(self, kind, bucket, objects, apply):
        return Change(
            kind, "DeleteObjects",
            lambda: self.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects}), apply,
            bucket=bucket)

    # Buckets

    def create_bucket(self):
        name = f"{self.name}-bucket-{self.draw.randrange(BUCKETS_MAX)}"

        def apply(holdings, _):
            holdings.buckets[name] = Bucket()

        return Change(
            "create_bucket", "CreateBucket", lambda: self.s3.create_bucket(Bucket=name), apply,
            refusal="BucketAlreadyOwnedByYou" if name in self.holdings.buckets else None, bucket=name)

    def delete_bucket(self):
        name = self._bucket()
        if name is None:
            return None
        return Change(
            "delete_bucket", "DeleteBucket", lambda: self.s3.delete_bucket(Bucket=name),
            lambda holdings, _: holdings.buckets.pop(name),
            refusal=None if self.holdings.buckets[name].is_empty else "BucketNotEmpty", bucket=name)

    def _setting(self, kind, event, send, value, name, attribute):
        """A change of one attribute of a bucket."""
        return Change(
            kind, event, send,
            lambda holdings, _: setattr(holdings.buckets[name], attribute, value), bucket=name)

    def switch_versioning(self):
        name = self._bucket()
        if name is None:
            return None
        status = self.draw.choice(["Enabled", "Enabled", "Suspended"])
        return self._setting(
            "switch_versioning", "PutBucketVersioning", lambda: self.s3.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": status}), status, name, "versioning")

    def put_policy(self):
        name = self._bucket()
        if name is None:
            return None
        policy = {"Version": "2012-10-17", "Statement": [{
            "Sid": f"S{self.draw.randrange(1_000_000)}", "Effect": "Deny", "Action": ["s3:GetObject"],
            "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
            "Resource": f"arn:aws:s3:::{name}/*"}]}
        return self._setting(
            "put_policy", "PutBucketPolicy",
            lambda: self.s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy)),
            policy, name, "policy")

    def delete_policy(self):
        name = self._bucket(lambda one: one.policy)
        if name is None:
            return None
        return self._setting(
            "delete_policy", "DeleteBucketPolicy",
            lambda: self.s3.delete_bucket_policy(Bucket=name), None, name, "policy")

    def put_tags(self):
        name = self._bucket()
        if name is None:
            return None
        tags = {
            f"tag-{number}": str(self.draw.random()) for number in range(self.draw.randint(1, 9))}
        return self._setting(
            "put_tags", "PutBucketTagging", lambda: self.s3.put_bucket_tagging(
                Bucket=name,
                Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}),
            tags, name, "tags")

    def delete_tags(self):
        name = self._bucket(lambda one: one.tags)
        if name is None:
            return None
        return self._setting(
            "delete_tags", "DeleteBucketTagging",
            lambda: self.s3.delete_bucket_tagging(Bucket=name), None, name, "tags")

    # Uploads in parts

    def create_upload(self):
        bucket = self._bucket(lambda one: len(one.uploads) < 3)
        if bucket is None:
            return None
        key = self.draw.choice(KEYS)

        def apply(holdings, answer):
            holdings.buckets[bucket].uploads[answer["UploadId"] if answer else UNTOLD] = Upload(key)

        return Change(
            "create_upload", "CreateMultipartUpload",
            lambda: self.s3.create_multipart_upload(Bucket=bucket, Key=key), apply, bucket=bucket)

    def put_part(self):
        """A new one, or one in the place of another."""
        found = self._upload()
        if found is None:
            return None
        bucket, id_, upload = found
        number = self.draw.randint(1, 3)
        # Only the last one may be small.
        is_large = self.draw.random() < 0.2
        content = self.draw.randbytes(PART_BYTES_MIN) if is_large else self._content()
        etag = self._know(content)
        return self._part_change(
            "put_part", "UploadPart", bucket, id_, number, etag, len(content),
            lambda: self.s3.upload_part(
                Bucket=bucket, Key=upload.key, UploadId=id_, PartNumber=number, Body=content))

    def copy_part(self):
        found, source = self._upload(), self._bucket(lambda one: one.objects)
        if found is None or source is None:
            return None
        bucket, id_, upload = found
        key, version = self._object(source)
        if "-" in version.etag:
            return None
        number = self.draw.randint(1, 3)
        return self._part_change(
            "copy_part", "UploadPartCopy", bucket, id_, number, version.etag, version.size,
            lambda: self.s3.upload_part_copy(
                Bucket=bucket, Key=upload.key, UploadId=id_, PartNumber=number,
                CopySource={"Bucket": source, "Key": key, "VersionId": version.id}))

    def _part_change(self, kind, event, bucket, id_, number, etag, size, send):
        def apply(holdings, answer):
            if answer:
                told = answer.get("CopyPartResult", answer)["ETag"]
                assert told == etag, (kind, bucket, id_, number, told, etag)
            holdings.buckets[bucket].uploads[id_].parts[number] = (etag, size)

        return Change(kind, event, send, apply, bucket=bucket)

    def _chosen(self, upload):
        """Of an upload's parts those that can be completed: large ones, and one behind them."""
        numbers = sorted(upload.parts)
        large = [number for number in numbers if upload.parts[number][1] >= PART_BYTES_MIN]
        last = [number for number in numbers if number > max(large, default=0)][:1]
        return large + last

    def complete(self):
        found = self._upload(lambda upload: upload.parts)
        return found and self.completion(*found)

    def completion(self, bucket, id_, upload):
        numbers = self._chosen(upload)
        parts = [upload.parts[number] for number in numbers]
        digests = b"".join(bytes.fromhex(etag.strip('"')) for etag, _ in parts)
        etag = f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"'
        self.contents[etag] = parts
        named = [{"PartNumber": number, "ETag": upload.parts[number][0]} for number in numbers]

        done = Completed(id_, bucket, upload.key, named, etag)

        def apply(holdings, answer):
            if answer:
                assert answer["ETag"] == etag, (bucket, id_, answer)
                done.version = answer.get("VersionId")
                self.completed.append(done)
            del holdings.buckets[bucket].uploads[id_]
            version = answer.get("VersionId") if answer else UNTOLD
            holdings.buckets[bucket].add(upload.key, etag, sum(size for _, size in parts), version)

        return Change(
            "complete", "CompleteMultipartUpload", lambda: self._send(done), apply, bucket=bucket,
            completed=done)

    def _send(self, completed):
        return self.s3.complete_multipart_upload(
            Bucket=completed.bucket, Key=completed.key, UploadId=completed.id,
            MultipartUpload={"Parts": completed.parts})

    def complete_again(self):
        """As a client does that got no answer: it gets the same, as long as the object is there."""
        known = [
            done for done in self.completed[-5:]
            if done.bucket in self.holdings.buckets and done.version not in (None, "null")]
        if not known:
            return None
        done = self.draw.choice(known)
        versions = self.holdings.buckets[done.bucket].versions.get(done.key, [])
        is_there = done.version in [one.id for one in versions]

        def apply(_, answer):
            if answer:
                assert (answer["ETag"], answer["VersionId"]) == (done.etag, done.version), answer

        return Change(
            "complete_again", "CompleteMultipartUpload", lambda: self._send(done), apply,
            refusal=None if is_there else "NoSuchUpload", bucket=done.bucket)

    def abort(self):
        found = self._upload()
        if found is None:
            return None
        bucket, id_, upload = found
        return Change(
            "abort", "AbortMultipartUpload",
            lambda: self.s3.abort_multipart_upload(Bucket=bucket, Key=upload.key, UploadId=id_),
            lambda holdings, _: holdings.buckets[bucket].uploads.pop(id_), bucket=bucket)

    # Roles

    def _document(self, **statement):
        sid = f"S{self.draw.randrange(1_000_000)}"
        return {"Version": "2012-10-17", "Statement": [{"Sid": sid, "Effect": "Allow"} | statement]}

    def _trust(self):
        return self._document(Action="sts:AssumeRole", Principal={"AWS": PROVIDER})

    def create_role(self):
        name, trust = f"{self.name}-role-{self.draw.randrange(3)}", self._trust()

        def apply(holdings, _):
            holdings.roles[name] = Role(trust)

        return Change(
            "create_role", "CreateRole", lambda: self.iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)), apply,
            refusal="EntityAlreadyExists" if name in self.holdings.roles else None)

    def delete_role(self):
        name = self._role()
        if name is None:
            return None
        return Change(
            "delete_role", "DeleteRole", lambda: self.iam.delete_role(RoleName=name),
            lambda holdings, _: holdings.roles.pop(name),
            refusal="DeleteConflict" if self.holdings.roles[name].policies else None)

    def change_trust(self):
        name, trust = self._role(), self._trust()
        if name is None:
            return None
        return Change(
            "change_trust", "UpdateAssumeRolePolicy", lambda: self.iam.update_assume_role_policy(
                RoleName=name, PolicyDocument=json.dumps(trust)),
            lambda holdings, _: setattr(holdings.roles[name], "trust", trust))

    def put_role_policy(self):
        role, name = self._role(), f"policy-{self.draw.randrange(2)}"
        if role is None:
            return None
        policy = self._document(Action=["s3:GetObject"], Resource="arn:aws:s3:::any-bucket/*")

        def apply(holdings, _):
            holdings.roles[role].policies[name] = policy

        return Change(
            "put_role_policy", "PutRolePolicy", lambda: self.iam.put_role_policy(
                RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy)), apply)

    def delete_role_policy(self):
        role = self._role(lambda one: one.policies)
        if role is None:
            return None
        name = self.draw.choice(sorted(self.holdings.roles[role].policies))
        return Change(
            "delete_role_policy", "DeleteRolePolicy",
            lambda: self.iam.delete_role_policy(RoleName=role, PolicyName=name),
            lambda holdings, _: holdings.roles[role].policies.pop(name))

    # Accounts

    @property
    def _account_prefix(self):
        return str(3 + self.number)

    def _account(self, fits=lambda account: True):
        ids = sorted(id_ for id_, account in self.holdings.accounts.items() if fits(account))
        return self.draw.choice(ids) if ids else None

    def _bourse(self, method, path, body=b"", is_signed=True):
        headers = {"User-Agent": self.name}
        ask = Ask("rest-json", "bourse", method, f"/bourse/v1{path}", headers, body)
        return ask.send(
            self.exchange, ask.signed(self.exchange, self.keys) if is_signed else headers)

    def add_account(self):
        """A new one, or a new name and a new code for one that there is."""
        id_ = f"{self._account_prefix}{self.draw.randrange(3):011}"
        name = f"Account {self.draw.random()}"
        body = json.dumps({"AccountId": id_, "DisplayName": name}).encode()

        def apply(holdings, answer):
            account = holdings.accounts.setdefault(id_, Account(name))
            account.name = name
            account.code = json.loads(answer.body)["EnrolmentCode"] if answer else None

        return Change(
            "add_account", "AddAccount", lambda: self._bourse("POST", "/accounts", body), apply)

    def enrol(self):
        id_ = self._account(lambda account: account.code)
        if id_ is None:
            return None
        account = self.holdings.accounts[id_]
        key = SigningKey.generate(NIST256p, entropy=self.draw.randbytes).verifying_key
        key_id = "bourse-" + hashlib.sha256(key.to_der()).hexdigest()[:32]
        body = json.dumps({"Code": account.code, "PublicKey": _pem(key)}).encode()

        def apply(holdings, answer):
            assert answer is None or json.loads(answer.body)["KeyId"] == key_id, answer
            holdings.accounts[id_].keys.add(key_id)
            holdings.accounts[id_].code = None

        return Change(
            "enrol", "EnrollKey", lambda: self._bourse("POST", "/enroll", body, is_signed=False), apply,
            refusal="EnrolmentRefusedException" if account.is_cut_off else None)

    def _admission(self, kind, event, method, is_cut_off):
        id_ = self._account()
        if id_ is None:
            return None
        return Change(
            kind, event, lambda: self._bourse(method, f"/accounts/{id_}/cutoff"),
            lambda holdings, _: setattr(holdings.accounts[id_], "is_cut_off", is_cut_off))

    def cut_off(self):
        return self._admission("cut_off", "CutOffAccount", "PUT", True)

    def lift(self):
        return self._admission("lift", "LiftCutOff", "DELETE", False)

    def revoke_key(self):
        id_ = self._account(lambda account: account.keys)
        if id_ is None:
            return None
        key = self.draw.choice(sorted(self.holdings.accounts[id_].keys))
        return Change(
            "revoke_key", "RevokeKey", lambda: self._bourse("DELETE", f"/accounts/{id_}/keys/{key}"),
            lambda holdings, _: holdings.accounts[id_].keys.remove(key))


def _pem(key):
    """As the exchange reads it: 64 characters a line."""
    text = base64.b64encode(key.to_der()).decode()
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def _difference(name, change, allowed, shown):
    lines = [f"{name}: after {change.kind if change else 'nothing'} was cut off, the exchange shows"]
    for which, expected in zip(["before it", "after it"], allowed):
        for noun in shown:
            for key in sorted(expected[noun].keys() | shown[noun].keys()):
                own, theirs = expected[noun].get(key), shown[noun].get(key)
                if own != theirs:
                    lines.append(f"  {noun} {key}, {which}:\n    {own}\n  but:\n    {theirs}")
    return "\n".join(lines)
