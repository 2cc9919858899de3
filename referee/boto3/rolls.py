"""Asks STS who it is, once for each line of its input: how many seconds its clock is ahead. Prints the access key and the ARN.

One session of boto3 asks, as in a program that runs for hours.
"""
import datetime
import sys
import time

ahead = 0.0


class Moved(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time() + ahead, tz)

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)


datetime.datetime = Moved
import boto3  # noqa: E402, which gets that clock

session = boto3.Session()
sts = session.client("sts")
for line in sys.stdin:
    ahead = float(line)
    arn = sts.get_caller_identity()["Arn"]
    print(session.get_credentials().get_frozen_credentials().access_key, arn, flush=True)
