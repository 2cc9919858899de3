#!/usr/bin/env python3
"""Writes presign.json: what the AWS SDK for Python (botocore) makes of the requests below when it presigns
them at a fixed time. Run it in this folder after changing it, with botocore at hand:

    python3 presign.py > presign.json

The JSON is what the Go tests hold Presign against, to the byte.
"""
import datetime, json, sys

import botocore.auth, botocore.awsrequest, botocore.credentials, botocore.utils

AT = "20260304T050607Z"

LONG = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)
SHORT = ("ASIAEXAMPLE", "a+b/c=", "IQoJb3JpZ2luX2VjEJr//////+wEaCXVz=+/ ~")

CASES = [
    # endpoint, operation's parameters in order, headers, service, region, seconds
    ("https://sts.eu-central-1.amazonaws.com/", [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")], {"x-k8s-aws-id": "prod"}, "sts", "eu-central-1", 60),
    ("http://127.0.0.1:8480/", [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")], {"x-k8s-aws-id": "a_cluster-1"}, "sts", "us-east-1", 60),
    ("https://sts.cn-north-1.amazonaws.com.cn/", [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")], {"x-k8s-aws-id": "  two   words "}, "sts", "cn-north-1", 60),
    ("https://example.com:8443/a/prefix/", [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")], {"x-k8s-aws-id": "p"}, "sts", "eu-west-1", 60),
    ("https://db.abc.eu-central-1.rds.amazonaws.com:5432/", [("Action", "connect"), ("DBUser", "iam_user")], {}, "rds-db", "eu-central-1", 900),
    ("https://DB.abc.eu-central-1.rds.amazonaws.com:3306/", [("Action", "connect"), ("DBUser", "ada@example.com +/%=&?ü~*'()")], {}, "rds-db", "eu-central-1", 900),
    ("https://db.abc.eu-central-1.rds.amazonaws.com:443/", [("Action", "connect"), ("DBUser", "u")], {}, "rds-db", "eu-central-1", 900),
    ("https://[::1]:5432/", [("Action", "connect"), ("DBUser", "u")], {}, "rds-db", "us-east-1", 900),
]


class Fixed(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return datetime.datetime.strptime(AT, "%Y%m%dT%H%M%SZ")


botocore.auth.datetime.datetime = Fixed
if hasattr(botocore.auth, "get_current_datetime"):
    botocore.auth.get_current_datetime = Fixed.utcnow

out = []
for endpoint, parameters, headers, service, region, seconds in CASES:
    for key, secret, token in (LONG, SHORT):
        request = botocore.awsrequest.AWSRequest(method="GET", url=endpoint, headers=dict(headers), data=dict(parameters))
        credentials = botocore.credentials.Credentials(key, secret, token)
        botocore.auth.SigV4QueryAuth(credentials, service, region, seconds).add_auth(request)
        out.append({"endpoint": endpoint, "parameters": parameters, "headers": headers, "service": service, "region": region,
                    "seconds": seconds, "key": key, "secret": secret, "token": token or "", "url": request.url})
json.dump(out, sys.stdout, indent=1, ensure_ascii=True)
print()
