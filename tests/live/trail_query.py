"""Queries against a naive evaluation over the JSON, written from the documentation of the query language and of an event's
fields alone. A query is a tree: printed for the program, evaluated here."""
import collections, gzip, ipaddress, json, random, re
from datetime import datetime, timedelta, timezone

from trail_kit import brief, check, files_under, make, name_of, run

def text_of(of, key):
    value = of.get(key) if isinstance(of, dict) else None
    return value if isinstance(value, str) and value else None


def resource_of(arn):
    parts = (arn or "").split(":", 5)
    return parts[5] if len(parts) == 6 and parts[0] == "arn" else ""


def principal_of(identity):
    kind, resource = text_of(identity, "type"), resource_of(text_of(identity, "arn"))
    last = resource.split("/")[-1] or None
    issuer = text_of(((identity.get("sessionContext") or {}) if isinstance(identity.get("sessionContext"), dict) else {}).get("sessionIssuer") or {}, "userName")
    named = text_of(identity, "userName")
    second = resource.split("/")[1] if "/" in resource else None
    behalf = text_of(identity.get("onBehalfOf") or {}, "userId")
    first = {"AssumedRole": issuer or second or named, "Root": "root", "AWSService": text_of(identity, "invokedBy"), "AWSAccount": text_of(identity, "accountId"),
             "FederatedUser": last or issuer, "IdentityCenterUser": named or behalf}.get(kind, named or last or issuer)
    return first or last or text_of(identity, "principalId") or text_of(identity, "invokedBy") or text_of(identity, "accountId") or "unknown"


def session_of(identity):
    resource = resource_of(text_of(identity, "arn"))
    if resource.startswith("assumed-role/"):
        rest = resource[len("assumed-role/"):]
        return rest.split("/", 1)[1] if "/" in rest else None
    principal = text_of(identity, "principalId")
    return principal.split(":", 1)[1] if text_of(identity, "type") == "AssumedRole" and principal and ":" in principal else None


def category_of(value):
    known = {"Management": "Management", "Data": "Data", "NetworkActivity": "NetworkActivity", "Insight": "Insight"}
    if isinstance(value.get("eventCategory"), str):
        return known.get(value["eventCategory"], "Other")
    return {True: "Management", "true": "Management", False: "Data", "false": "Data"}.get(value.get("managementEvent"), "Other")


def flag_of(value):
    return {True: True, False: False, "true": True, "false": False}.get(value) if isinstance(value, (bool, str)) else None


def table_of(text):
    """A table's name, given as one or as the ARN of the table, its index, stream, backup or export."""
    if not text.startswith("arn:"):
        return text or None
    parts = text.split(":", 5)
    found = re.match(r"(?:global-)?table/([^/]+)", parts[5]) if len(parts) == 6 and parts[2] == "dynamodb" else None
    return found and found[1]


NAMING = {"tablename", "tablearn", "resourcearn", "sourcetablename", "targettablename", "globaltablename", "sourcetablearn"}
CONTENT = {"key", "item", "items", "expressionAttributeValues", "expressionAttributeNames"}


def tables_of(value):
    """Tables that a record speaks of: named as such in a call to DynamoDB, by ARN anywhere, or in an encryption context."""
    found, source = set(), text_of(value, "eventSource") or ""
    dynamodb = source.startswith(("dynamodb", "dax."))

    def look(of):
        if isinstance(of, str):
            found.add(table_of(of) if of.startswith("arn:") else None)
        elif isinstance(of, list):
            [look(inner) for inner in of]
        elif isinstance(of, dict):
            for key, inner in of.items():
                if isinstance(inner, str) and (dynamodb and key.lower() in NAMING or re.sub("[^a-z]", "", key.lower()) == "awsdynamodbtablename"):
                    found.add(table_of(inner))
                elif isinstance(inner, dict) and dynamodb and key == "requestItems":
                    found.update(table_of(name) for name in inner)
                elif not (dynamodb and key in CONTENT):
                    look(inner)
    for part in ("requestParameters", "responseElements", "serviceEventDetails"):
        look(value.get(part))
    for resource in value.get("resources") or [] if isinstance(value.get("resources"), list) else []:
        for key in ("ARN", "arn"):
            if isinstance(resource, dict) and isinstance(resource.get(key), str) and resource[key].startswith("arn:"):
                found.add(table_of(resource[key]))
    return sorted(found - {None})


class Row:
    def __init__(self, value, raw):
        identity = value.get("userIdentity") if isinstance(value.get("userIdentity"), dict) else {}
        agent = text_of(value, "userAgent")
        self.value, self.raw = value, raw
        self.time = instant(value.get("eventTime"))
        self.fields = {
            "id": text_of(value, "eventID"), "name": name_of(value), "source": text_of(value, "eventSource") or "", "region": text_of(value, "awsRegion") or "",
            "account": text_of(value, "recipientAccountId") or text_of(identity, "accountId") or "", "principal": principal_of(identity), "principal_arn": text_of(identity, "arn"),
            "session": session_of(identity), "access_key": text_of(identity, "accessKeyId"), "ip": text_of(value, "sourceIPAddress"), "user_agent": agent,
            "error": text_of(value, "errorCode"), "vpce": text_of(value, "vpcEndpointId"), "category": category_of(value), "read_only": flag_of(value.get("readOnly")), "self": "app/dynakeep" in (agent or ""),
            "table": tables_of(value)}


def instant(text):
    if not isinstance(text, str):
        return None
    for shape in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%b %d, %Y %I:%M:%S %p"):
        try:
            return datetime.strptime(re.sub(r"\.\d+$", "", text), shape).replace(tzinfo=timezone.utc)
        except ValueError:
            pass
    return None


# Not `arn` for `principal_arn`: what begins with `arn:` is a pasted ARN, so text.
ALIASES = {"name": ["name", "event"], "source": ["source", "service"], "principal": ["principal", "by", "user", "role"], "access_key": ["access_key", "key"],
           "ip": ["ip", "address"], "user_agent": ["user_agent", "agent"], "read_only": ["read_only", "readonly"], "vpce": ["vpce", "endpoint"], "id": ["id", "event_id"], "table": ["table", "tables"], "self": ["self", "own"]}


def moment(text):
    """A date is a day, a time to the minute a minute, to the second a second."""
    for shape, width in (("%Y-%m-%d", timedelta(days=1)), ("%Y-%m-%dT%H:%M", timedelta(minutes=1)), ("%Y-%m-%dT%H:%M:%S", timedelta(seconds=1)), ("%Y-%m-%dT%H:%M:%SZ", timedelta(seconds=1))):
        try:
            start = datetime.strptime(text, shape).replace(tzinfo=timezone.utc)
            return start, start + width
        except ValueError:
            pass
    raise ValueError(text)


def naive(tree, row):
    kind = tree[0]
    if kind == "all":
        return all(naive(term, row) for term in tree[1:])
    if kind == "any":
        return any(naive(term, row) for term in tree[1:])
    if kind == "not":
        return not naive(tree[1], row)
    if kind == "free":
        return tree[1].lower() in row.raw.lower()
    if kind == "since":
        return row.time is not None and row.time >= moment(tree[1])[0]
    if kind == "until":
        return row.time is not None and row.time < moment(tree[1])[1]
    if kind == "flag":
        return row.fields[tree[1]] is tree[2]
    field, value = row.fields[tree[1]], tree[2] if len(tree) > 2 else None
    if isinstance(field, list):  # one of several is enough
        return not field if kind == "none" else any(tested(kind, one, value) for one in field)
    return tested(kind, field, value)


def tested(kind, field, value):
    if kind == "none":
        return field is None
    if field is None:
        return False
    if kind == "is":
        return field.lower() == value.lower()
    if kind == "glob":
        return re.fullmatch(re.escape(value).replace(r"\*", ".*").replace(r"\?", "."), field, re.I | re.S) is not None
    if kind == "regex":
        return re.search(value, field) is not None
    if kind == "has":
        return value.lower() in field.lower()
    if kind == "block":
        try:
            return ipaddress.ip_address(field) in ipaddress.ip_network(value)
        except ValueError:
            return False
    raise ValueError(kind)


def printed(tree, rng, inner=False):
    kind = tree[0]
    quote = lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    plain = lambda text: quote(text) if re.search(r'[\s()"*?]|^[><=/]|^$', text) or text in ("none", "unknown") or rng.random() < 0.2 else text
    field = lambda name: rng.choice(ALIASES.get(name, [name]))
    case = lambda text: rng.choice([text, text.upper(), text.lower()])
    if kind in ("all", "any"):
        joint = rng.choice([" ", " and "]) if kind == "all" else rng.choice([" or ", " OR "])
        text = joint.join(printed(term, rng, True) for term in tree[1:])
        return f"({text})" if inner else text
    if kind == "not":
        return "!" + printed(tree[1], rng, True)
    if kind == "free":
        return quote(tree[1])
    if kind in ("since", "until"):
        return f"{kind}:{tree[1]}"
    if kind == "flag":
        return field(tree[1]) + (rng.choice(["", ":yes", ":true"]) if tree[2] else rng.choice([":no", ":false"]))
    if kind == "none":
        return f"{field(tree[1])}:none"
    if kind == "is":
        return f"{field(tree[1])}:{plain(case(tree[2]))}"
    if kind == "regex":
        return f"{field(tree[1])}:/{tree[2].replace('/', chr(92) + '/')}/"
    return f"{field(tree[1])}:{case(tree[2]) if kind == 'glob' else tree[2]}"


def queries(rows, rng):
    """Fixed ones for every feature, and random trees over values that occur."""
    names = [name for name, _ in collections.Counter(row.fields["name"] for row in rows).most_common(60)]
    one = lambda value: rng.choice(value) if isinstance(value, list) else value
    some = lambda field: one(rng.choice([row.fields[field] for row in rng.sample(rows, min(len(rows), 200)) if row.fields[field]] or ["x"]))
    times = sorted(row.time for row in rows if row.time)
    when = lambda: rng.choice(times).strftime(rng.choice(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]))
    out = [("all",), ("is", "name", names[0]), ("not", ("is", "name", names[0])), ("glob", "name", "Describe*"), ("glob", "name", "*table?"), ("glob", "name", "?et*"), ("regex", "name", "^(Get|Put)Item$"), ("regex", "name", "table"),
           ("has", "user_agent", "boto3"), ("glob", "user_agent", "*linux*"), ("block", "ip", "10.0.0.0/8"), ("block", "ip", "0.0.0.0/1"), ("not", ("block", "ip", "0.0.0.0/0")), ("glob", "ip", "*.amazonaws.com"),
           ("none", "error"), ("not", ("none", "error")), ("glob", "error", "*Denied*"), ("flag", "read_only", True), ("flag", "read_only", False), ("not", ("flag", "read_only", True)), ("flag", "self", False), ("none", "access_key"), ("none", "session"),
           ("is", "category", "Data"), ("is", "category", "Management"), ("is", "principal", "no-such-principal"), ("glob", "table", "prod-*"), ("not", ("glob", "table", "*orders*")), ("none", "table"), ("free", "prod-orders"), ("free", "MFAAUTHENTICATED"), ("free", "assumed-role/"), ("free", "no such text anywhere"),
           ("all", ("since", times[len(times) // 3].strftime("%Y-%m-%d")), ("until", times[len(times) // 2].strftime("%Y-%m-%d"))), ("until", times[0].strftime("%Y-%m-%d")), ("any", ("is", "region", "us-west-2"), ("is", "source", "kms.amazonaws.com")),
           ("any", ("all", ("glob", "name", "Delete*"), ("none", "error")), ("all", ("is", "region", some("region")), ("not", ("any", ("flag", "read_only", True), ("glob", "name", "*Item")))))]

    def leaf():
        pick = rng.randrange(12)
        field = rng.choice(["name", "source", "region", "account", "principal", "principal_arn", "session", "access_key", "ip", "error", "category", "id", "table"])
        if pick < 3:
            return ("is", field, some(field))
        if pick < 5:
            value = some(field)
            cut = rng.randrange(1, max(2, len(value)))
            return ("glob", field, value[:cut] + "*") if not re.search(r'[\s()"*?]|^[><=/]', value) else ("is", field, value)
        if pick == 5:
            return ("none", field if field not in ("name", "source", "region", "account", "principal", "category", "id") else "error")
        if pick == 6:
            return ("flag", "read_only", rng.random() < 0.5)
        if pick == 7:
            return ("block", "ip", str(ipaddress.ip_network(f"{rng.randrange(1, 224)}.{rng.randrange(256)}.0.0/{rng.randrange(2, 16)}", strict=False)))
        if pick == 8:
            return (rng.choice(["since", "until"]), when())
        if pick == 9:
            return ("regex", field, re.escape(some(field)[: rng.randrange(2, 9)]).replace(r"\-", "-").replace(r"\ ", "\\x20"))
        value = rng.choice(rows).raw
        words = [word for word in re.findall(r"[A-Za-z0-9.:/-]{4,24}", value)]
        return ("free", rng.choice(words or ["dynamodb"]))

    def tree(depth):
        if depth == 0 or rng.random() < 0.3:
            return leaf()
        kind = rng.choice(["all", "all", "any", "not"])
        return ("not", tree(depth - 1)) if kind == "not" else (kind, *(tree(depth - 1) for _ in range(rng.randrange(2, 4))))
    return out + [tree(rng.randrange(1, 4)) for _ in range(40)]


def rows_of(directory):
    """Records with their text as delivered: the log files of a trail hold one array."""
    decoder, rows = json.JSONDecoder(), []
    for path in files_under(directory):
        body = gzip.decompress(open(path, "rb").read()).decode()
        at = body.index("[") + 1
        while body[at] != "]":
            value, end = decoder.raw_decode(body, at)
            rows.append(Row(value, body[at:end]))
            at = end + (body[end] == ",")
    return rows


def key_of(row):
    return row.get("id") or f"{row.get('time')} {row.get('name')}"


def query(binary, tools, work):
    directory = f"{work}/queried"
    make(tools, directory, "5e3", "--per-file", "2", "30", "--odd", "0.05", "--seed", "11")
    trail, rng = f"{directory}/AWSLogs", random.Random(20261122)
    rows = rows_of(trail)
    by_id = {row.fields["id"]: row for row in rows}
    answer = run(binary, "--trail", trail)
    ours = {row.get("id"): row for row in answer.rows}
    check(f"query: none at all gives all {len(rows)} rows", sorted(ours) == sorted(by_id), answer.brief()[:300])
    for field in ("name", "source", "region", "account", "principal", "principal_arn", "session", "access_key", "ip", "user_agent", "error", "vpce", "category", "read_only", "self", "table"):
        wrong = [(key, row.get(field), by_id[key].fields[field]) for key, row in ours.items() if key in by_id and row.get(field) != by_id[key].fields[field]]
        check(f"query: {field} of every row equals the JSON's", ours and not wrong, f"{len(wrong)} differ, as (id, came, expected) {brief(wrong[:3])}")
    late = [(a.get("time"), b.get("time")) for a, b in zip(answer.rows, answer.rows[1:]) if a.get("time") < b.get("time")]
    check("query: rows come newest first", answer.rows and not late, brief(late[:3]))
    for tree in queries(rows, rng):
        text = printed(tree, rng)
        expected = sorted(row.fields["id"] for row in rows if naive(tree, row))
        answer = run(binary, *([text] if text else []), "--trail", trail)
        came = sorted(row.get("id") for row in answer.rows)
        surplus, missing = sorted(set(came) - set(expected)), sorted(set(expected) - set(came))
        check(f"query: {text or '(nothing)'} = {len(expected)} rows", answer.json is not None and came == expected,
              f"came {len(came)}, surplus {surplus[:3]}, missing {missing[:3]}; exit {answer.code}{' ' + answer.err[-300:] if answer.err else ''}")
        counted = run(binary, *([text] if text else []), "--trail", trail, "--count") if rng.random() < 0.2 else None
        if counted:
            names = dict(collections.Counter(by_id[key].fields["name"] for key in expected))
            check(f"query: --count of {text or '(nothing)'} counts the same", counted.get("events") == len(expected) and counted.get("by_name") == names, counted.brief())
    for text in ("nmae:x", "ip:10.0.0.0/99", "(name:a", "since:yesterday"):
        answer = run(binary, text, "--trail", trail)
        check(f"query: {text} is refused with exit 2 and points at the word", answer.code == 2 and "^" in answer.err, f"exit {answer.code} {answer.err[-300:]!r}")
