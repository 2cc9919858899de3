"""What the AWS CLI or boto3 makes of config files: files.py (aws-cli | boto3) FOLDER...

A folder holds a config file, a credentials file, or both. Prints one JSON document: by folder, what is in the
files, or {"refused": TEXT}.
"""
import json
import os
import sys

reader, *folders = sys.argv[1:]
if reader == "aws-cli":
    import awscli  # its botocore takes the place of the other one
else:
    import boto3

from botocore import configprovider, credentials, exceptions, session

if ("awscli" in session.__file__) != (reader == "aws-cli"):
    sys.exit(f"{session.__file__} is not the botocore of {reader}")
new_session = session.Session if reader == "aws-cli" else lambda: boto3.Session()._session


def ask(question, *args):
    try:
        return question(*args)
    except exceptions.InvalidConfigError as e:
        return str(e)


def read(folder):
    os.environ["AWS_CONFIG_FILE"] = os.path.join(folder, "config")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.path.join(folder, "credentials")
    try:
        s = new_session()
        names, full = s.available_profiles, s.full_config
    except exceptions.ConfigParseError as e:
        return {"refused": str(e).replace(folder + "/", "")}

    def sign_in(name):
        """Where a profile's role credentials come from, as the provider of SSO credentials says."""
        return credentials.SSOProvider(lambda: full, None, name)._load_sso_config()

    def endpoint(name, service):
        return configprovider.ConfiguredEndpointProvider(full, full["profiles"][name], service, {}).provide()

    return {
        "profiles": [(name, full["profiles"][name]) for name in names],
        "sessions": list(full.get("sso_sessions", {}).items()),
        "signIn": {name: ask(sign_in, name) for name in names},
        "endpoints": {name: {service: ask(endpoint, name, service) for service in ("sso-oidc", "sso", "sts")} for name in names},
    }


print(json.dumps({folder: read(folder) for folder in folders}))
