"""What the referee asks of an SDK, with boto3: check.py VERB PROFILE [OPERATION INPUT]...

Prints one JSON document. gosdk and js/check.mjs do the same.
"""
import json
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def credentials(session):
    c = session.get_credentials().get_frozen_credentials()
    return {"AccessKeyId": c.access_key, "SecretAccessKey": c.secret_key, "SessionToken": c.token}


def identity(session):
    answer = session.client("sts").get_caller_identity()
    return {k: answer[k] for k in ("Account", "Arn", "UserId")}


def accounts(session):
    """All accounts, a page for each."""
    token = session._session.get_auth_token().get_frozen_token().token
    pages = session.client("sso").get_paginator("list_accounts").paginate(accessToken=token, PaginationConfig={"PageSize": 1})
    return [[a["accountId"] for a in page["accountList"]] for page in pages]


def sees(session):
    """For each line of the input, a profile: what there is for whoever is signed in by now, or what is in the way."""
    for line in sys.stdin:
        session = boto3.Session(profile_name=line.strip())
        print(json.dumps({"roles": attempt(roles, session), "identity": attempt(identity, session)}), flush=True)


def attempt(ask, session):
    try:
        return {"answer": ask(session)}
    except (BotoCoreError, ClientError) as e:
        return {"error": f"{type(e).__name__}: {e}"}


def roles(session):
    token = session._session.get_auth_token().get_frozen_token().token
    sso = session.client("sso")
    found = {}
    for page in sso.get_paginator("list_accounts").paginate(accessToken=token):
        for a in page["accountList"]:
            pages = sso.get_paginator("list_account_roles").paginate(accessToken=token, accountId=a["accountId"])
            found[a["accountId"]] = [r["roleName"] for p in pages for r in p["roleList"]]
    return found


def presign(session):
    return session.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")


def version(session):
    return boto3.__version__


def call(session, *args):
    return [one_call(session, *pair) for pair in zip(args[::2], args[1::2])]


def one_call(session, operation, text):
    """One call with an input as the service model spells it. STS takes its keys from the input."""
    given = json.loads(text)
    if operation == "GetCallerIdentity":
        client = session.client("sts", aws_access_key_id=given["accessKeyId"], aws_secret_access_key=given["secretAccessKey"],
                                aws_session_token=given["sessionToken"])
        given = {}
    elif operation in ("RegisterClient", "StartDeviceAuthorization", "CreateToken"):
        client = session.client("sso-oidc")
    else:
        client = session.client("sso")
    method = {v: k for k, v in client.meta.method_to_api_mapping.items()}[operation]
    try:
        answer = getattr(client, method)(**given)
    except ClientError as e:
        meta = e.response["ResponseMetadata"]
        return {"error": {
            "modelled": type(e) is not ClientError and type(e).__name__ == e.response["Error"]["Code"],
            "code": e.response["Error"]["Code"], "status": meta["HTTPStatusCode"], "requestId": meta.get("RequestId", ""),
        }}
    answer.pop("ResponseMetadata")
    return answer


verb, profile, *rest = sys.argv[1:]
verbs = {f.__name__: f for f in (credentials, identity, accounts, sees, presign, version, call)}
try:
    answer = verbs[verb](boto3.Session(profile_name=profile or None), *rest)
    if verb != "sees":
        print(json.dumps(answer, default=str))
except (BotoCoreError, ClientError) as e:
    sys.exit(f"{type(e).__name__}: {e}")
