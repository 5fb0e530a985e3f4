"""docs/doors/aws.md lists the operations that are answered: all of them, and no other.

    BOURSE_UPDATE_DOCS=1 .venv/bin/pytest Tests/Conformance/test_documented.py     writes the list
"""

import datetime
import os
import re

import botocore.config
import botocore.exceptions

from exchange import ROOT

PAGE = ROOT / "docs/doors/aws.md"
LIST = re.compile(r"(?<=-->\n).*?(?=<!-- end of operations -->)", re.DOTALL)
UNSERVED = {"UnknownOperationException", "InvalidAction", "NotImplemented", "501"}
MODELS = {
    "Athena": "athena", "DataExchange": "dataexchange", "EventBridge": "events", "Glue": "glue",
    "IAM": "iam", "LakeFormation": "lakeformation", "S3": "s3", "SQS": "sqs", "STS": "sts",
}


def known(service):
    """The operations that the door can read."""
    text = (ROOT / f"Sources/AWSServices/{service}/{service}.swift").read_text()
    return sorted(re.findall(r"\b(\w+)\.self", text))


def least(shape):
    """The least value that the model lets through."""
    if shape.type_name == "structure":
        return {name: least(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [least(shape.member)] * max(1, shape.metadata.get("min", 0))
    return {
        "string": lambda: shape.enum[0] if shape.enum else "x" * max(3, shape.metadata.get("min", 0)),
        "blob": lambda: b"x", "boolean": lambda: True, "map": dict,
        "timestamp": lambda: datetime.datetime(2026, 1, 1),
        "integer": lambda: shape.metadata.get("min", 1), "long": lambda: shape.metadata.get("min", 1),
        "double": lambda: 1.0, "float": lambda: 1.0,
    }[shape.type_name]()


def is_served(client, operation):
    """Whatever comes of it, as long as it is not that nobody answers."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    try:
        client._make_api_call(operation, least(shape) if shape else {})
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] not in UNSERVED
    return True


def test_the_list_is_what_is_answered(exchange):
    provider = exchange.provider
    options = botocore.config.Config(
        retries={"total_max_attempts": 1}, read_timeout=30, inject_host_prefix=False)
    lines = ["| service | operations |", "| --- | --- |"]
    for service, model in MODELS.items():
        client = provider.client(model, config=options)
        served = [operation for operation in known(service) if is_served(client, operation)]
        if served:
            lines.append(f"| {service} | {', '.join(f'`{name}`' for name in served)} |")
    lines.append(f"| Bourse | {', '.join(f'`{name}`' for name in known('Bourse'))} |")
    answered = "\n".join(lines) + "\n"
    page = PAGE.read_text()
    if os.environ.get("BOURSE_UPDATE_DOCS"):
        PAGE.write_text(LIST.sub(lambda _: answered, page))
    else:
        assert LIST.search(page).group() == answered, (
            "bring the list up to date: BOURSE_UPDATE_DOCS=1 .venv/bin/pytest "
            "Tests/Conformance/test_documented.py")
