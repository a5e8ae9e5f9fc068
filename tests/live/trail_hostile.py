"""A directory of everything that can be wrong with a file, a record or its delivery, case by case and all at once."""
import gzip, json, os, re, shutil, stat, tempfile

from trail_kit import brief, check, count, numbers, run

LAYOUT = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/10"


def record(number, **fields):
    """An ordinary record; a field given as `...` is left out."""
    base = {
        "eventVersion": "1.11", "eventTime": f"2026-01-10T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z", "eventID": f"00000000-0000-4000-8000-{number:012d}", "eventName": "DescribeTable",
        "eventSource": "dynamodb.amazonaws.com", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.15",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": "arn:aws:sts::111122223333:assumed-role/app/s", "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE",
                         "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "app"}}},
        "requestParameters": {"tableName": "orders"}, "responseElements": None, "readOnly": True, "eventType": "AwsApiCall", "eventCategory": "Management", "recipientAccountId": "111122223333"}
    base.update(fields)
    return {key: value for key, value in base.items() if value is not ...}


class Case:
    """A directory with something wrong in it, and what must come of it."""

    def __init__(self, name, events, duplicates=0, broken=0, names=None, report=(), exact=None, row=None, code=4):
        self.name, self.events, self.duplicates, self.broken = name, events, duplicates, broken
        self.names, self.report, self.exact, self.row, self.code = names, report, exact, row, code
        self.slug = re.sub(r"[^a-z0-9]+", "-", name.lower())[:60].strip("-")
        self.files = []

    def put(self, path, content, packed=None):
        """Bytes, text, or a value to be written as JSON; `.gz` is packed."""
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        data = content.encode() if isinstance(content, str) else content
        if packed is None and path.endswith(".gz"):
            data = gzip.compress(data, 6, mtime=0)
        self.files.append((path, data))
        return self

    def write(self, under):
        for path, data in self.files:
            at = os.path.join(under, path)
            os.makedirs(os.path.dirname(at), exist_ok=True)
            with open(at, "wb") as file:
                file.write(data)


def insight(number, name="GetItem", state="Start"):
    return {"eventVersion": "1.08", "eventTime": "2026-01-10T01:00:00Z", "awsRegion": "eu-west-1", "eventID": f"11111111-0000-4000-8000-{number:012d}", "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333",
            "sharedEventID": "22222222-0000-4000-8000-000000000001", "eventCategory": "Insight",
            "insightDetails": {"state": state, "eventSource": "dynamodb.amazonaws.com", "eventName": name, "insightType": "ApiCallRateInsight", "insightContext": {"statistics": {"baseline": {"average": 0.1}}}}}


def athena(rows):
    """An Athena result over the documented CloudTrail table: a header and quoted values; structs as Athena prints them."""
    columns = ("eventversion useridentity eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage requestparameters responseelements additionaleventdata requestid eventid resources "
               "eventtype apiversion readonly recipientaccountid serviceeventdetails sharedeventid vpcendpointid vpcendpointaccountid eventcategory addendum sessioncredentialfromconsole edgedevicedetails tlsdetails").split()
    lines = [",".join(f'"{column}"' for column in columns)]
    for row in rows:
        lines.append(",".join("" if row.get(column) is None else '"' + str(row[column]).replace('"', '""') + '"' for column in columns))
    return "\n".join(lines) + "\n"


def athena_row(number, **fields):
    return {"eventversion": "1.11", "eventtime": f"2026-01-10T02:00:{number:02}Z", "eventsource": "dynamodb.amazonaws.com", "eventname": "UpdateTable", "awsregion": "eu-west-1", "sourceipaddress": "203.0.113.9", "useragent": "aws-cli/2.15, \"quoted\"",
            "useridentity": "{type=AssumedRole, principalid=AROAEXAMPLE:s, arn=arn:aws:sts::111122223333:assumed-role/app/s, accountid=111122223333, invokedby=null, accesskeyid=ASIAEXAMPLE, username=null, onbehalfof=null, inscopeof=null, "
                            "sessioncontext={attributes={mfaauthenticated=false, creationdate=2026-01-10T01:00:00Z}, sessionissuer={type=Role, principalid=AROAEXAMPLE, arn=arn:aws:iam::111122223333:role/app, accountid=111122223333, username=app}, ec2roledelivery=null, webidfederationdata=null}}",
            "requestparameters": '{"tableName":"orders","deletionProtectionEnabled":false}', "requestid": "R1", "eventid": f"33333333-0000-4000-8000-{number:012d}",
            "resources": "[{arn=arn:aws:dynamodb:eu-west-1:111122223333:table/orders, accountid=111122223333, type=AWS::DynamoDB::Table}]", "eventtype": "AwsApiCall", "readonly": "false", "recipientaccountid": "111122223333", "eventcategory": "Management", **fields}


def cases():
    """Numbers of records differ between cases, so that all of them can lie in one directory too."""
    number = iter(range(1, 100000))
    fresh = lambda **fields: record(next(number), **fields)
    several = lambda n, **fields: [fresh(**fields) for _ in range(n)]
    wrap = lambda *records: {"Records": list(records)}
    path = lambda name: f"{LAYOUT}/{name}"
    out = []

    def case(name, *a, **k):
        out.append(Case(name, *a, **k))
        return out[-1]

    def has(**fields):
        return lambda rows: [f"{row.get('id')}: {key} {row.get(key)!r}, expected {value!r}" for row in rows for key, value in fields.items() if row.get(key) != value] or ([] if rows else ["no row"])

    # Files that cannot be read whole.
    good = gzip.compress(json.dumps(wrap(*several(50))).encode(), 6, mtime=0)
    case("corrupt gz", 0, broken=(0, 51), report=["corrupt.json.gz"]).put(path("corrupt.json.gz"), good[:200] + bytes(b ^ 0x55 for b in good[200:260]) + good[260:], packed=True)
    case("truncated gz", 0, broken=(0, 51), report=["cut.json.gz"]).put(path("cut.json.gz"), good[: len(good) // 2], packed=True)
    case("gz whose checksum is wrong", (0, 50), broken=(0, 51), report=["sum.json.gz"]).put(path("sum.json.gz"), good[:-8] + b"\0\0\0\0" + good[-4:], packed=True)
    case("gz that is none", 0, report=["none.json.gz"]).put(path("none.json.gz"), b"\x1f\x8b" + b"no gz at all" * 9, packed=True)
    case("empty gz file", 0).put(path("nothing.json.gz"), b"", packed=True)
    cut = json.dumps(wrap(*several(4)))
    case("truncated JSON: what is whole is kept as broken", 0, broken=(3, 4), report=["cut.json"]).put(path("cut.json"), cut[:-300])
    case("a record of 200 MB", (2, 3), broken=(0, 1), exact=3, report=["huge.json.gz"], code=None).put(
        path("huge.json.gz"), (b'{"Records":[' + json.dumps(fresh()).encode() + b"," + json.dumps(fresh(requestParameters={"x": "@@"})).encode().replace(b"@@", b"a" * 200_000_000) + b"," + json.dumps(fresh()).encode() + b"]}"))
    case("invalid UTF-8 in one record", (0, 2), broken=(0, 2), exact=2, report=["latin.json"]).put(path("latin.json"), json.dumps(wrap(fresh(), fresh(userAgent="caf@@"))).encode().replace(b"@@", b"\xe9"))
    case("arrays a hundred thousand deep", 0, report=["deep.json"]).put(path("deep.json"), "[" * 100_000 + "]" * 100_000)
    # Files without records.
    case("empty file", 0).put(path("empty.json"), b"")
    case("blank file", 0).put(path("blank.json"), b" \r\n\t\n")
    case("JSON that is none of CloudTrail's", 0).put("config.json", {"name": "x", "items": [{"eventSource": "AWS_CONFIG", "messageType": "x"}, 3, None, "eventName"]})
    case("a scalar", 0).put("scalar.json", "42").put("word.json", '"eventSource"').put("null.json", "null")
    case("digest file", 0).put("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/10/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260110T010000Z.json.gz", {
        "awsAccountId": "111122223333", "digestStartTime": "2026-01-10T00:00:00Z", "digestEndTime": "2026-01-10T01:00:00Z", "digestS3Bucket": "b", "digestS3Object": "o", "newestEventTime": "2026-01-10T00:59:00Z", "previousDigestHashValue": None,
        "logFiles": [{"s3Bucket": "b", "s3Object": "o", "hashValue": "00", "hashAlgorithm": "SHA-256", "newestEventTime": "2026-01-10T00:59:00Z", "oldestEventTime": "2026-01-10T00:01:00Z"}]})
    # Envelopes.
    case("Insights file: each record once, by the name in its details", 2, names={"GetItem": 2}).put("AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/01/10/x.json.gz", wrap(insight(1), insight(2, state="End")))
    case("Records", 3).put(path("a.json"), wrap(*several(3)))
    case("a bare array", 3).put(path("a.json"), several(3))
    case("a bare record", 1).put(path("a.json"), fresh())
    case("nested arrays and objects", 3).put(path("a.json"), [[[fresh()]], {"a": {"b": [fresh(), [wrap(fresh())]]}}])
    case("EventBridge envelope", 1).put("bus.json", {"version": "0", "id": "e", "detail-type": "AWS API Call via CloudTrail", "source": "aws.dynamodb", "account": "111122223333", "time": "2026-01-10T00:00:00Z", "region": "eu-west-1", "resources": [], "detail": fresh()})
    looked = several(2)
    case("LookupEvents answer", 2, row=has(table=["orders"], principal="app")).put("lookup.json", {"Events": [
        {"EventId": r["eventID"], "EventName": r["eventName"], "ReadOnly": "true", "EventTime": 1768003200.0, "EventSource": r["eventSource"], "Username": "s", "Resources": [], "CloudTrailEvent": json.dumps(r)} for r in looked], "NextToken": "n"})
    case("LookupEvents answer, one record cut short in its string", 1, broken=1).put("lookup.json", {"Events": [{"EventId": "x", "CloudTrailEvent": json.dumps(fresh())}, {"EventId": "y", "EventName": "DescribeTable", "CloudTrailEvent": json.dumps(fresh())[:300]}]})
    case("Athena CSV", 3, names={"UpdateTable": 2, "DeleteTable": 1}, row=has(principal="app", region="eu-west-1", ip="203.0.113.9", table=["orders"], source="dynamodb.amazonaws.com", session="s", access_key="ASIAEXAMPLE")).put(
        "athena.csv", athena([athena_row(1), athena_row(2, requestparameters='{"tableName":"orders",\n "note":"a, b"}'), athena_row(3, eventname="DeleteTable", errorcode="AccessDenied")]))
    case("Athena CSV packed, with BOM and CRLF", 2, names={"UpdateTable": 2}).put("athena.csv.gz", "\ufeff" + athena([athena_row(11), athena_row(12)]).replace("\n", "\r\n"))
    # Lines.
    lines = lambda *records: "\n".join(json.dumps(r) for r in records) + "\n"
    case("JSON lines", 3).put("a.jsonl", lines(*several(3)))
    case("JSON lines named .json, packed", 3).put(path("a.json.gz"), lines(*several(3)))
    case("JSON lines of envelopes", 4).put("a.json", lines(wrap(*several(2)), several(1), {"detail": fresh()}))
    case("JSON lines with blank lines and no last line end", 2).put("a.json", "\n" + lines(*several(1)) + "\r\n \n" + json.dumps(fresh()))
    case("JSON lines, one of them bad", 2, broken=1, report=["bad.json"]).put("bad.json", lines(fresh()) + json.dumps(fresh())[:-60] + "\n" + lines(fresh()))
    case("JSON lines with CRLF", 2).put("a.json", lines(*several(2)).replace("\n", "\r\n"))
    case("BOM", 2).put("bom.json", "\ufeff" + json.dumps(wrap(*several(2)))).put("empty-bom.json", "\ufeff")
    case("pretty-printed with CRLF", 2).put("a.json", json.dumps(wrap(*several(2)), indent=2).replace("\n", "\r\n"))
    case("pretty-printed objects after one another: none is lost", (0, 2), broken=(0, 2), exact=2).put("a.json", json.dumps(fresh(), indent=1) + "\n" + json.dumps(fresh(), indent=1))
    case("gz of two members", 4).put(path("two.json.gz"), gzip.compress(lines(*several(2)).encode()) + gzip.compress(lines(*several(2)).encode()), packed=True)
    case("text named .json.gz: read, or in the load report", (0, 1)).put(path("plain.json.gz"), json.dumps(wrap(fresh())).encode(), packed=True)
    # Records.
    one = lambda name, row=None, names=None, **fields: case(name, 1, row=row, names=names or {fields.get("eventName", "DescribeTable"): 1}).put(path("a.json"), wrap(fresh(**fields)))
    one("resources null", resources=None)
    one("responseElements as a string", responseElements="OK, done")
    one("requestParameters as a string", requestParameters="tableName=orders")
    one("userIdentity without a type", userIdentity={"principalId": "AIDAEXAMPLE", "accountId": "111122223333"}, row=has(principal="AIDAEXAMPLE"))
    one("userIdentity null", userIdentity=None)
    one("userIdentity as a string", userIdentity="root")
    one("TableName and tableName both", requestParameters={"TableName": "orders", "tableName": "orders"}, row=has(table=["orders"]))
    one("TableName alone", requestParameters={"TableName": "orders"}, row=has(table=["orders"]))
    one("a date as May 3, 2015 11:34:14 PM", eventTime="May 3, 2015 11:34:14 PM", row=lambda rows: [] if rows and str(rows[0].get("time")).startswith("2015-05-03T23:34:14") else [f"time {[r.get('time') for r in rows]}, expected 2015-05-03T23:34:14Z"])
    one("a date as 2025-01-21 17:49:47.000000000", eventTime="2025-01-21 17:49:47.000000000", row=lambda rows: [] if rows and str(rows[0].get("time")).startswith("2025-01-21T17:49:47") else [f"time {[r.get('time') for r in rows]}, expected 2025-01-21T17:49:47Z"])
    for field in ("eventID", "eventTime", "awsRegion", "eventVersion", "eventCategory", "userIdentity", "sourceIPAddress", "recipientAccountId", "requestParameters"):
        one(f"missing {field}", **{field: ...})
    one("missing all that may be", **{field: ... for field in ("eventID", "eventTime", "awsRegion", "eventVersion", "eventCategory", "userIdentity")})
    one("eventTime that is none: the event stays, without a time", eventTime="redacted")
    case("no eventName, an eventVersion: counted", (0, 1), broken=(0, 1), exact=1).put(path("a.json"), wrap(fresh(eventName=...)))
    case("eventName that is no text: counted", (0, 1), broken=(0, 1), exact=1).put(path("a.json"), wrap(fresh(eventName=7)))
    case("eventID that is no text: counted", (0, 1), broken=(0, 1), exact=1).put(path("a.json"), wrap(fresh(eventID=7)))
    case("half a surrogate pair: counted", (0, 1), broken=(0, 1), exact=1).put(path("a.json"), json.dumps(wrap(fresh(userAgent="x\ud83d"))))
    versions = [f"1.{minor:02}" for minor in range(3, 12)]
    case("event versions 1.03 to 1.11", len(versions)).put(path("a.json"), wrap(*(fresh(eventVersion=version) for version in versions)))
    one("a record as JSON inside a string is none", requestParameters={"policyDocument": json.dumps(record(1)), "CloudTrailEvent": json.dumps(record(2))})
    case("JSON strings outside of records and of deliveries are none", 0).put("s.json", {"note": json.dumps(record(3)), "list": [json.dumps(record(4))]})
    case("messages of CloudWatch Logs: delivered as strings", 2).put("logs.json", {"messageType": "DATA_MESSAGE", "logGroup": "trail", "logEvents": [{"id": "1", "timestamp": 1768003200000, "message": json.dumps(fresh())} for _ in range(2)]})
    case("a record within a record counts once", 1).put(path("a.json"), wrap(fresh(responseElements={"event": record(5)})))
    case("every category", 4, names={"DescribeTable": 3, "GetItem": 1}).put(path("a.json"), wrap(fresh(), fresh(eventCategory="Data", managementEvent=False), fresh(eventCategory="NetworkActivity", vpcEndpointId="vpce-1"), insight(9)))
    case("hostile text in every field", 1, names={"\x1b[31mX\u202e\u0000": 1}).put(path("a.json"), wrap(fresh(eventName="\x1b[31mX\u202e\u0000", userAgent="\x1b]0;t\x07", sourceIPAddress="\u202e", errorCode="\n\r", requestParameters={"tableName": "\x9b31m"})))
    # Deliveries.
    same = several(3)
    other = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/10"
    case("the same records under two regions' paths", 3, duplicates=3).put(path("a.json.gz"), wrap(*same)).put(f"{other}/b.json.gz", wrap(*same))
    again = several(1)
    case("a record delivered three times in one file", 1, duplicates=2).put(path("a.json"), wrap(*again * 3))
    twin = fresh()
    case("the same eventID with other content stays", 2).put(path("a.json"), wrap(twin, {**twin, "userAgent": "another"}))
    twin2 = fresh()
    case("the same eventID with other content, both delivered twice", 2, duplicates=2).put(path("a.json"), wrap(twin2, {**twin2, "userAgent": "another"})).put(path("b.json"), wrap({**twin2, "userAgent": "another"}, twin2))
    turned = fresh()
    backwards = lambda value: {k: backwards(v) for k, v in reversed(value.items())} if isinstance(value, dict) else value
    case("the same record with its keys in another order", 1, duplicates=1).put(path("a.json"), wrap(turned)).put(path("b.json"), wrap(backwards(turned)))
    spaced = fresh()
    case("the same record with other blanks and escapes", 1, duplicates=1).put(path("a.json"), json.dumps(wrap(spaced), separators=(",", ":"))).put(path("b.json"), json.dumps(wrap(spaced), indent=3).replace("orders", "\\u006frders").replace("aws-cli/2.15", "aws-cli\\/2.15"))
    asked = fresh()
    case("a record from a log file and from LookupEvents", 1, duplicates=1).put(path("a.json"), wrap(asked)).put("lookup.json", {"Events": [{"EventId": asked["eventID"], "CloudTrailEvent": json.dumps(asked)}]})
    bare = fresh(eventID=...)
    case("records without an eventID are no repeated delivery", 2).put(path("a.json"), wrap(bare, bare))
    return out


def within(value, expected):
    least, most = expected if isinstance(expected, tuple) else (expected, expected)
    return isinstance(value, int) and least <= value <= most


def judge(label, answer, case):
    wrong = []
    if answer.code != 0:
        wrong.append(f"expected exit 0, or 4 for incomplete, not {answer.code}")
    if not numbers(answer):
        return check(f"{label}: answers", False, answer.brief())
    for key in ("events", "duplicates", "broken"):
        if not within(answer.get(key), getattr(case, key)):
            wrong.append(f"expected {key} {getattr(case, key)}")
    if case.exact is not None and answer.get("events") + answer.get("broken") != case.exact:
        wrong.append(f"expected events + broken = {case.exact}")
    names = case.names or ({"DescribeTable": case.events} if isinstance(case.events, int) and case.events else {} if case.events == 0 else None)
    if names is not None and answer.get("by_name") != names:
        wrong.append(f"expected by_name {names}")
    wrong += [f"expected {path} in the load report" for path in case.report if not any(path in at for at, _ in answer.report)]
    # Broken and foreign files are counted, not errors; what was not read whole is not called complete.
    if case.report and case.code == 4 and (answer.get("coverage") or {}).get("complete") is not False:
        wrong.append("expected coverage.complete to be false: a file was not read whole")
    check(label, not wrong, f"{'; '.join(wrong)}\n       came: {answer.brief()}{' stderr ' + repr(answer.err[-300:]) if answer.code != 0 else ''}")


def hostile(binary, work):
    every = cases()
    for case in every:
        under = f"{work}/hostile/{case.slug}"
        case.write(under)
        answer = count(binary, under, timeout=120)
        judge(f"hostile: {case.name}", answer, case)
        if case.row:
            wrong = case.row(run(binary, "--trail", under).rows)
            check(f"hostile: {case.name}: what the rows say", not wrong, "; ".join(wrong))
    special(binary, work)

    # All of it in one directory, read by somebody who may not read everything.
    whole, uid = f"{work}/hostile", None
    single = [case for case in every if isinstance(case.events, int) and isinstance(case.broken, int)]
    least = sum(case.events for case in single)
    for name in ("closed", "loop"):
        os.makedirs(f"{whole}/{name}/{LAYOUT}", exist_ok=True)
        Case(name, 1).put(f"{LAYOUT}/a.json", {"Records": [record(90001 + len(name))]}).write(f"{whole}/{name}")
    os.symlink("..", f"{whole}/loop/round")
    os.symlink("self.json", f"{whole}/loop/self.json")
    os.chmod(f"{whole}/closed", 0)
    if os.geteuid() == 0:
        uid = 65534
        at = work
        while at != "/":  # the way there must be open to the other user
            os.chmod(at, os.stat(at).st_mode | stat.S_IXOTH | stat.S_IROTH)
            at = os.path.dirname(at) if at.startswith(tempfile.gettempdir() + os.sep) else "/"
        copy = f"{work}/dynakeep"
        shutil.copy(binary, copy)
        os.chmod(copy, 0o755)
        binary = copy
    answer = count(binary, whole, uid=uid, timeout=600)
    closed = [text for at, text in answer.report if "closed" in at]
    check("hostile: a directory without permission is in the load report", closed, brief(answer.report) if numbers(answer) else answer.brief())
    loops = [text for at, text in answer.report if "loop" in at]
    check("hostile: a symlink loop is in the load report", loops, brief(answer.report) if numbers(answer) else answer.brief())
    if numbers(answer):
        check(f"hostile: all of it in one directory: the rest loads, at least {least} events", answer.get("events") >= least and sum(answer.get("by_name").values()) == answer.get("events"), answer.brief())
        listed = {os.path.basename(at) for at, _ in answer.report}
        missing = sorted({path for case in every for path in case.report} - listed)
        check("hostile: all of it in one directory: each bad file is in the load report", not missing and answer.code == 0, f"missing {missing}; exit {answer.code}")
        check("hostile: all of it in one directory: the coverage is not called complete", (answer.get("coverage") or {}).get("complete") is False, brief((answer.get("coverage") or {}).get("complete")))
    else:
        check("hostile: all of it in one directory: the rest loads", False, answer.brief())
    os.chmod(f"{whole}/closed", 0o755)


def special(binary, work):
    """What is no regular file must neither hang nor be read without end."""
    under = f"{work}/special"
    Case("x", 1).put(f"{LAYOUT}/a.json", {"Records": [record(80001)]}).write(under)
    os.mkfifo(f"{under}/pipe.json")
    os.symlink("/dev/zero", f"{under}/zero.json")
    os.symlink("nowhere", f"{under}/dangling.json")
    os.symlink(f"{LAYOUT}/a.json", f"{under}/link.json")
    os.makedirs(f"{under}/directory.json.gz")
    answer = count(binary, under, timeout=60)
    check("hostile: a pipe, a device, a dangling link, a linked file and a directory named as a file: it ends, with 1 event", numbers(answer) and answer.get("events") == 1 and answer.get("broken") == 0, answer.brief())
    odd = f"{work}/odd-names"
    for position, name in enumerate([b"caf\xe9.json", b"\x1b[31mred.json", b"new\nline.json", b" .json", b"a" * 240 + b".json"]):
        os.makedirs(odd, exist_ok=True)
        with open(os.path.join(odd.encode(), name), "wb") as file:
            file.write(json.dumps({"Records": [record(81000 + position)]}).encode())
    answer = count(binary, odd)
    check("hostile: file names that are no text, or would paint the terminal: 5 events", numbers(answer) and answer.get("events") == 5, answer.brief())
    answer = count(binary, f"{work}/is-not-there")
    check("hostile: a path that is not there is an error, not an empty answer", answer.code not in (0,) and (answer.err or answer.report), answer.brief())
    answer = count(binary, f"{work}/hostile/corrupt-gz/{LAYOUT}/corrupt.json.gz")
    check("hostile: a corrupt file named itself: a reason, and no error", answer.code == 0 and (answer.report or answer.err), answer.brief())
