#!/usr/bin/env python3
"""Holds the engines beyond one machine against each other, and against a plain reading of the files.

  engines.py BINARY ENDPOINT [CORPUS [TOOLS]]     ENDPOINT: a moto server; CORPUS: CloudTrail files; TOOLS: make_trail.py

1  The Athena statement of each query is transpiled from Athena's SQL to DuckDB's by sqlglot and run on a table with
   the documented columns, made from the records of the files. Its rows are given to moto as the query's results, so
   that `dynakeep events QUERY --engine athena` reads them over Athena's own protocol. The same files lie in moto's S3,
   where `--engine s3` reads them. Both must print the same events, and for queries with a plain reading in Python
   (`PLAIN`) exactly those; the statement's own rows must hold all of them.
2  Without the configuration every engine is refused, and nothing is sent.
3  What an endpoint does not speak is a failure with its reason and exit code 4, never an empty answer.
Prints one line a check and `N passed, N failed`; exits 1 when one failed. Needs boto3, duckdb, sqlglot.
"""
import gzip, json, os, re, subprocess, sys, tempfile, urllib.request
import boto3, duckdb, sqlglot
from botocore.config import Config

BINARY, ENDPOINT = sys.argv[1:3]
CORPUS = sys.argv[3] if len(sys.argv) > 3 else "../shared/corpus/cloudtrail"
TOOLS = sys.argv[4] if len(sys.argv) > 4 else "../shared/tools"
REGION, ACCOUNT, BUCKET = "eu-west-1", "123456789012", "engines-trail"
ENV = {**os.environ, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION,
       "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
ENV.pop("AWS_PROFILE", None)
os.environ.update({k: ENV[k] for k in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")})
WORK = tempfile.mkdtemp()
passed = failed = 0


def check(what, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok    ' if ok else 'FAILED'} engines: {what}" + (f"\n       {detail}" if not ok else ""), flush=True)


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=REGION, config=Config(retries={"max_attempts": 1}))


# ---------------------------------------------------------------- the records

def records_of(path):
    raw = open(path, "rb").read()
    if path.endswith(".gz"):
        raw = gzip.decompress(raw)
    try:
        found = json.loads(raw)
    except ValueError:
        return []
    out = []

    def walk(value):
        if isinstance(value, dict):
            if "eventID" in value and "eventName" in value and "eventTime" in value:
                out.append(value)
            else:
                for inner in value.values():
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
    walk(found)
    return out


def load():
    """The corpus's records, and five thousand made from them; one of each eventID."""
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(CORPUS) for name in names if name.endswith((".json", ".gz"))]
    made = os.path.join(WORK, "made")
    done = subprocess.run([sys.executable, os.path.join(TOOLS, "make_trail.py"), "5000", made, "--jobs", "1"], capture_output=True, text=True)
    check("five thousand records are made", done.returncode == 0, done.stderr[-400:])
    paths += [os.path.join(folder, name) for folder, _, names in os.walk(made) for name in names if name.endswith(".gz")]
    found = {}
    for path in sorted(paths):
        for record in records_of(path):
            # The table's columns are text: what the documentation calls text and a file writes as something else has no
            # column that could hold it.
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(record["eventTime"])) or not usual(record):
                continue
            found.setdefault(record["eventID"], record)
    return list(found.values())


def usual(record):
    texts = ("eventID", "eventName", "eventSource", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "vpcEndpointId")
    identity = record.get("userIdentity") or {}
    return (isinstance(identity, dict) and all(isinstance(record.get(key, ""), (str, type(None))) for key in texts)
            and not set(record) - KNOWN and not unknown_identity(identity))


KNOWN = {"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
         "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID",
         "readOnly", "resources", "eventType", "apiVersion", "recipientAccountId", "serviceEventDetails", "sharedEventID",
         "vpcEndpointId", "vpcEndpointAccountId", "eventCategory", "addendum", "sessionCredentialFromConsole",
         "edgeDeviceDetails", "tlsDetails", "managementEvent"}
IDENTITY = {"type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName", "onBehalfOf", "sessionContext"}


def unknown_identity(identity):
    return set(identity) - IDENTITY


# ---------------------------------------------------------------- the table

def struct(value, shape):
    """A value by a shape of columns, whatever the letter case of its keys."""
    if not isinstance(value, dict):
        return None
    small = {key.lower(): inner for key, inner in value.items()}
    return {name: struct(small.get(name), inner) if isinstance(inner, dict) else text(small.get(name)) if inner == "text" else small.get(name)
            for name, inner in shape.items()}


def text(value):
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


ISSUER = {"type": "text", "principalid": "text", "arn": "text", "accountid": "text", "username": "text"}
USER = {"type": "text", "principalid": "text", "arn": "text", "accountid": "text", "invokedby": "text", "accesskeyid": "text",
        "username": "text", "onbehalfof": {"userid": "text", "identitystorearn": "text"},
        "sessioncontext": {"attributes": {"mfaauthenticated": "text", "creationdate": "text"}, "sessionissuer": ISSUER,
                           "ec2roledelivery": "text", "webidfederationdata": {"federatedprovider": "text", "attributes": "map"}}}
SHAPES = {"useridentity": USER, "addendum": {"reason": "text", "updatedfields": "text", "originalrequestid": "text", "originaleventid": "text"},
          "tlsdetails": {"tlsversion": "text", "ciphersuite": "text", "clientprovidedhostheader": "text"}}
TEXTS = ["eventversion", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent", "errorcode",
         "errormessage", "requestparameters", "responseelements", "additionaleventdata", "requestid", "eventid", "readonly",
         "eventtype", "apiversion", "recipientaccountid", "serviceeventdetails", "sharedeventid", "vpcendpointid",
         "vpcendpointaccountid", "eventcategory", "managementevent", "sessioncredentialfromconsole", "edgedevicedetails"]


def sql_type(shape):
    if isinstance(shape, dict):
        return "STRUCT(" + ", ".join(f'"{name}" {sql_type(inner)}' for name, inner in shape.items()) + ")"
    return "VARCHAR" if shape == "text" else "MAP(VARCHAR, VARCHAR)"


def table(records):
    db = duckdb.connect()
    columns = [f'"{name}" {sql_type(shape)}' for name, shape in SHAPES.items()] + [f'"{name}" VARCHAR' for name in TEXTS]
    columns += ["resources STRUCT(arn VARCHAR, accountid VARCHAR, \"type\" VARCHAR)[]", "day VARCHAR", "region VARCHAR", "account VARCHAR"]
    db.execute("CREATE SCHEMA audit")
    db.execute(f"CREATE TABLE audit.cloudtrail ({', '.join(columns)})")
    rows = []
    for record in records:
        small = {key.lower(): value for key, value in record.items()}
        row = {name: struct(small.get(name), shape) for name, shape in SHAPES.items()}
        row.update({name: text(small.get(name)) for name in TEXTS})
        resources = small.get("resources")
        row["resources"] = [struct(one, {"arn": "text", "accountid": "text", "type": "text"}) for one in resources] if isinstance(resources, list) else None
        row["day"] = record["eventTime"][:10].replace("-", "/")
        row["region"], row["account"] = record.get("awsRegion"), record.get("recipientAccountId")
        rows.append(row)
    path = os.path.join(WORK, "rows.json")
    with open(path, "w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    names = [column.split()[0].strip('"') for column in columns]
    types = {name: column.split(" ", 1)[1] for name, column in zip(names, columns)}
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    db.execute(f"INSERT INTO audit.cloudtrail SELECT {', '.join(chr(34) + name + chr(34) for name in names)} FROM read_json('{path}', format='newline_delimited', columns={{{listed}}}, maximum_object_size=67108864)")
    return db


# ---------------------------------------------------------------- the queries

WINDOW = "since:2013-01-01 until:2026-12-31"
QUERIES = [
    "", "name:UpdateTable", "name:Update*", "name:?etObject", "!name:Describe*", "name:/^(Put|Delete)/", "!name:/^(List|Get|Describe)/",
    "source:dynamodb.amazonaws.com", "source:*s3*", "!source:ec2.amazonaws.com name:List*", "region:us-east-1", "!region:us-east-1",
    "account:111122223333", "readonly", "!readonly", "read_only:none", "error:AccessDenied", "error:*Denied*", "error:none !readonly",
    "!error:none", "ip:10.0.0.0/8", "ip:203.0.113.0/24", "!ip:10.0.0.0/8 !readonly", "ip:*amazonaws.com", "agent:boto3", "agent:aws-cli*",
    "!agent:console", "by:mallory.r or by:DataPlatformAdmin", "by:root", "by:*admin*", "!by:root error:*", "session:mallory.r", "session:none name:Get*",
    "key:AKIA*", "key:none", "arn:*assumed-role*", "table:orders", "table:order*", "table:none name:UpdateTable", "table:*", "vpce:vpce-*",
    "category:Management", "category:Data", "category:Other name:Get*", "self", "!self name:UpdateTable", "quokka-7f3a91", "us-east-1", "\"Access Denied\"",
    "!quokka-7f3a91 name:UpdateTable", "arn", "since:2026-01-10 until:2026-01-12", "!since:2026-01-10", "time:2026-01-11", "time:>=2026-01-28T12:00 name:Get*",
    "(name:UpdateTable or name:DeleteTable) (by:DataPlatformAdmin or session:mallory.r)", "!(readonly or name:Update*)",
    "!(source:s3.amazonaws.com name:Get*)", "id:{id}", "name:\"x' OR 1=1 --\"", "agent:\"'\"", "\"%\"", "name:Put_*", "agent:\"/\"",
]


def same(a, b):
    return str(a or "").lower() == b.lower()


PLAIN = {
    "": lambda r: True,
    "name:UpdateTable": lambda r: same(r["eventName"], "UpdateTable"),
    "name:Update*": lambda r: r["eventName"].lower().startswith("update"),
    "!name:Describe*": lambda r: not r["eventName"].lower().startswith("describe"),
    "name:/^(Put|Delete)/": lambda r: re.search("^(Put|Delete)", r["eventName"]),
    "source:dynamodb.amazonaws.com": lambda r: same(r.get("eventSource"), "dynamodb.amazonaws.com"),
    "!region:us-east-1": lambda r: not same(r.get("awsRegion"), "us-east-1"),
    "readonly": lambda r: r.get("readOnly") in (True, "true"),
    "!readonly": lambda r: r.get("readOnly") not in (True, "true"),
    "error:AccessDenied": lambda r: same(r.get("errorCode"), "AccessDenied"),
    "!error:none": lambda r: bool(r.get("errorCode")),
    "agent:boto3": lambda r: "boto3" in (r.get("userAgent") or "").lower(),
    "since:2026-01-10 until:2026-01-12": lambda r: "2026-01-10" <= r["eventTime"] < "2026-01-13",
    "time:2026-01-11": lambda r: r["eventTime"].startswith("2026-01-11"),
    "!(readonly or name:Update*)": lambda r: r.get("readOnly") not in (True, "true") and not r["eventName"].lower().startswith("update"),
    "quokka-7f3a91": lambda r: "quokka-7f3a91" in json.dumps(r).lower(),
}


# ---------------------------------------------------------------- running it

def config(on):
    path = os.path.join(WORK, f"config-{on}.toml")
    with open(path, "w") as out:
        for name, lines in {
            "athena": f'database = "audit"\ntrail = "s3://{BUCKET}"\noutput = "s3://results/"', "s3": f'trail = "s3://{BUCKET}"',
            "insights": 'log_group = "trail"', "lake": 'event_data_store = "{store}"',
        }.items():
            out.write(f"[engines.{name}]\n{lines.replace('{store}', STORE)}\n" + ("enabled = true\n" if on else ""))
    return path


STORE = "EXAMPLE-f852-4e8f-8bd1-bcf6cEXAMPLE"


def run(*args, on=True):
    line = [BINARY, "events", *args, "-e", ENDPOINT, "-o", "json", "--config", config(on)]
    done = subprocess.run(line, env=ENV, capture_output=True, text=True, timeout=300)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except ValueError:
        return done.returncode, {}, done.stderr


def upload(records):
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    days = {}
    for record in records:
        days.setdefault((record["eventTime"][:10], record.get("awsRegion") or "us-east-1"), []).append(record)
    for (day, region), some in days.items():
        stamp = day.replace("-", "") + "T2359Z"
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day.replace('-', '/')}/{ACCOUNT}_CloudTrail_{region}_{stamp}_abcdefghijklmnop.json.gz"
        s3.put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(json.dumps({"Records": some}).encode(), 1))
    s3.put_object(Bucket=BUCKET, Key=f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/x_CloudTrail-Digest_y.json.gz", Body=b"none of ours")
    return len(days)


def inject(names, rows):
    row = lambda values: {"Data": [{} if value is None else {"VarCharValue": str(value)} for value in values]}
    columns = [{"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name, "Type": "varchar",
                "Precision": 1, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": True} for name in names]
    body = {"account_id": ACCOUNT, "region": REGION, "results": [{"rows": [row(names), *map(row, rows)], "column_info": columns}]}
    request = urllib.request.Request(f"{ENDPOINT}/moto-api/static/athena/query-results", json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).read()


def ids(answer):
    return sorted(row["id"] for row in answer.get("rows", []))


def queries(records, db):
    narrow = 0
    for query in QUERIES:
        query = query.replace("{id}", records[7]["eventID"])
        windowed = query if re.search(r"(?<!!)since:", query) else f"{query} {WINDOW}".strip()
        code, plan, err = run(windowed, "--engine", "athena", "--plan", on=False)
        if code != 0:
            check(f"{query!r} is planned", False, err[-400:])
            continue
        statement = plan["plan"]["statement"]
        try:
            duck = sqlglot.transpile(statement, read="athena", write="duckdb")[0]
            result = db.execute(duck)
            names, rows = [column[0] for column in result.description], result.fetchall()
        except Exception as error:
            check(f"{query!r} runs in DuckDB", False, f"{type(error).__name__}: {str(error)[:500]}\n{statement[-600:]}")
            continue
        inject(names, rows)
        code, athena, err = run(windowed, "--engine", "athena")
        s3_code, s3, s3_err = run(windowed, "--engine", "s3")
        raw = {row[names.index("eventid")] for row in rows}
        check(f"{query!r}: {len(ids(s3))} rows, the same from both engines; the statement gave {len(rows)}",
              code == 0 and s3_code == 0 and ids(athena) == ids(s3),
              f"athena {len(ids(athena))} exit {code}, s3 {len(ids(s3))} exit {s3_code}; {sorted(set(ids(athena)) ^ set(ids(s3)))[:3]} {err[-300:]} {s3_err[-300:]}")
        lost = set(ids(s3)) - raw
        check(f"{query!r}: the statement loses no row", not lost, f"{len(lost)}: {sorted(lost)[:3]}")
        narrow += len(rows) < len(records)
        if query in PLAIN:
            want = sorted(record["eventID"] for record in records if PLAIN[query](record))
            check(f"{query!r}: exactly the rows of a plain reading", ids(s3) == want, f"{len(ids(s3))}, not {len(want)}")
    check(f"most statements narrow ({narrow} of {len(QUERIES)})", narrow > len(QUERIES) * 0.6)


def protocol(records):
    code, answer, err = run(WINDOW, "--engine", "s3")
    reach = answer.get("coverage", {}).get("events", {})
    check("s3 says what it read", reach.get("ended") == "whole" and reach.get("bytes_scanned", 0) > 0 and reach["bound"]["bytes"] == reach["bytes_scanned"], str(reach)[:400])
    code, plan, err = run(WINDOW, "--engine", "athena", "--plan")
    bound = plan.get("plan", {}).get("bound", {})
    check("athena's bound is the sum of its objects", bound.get("objects", 0) > 10 and bound.get("bytes", 0) > 100_000, str(bound))
    code, some, err = run("since:2026-01-10 until:2026-01-10", "--engine", "s3", "--plan")
    fewer = some.get("plan", {}).get("bound", {})
    check("a window names fewer objects", 0 < fewer.get("objects", 0) < bound.get("objects", 0), str(fewer))
    code, one, err = run(WINDOW, "--engine", "s3", "--plan", "-r", "us-east-1")
    check("regions name fewer objects", 0 < one["plan"]["bound"]["objects"] < bound["objects"], str(one)[:300])
    small = os.path.join(WORK, "small.toml")
    with open(small, "w") as out:
        out.write(f'[engines.s3]\nenabled = true\ntrail = "s3://{BUCKET}"\nmax_bytes = 1000\n')
    line = [BINARY, "events", WINDOW, "--engine", "s3", "-e", ENDPOINT, "-o", "json", "--config", small]
    done = subprocess.run(line, env=ENV, capture_output=True, text=True, timeout=120)
    answer = json.loads(done.stdout)
    check("above max_bytes nothing is read: exit 4", done.returncode == 4 and not answer["rows"] and answer["coverage"]["events"]["ended"] == "too large", done.stderr[-300:])
    client("s3").put_object(Bucket=BUCKET, Key=f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/01/05/{ACCOUNT}_CloudTrail_eu-west-1_20260105T0000Z_broken.json.gz", Body=b"\x1f\x8bnonsense")
    code, answer, err = run("since:2026-01-05 until:2026-01-05", "--engine", "s3")
    reach = answer["coverage"]["events"]
    check("a corrupt object is named, the rest is read, exit 4", code == 4 and len(reach["unread"]) == 1 and answer["rows"], str(reach)[:300])
    for name in ("athena", "s3", "insights", "lake"):
        code, answer, err = run(WINDOW, "--engine", name, on=False)
        check(f"{name} is off until configured: exit 2, and nothing printed", code == 2 and not answer and "costs money and is off" in err, f"{code} {err[-300:]}")
    done = subprocess.run([BINARY, "events", WINDOW, "--trail", "s3://no-such-bucket-here", "-e", ENDPOINT, "-o", "json", "--config", config(True)], env=ENV, capture_output=True, text=True, timeout=120)
    check("a bucket that is not there is a failure, exit 4", done.returncode == 4 and "NoSuchBucket" in done.stdout, done.stdout[:300] + done.stderr[-300:])


def insights(records):
    logs = client("logs")
    logs.create_log_group(logGroupName="trail")
    logs.create_log_stream(logGroupName="trail", logStreamName="s")
    code, answer, err = run(WINDOW, "--engine", "insights")
    reach = answer.get("coverage", {}).get("events", {})
    check("insights: moto's empty answer is whole and empty, with the query's id", code == 0 and not answer["rows"] and reach.get("query_id"), f"{code} {reach} {err[-300:]}")
    code, answer, err = run(WINDOW, "--engine", "lake")
    reach = answer.get("coverage", {}).get("events", {})
    check("lake: moto has none: a failure with its reason, exit 4", code == 4 and reach.get("ended") == "failed" and reach.get("reason"), f"{code} {reach} {err[-300:]}")


records = load()
check(f"{len(records)} records of {len({r['eventName'] for r in records})} names", len(records) > 5000)
print(f"       {upload(records)} objects in moto's S3")
queries(records, table(records))
protocol(records)
insights(records)
print(f"\n{passed} passed, {failed} failed")
sys.exit(failed > 0)
