"""Write what the AWS CLI's own formatters make of the values on stdin: how ../internal/output/testdata/awscli.json
and ../internal/query/testdata/awscli.json came to be.

stdin is a JSON list of {"title": …, "value": …} or {"query": …, "value": …}; stdout is the same list with the answers.
"""
import argparse
import io
import json
import sys

import jmespath
from awscli.formatter import get_formatter


def formats(case):
    answer = {}
    for name in ("json", "text", "table", "yaml", "yaml-stream"):
        for color in ("off", "on") if name == "table" else ("off",):
            out = io.StringIO()
            # As the answer of a query, so that it need not be an object.
            args = argparse.Namespace(query=argparse.Namespace(search=lambda _: case["value"]), color=color)
            try:
                get_formatter(name, args)(case["title"], {}, out)
                answer[name + ("-color" if color == "on" else "")] = out.getvalue()
            except Exception as e:  # noqa: BLE001
                answer[name] = None
                answer[name + "-error"] = str(e)
    return answer


def search(case):
    try:
        expression = jmespath.compile(case["query"])
    except Exception as e:  # noqa: BLE001
        return {"bad": str(e)}
    try:
        return {"result": json.dumps(expression.search(json.loads(case["value"])))}
    except Exception as e:  # noqa: BLE001
        return {"fails": str(e)}


cases = json.load(sys.stdin)
for case in cases:
    case.update(search(case) if "query" in case else {"formats": formats(case)})
# Not sys.stdout: every colored table wraps that once more.
sys.__stdout__.write(json.dumps(cases, indent=1) + "\n")
