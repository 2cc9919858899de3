#!/usr/bin/env python3
"""Writes dialect.json: what Python's configparser and shlex, which the AWS CLI reads its files with,
make of the texts below and of random ones. Run it in this folder after changing it:

    python3 dialect.py > dialect.json

The JSON is what the Go tests hold the parser against. Files that configparser refuses are kept with
"refused": true; of those the tests want a warning.
"""
import configparser, io, json, random, shlex

BY_HAND = [
    "",
    "\n\n# nothing\n; at all\n",
    "[default]\nregion = us-east-1\n",
    "[default]\nregion=us-east-1",
    "[default]\r\nregion = us-east-1\r\noutput = json\r\n",
    "[default]\rregion = us-east-1\routput = json\r",
    "[default]\nREGION: us-east-1\nOutput:json\nurl = https://a:1/?x=y\ntime: a=b\n",
    "[default]\nregion = up ; not comment\noutput = x # neither\npct = %(region)s %s ${x}\n",
    "[default]\n  # indented comment\nregion = a\n  ; another\n  second\n\n  third\n[profile b]\nregion = c\n",
    "[default]\ns3 =\n  max = 3\n  ADDR = path=x\n\n  after = blank\nregion = x\n",
    "[default]\ns3 =\n  max = 3\n    deeper = 4\n  back = 5\n",
    "[default]\ns3 =\n\tmax = 3\n# note\n\tmin = 1\n",
    "[default]\ns3 =\n\n[profile b]\ns3 =\n  \n  a = b\n",
    "[default]\nregion = a\n  output = json\n  [profile b]\n  x = y\n",
    "  [default]\n  region = a\n  output = b\n",
    "[default]\n    region = a\n  output = b\n    third = c\n",
    "[ profile a]\nx=1\n[profile  b]\nx=2\n[profile c ]\nx=3\n[profile\td]\nx=4\n[Profile e]\nx=5\n[profileX f]\nx=6\n[profile]\nx=7\n[profile g h]\nx=8\n",
    "[profile \"my prof\"]\nx=1\n[profile 'your prof']\nx=2\n[profile my\\ own]\nx=3\n[profile a\"b c\"d]\nx=4\n[profile \"a\\\"b\\\\c\\d\"]\nx=5\n[profile 'open]\nx=6\n[profile end\\]\nx=7\n[profile '']\nx=8\n[profile \"it's\"]\nx=9\n",
    "[default]\nregion = a\noutput = x\n[profile default]\nregion = b\n",
    "[profile default]\nregion = a\noutput = x\n[default]\nregion = b\n",
    "[profile \"a\"]\nregion = a\noutput = x\n[profile c]\nregion = c\n[profile 'a']\nregion = b\n",
    "[sso-session s]\nsso_region = x\n[sso-session 's t']\nsso_region = y\n[sso-sessions u]\nsso_region = z\n[services v]\nsso =\n  endpoint_url = http://x\n[services]\na = b\n[preview]\na=b\n[default ]\na=b\n",
    "[DEFAULT]\nregion = fallback\noutput = json\n[default]\nregion = own\n[profile b]\nx = y\n",
    "[profile a]b]\nx = 1\n[profile c] ; note\ny = 1\n[profile d] # see [1]\nz = 1\n[profile e]x = 1\n",
    "[profile größe]\nrégion = ü\nÜ = ß\n[profile 日本]\nx = 日 本\n",
    "[default]\n\u00a0\u00a0region = nbsp\n\u3000wide = x\u3000\nplain = \u2003y\u2003\n",
    "[default]\na = 1\n\u00a0b = 2\n\x1cc = 3\n\x0bd\n",
    "[default]\nempty =\nblank = \t\nnext = x\n = y\n",
    "[default]\nkey with blanks   =   value with   blanks   \nkey\t=\tv\t\n",
    "[default]\na==b\nc=:d\ne:=f\n[x=y]\n[]]\nq=1\n[] = 1\n[unclosed = 2\n",
    "[default]\n\x00a = \x00b\nesc = \x1b[2J\n",
    # Refused by the AWS CLI.
    "region = x\n[default]\na = b\n",
    "\ufeff[default]\nregion = x\n",
    "[default]\nregion = x\n[default]\noutput = y\nregion = z\n",
    "[default]\nregion = x\nREGION = y\n",
    "[default]\nregion\noutput = x\n",
    "[default]\ns3 =\n  max = 1\n  oops\n  min = 2\n",
    "[default]\nsso_start_url =\n  https://x.awsapps.com/start\n",
]

PIECES = ["[default]", "[profile a]", "[profile b]", "[profile 'a']", "[profile \"c d\"]", "[profile default]", "[sso-session s]",
          "[services w]", "[ profile e]", "[other]", "[DEFAULT]", "region = x", "region=y", "output : z", "s3 =", "s3=", "a = b", "A=c", "k : v=w",
          "x = y ; z", "# note", "; note", "", "", " ", "\t", "junk", "= v", "key", "ü = é", "[a]b]", "[", "]", "[]", "nested = 1", "sso =", "e = "]
INDENTS = ["", "", "", "", " ", "  ", "    ", "\t", "\u00a0", "\u3000 "]
ENDS = ["\n", "\n", "\n", "\n", "\r\n", "\r"]


def random_text(rng):
    return "".join(rng.choice(INDENTS) + rng.choice(PIECES) + rng.choice(["", "", " ", "\t "]) + rng.choice(ENDS)
                   for _ in range(rng.randint(1, 14)))


class Refused(Exception):
    pass


def parse(text):
    """Sections in order: [[header, [[key, value or [[inner, value]…]]…]]…]"""
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
    except configparser.Error as e:
        raise Refused from e
    found = []
    for header in parser.sections():
        options = []
        for key in parser.options(header):
            value = parser.get(header, key)
            if value.startswith("\n"):
                nested = {}
                for line in value.splitlines():
                    if line.strip():
                        inner, delim, inner_value = line.strip().partition("=")
                        if not delim:
                            raise Refused
                        nested[inner.strip()] = inner_value.strip()
                value = sorted(nested.items())
            options.append([key, value])
        found.append([header, sorted(options, key=lambda o: o[0])])
    return found


def classify(found):
    kinds = {"profile": {}, "sso-session": {}, "services": {}}
    for header, options in found:
        if header == "default":
            kinds["profile"]["default"] = options
            continue
        for kind, into in kinds.items():
            if header.startswith(kind):
                try:
                    words = shlex.split(header)
                except ValueError:
                    words = []
                if len(words) == 2:
                    into[words[1]] = options
                break
    return {kind: list(into.items()) for kind, into in kinds.items()}


def case(text):
    try:
        found = parse(text)
    except Refused:
        return {"text": text, "refused": True}
    return {"text": text, "raw": found, "config": classify(found)}


def main():
    cases = [case(text) for text in BY_HAND]
    rng = random.Random(1)
    taken = 0
    while taken < 400:
        c = case(random_text(rng))
        if c.get("raw"):
            cases.append(c)
            taken += 1
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")


main()
