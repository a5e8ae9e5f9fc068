#!/usr/bin/env python3
"""Holds dynakeep's rows against what boto3 reads from the same endpoint.

  judge.py BINARY ENDPOINT KIND      KIND: moto | localemu
Prints one line a check and `N passed, N failed`; exits 1 when one failed. Needs boto3.
What an endpoint does not implement must show as unknown with a reason: never pass, fail or an empty list.
"""
import json, os, subprocess, sys
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

BINARY, ENDPOINT, KIND = sys.argv[1:4]
REGION = "eu-west-1"
ENV = {**os.environ, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
       "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": REGION, "HOME": "/nonexistent"}
ENV.pop("AWS_PROFILE", None)
os.environ.update({k: ENV[k] for k in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")})
CONFIG = Config(retries={"max_attempts": 1}, read_timeout=60)
passed = failed = 0


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=REGION, config=CONFIG)


def check(what, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok    ' if ok else 'FAILED'} {KIND}: {what}" + (f"\n       {detail}" if not ok else ""), flush=True)


def run(*args):
    done = subprocess.run([BINARY, *args, "-e", ENDPOINT, "-r", REGION], env=ENV, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def rows(*args):
    code, out, err = run(*args, "-o", "json")
    try:
        answer = json.loads(out)
    except ValueError:
        check(f"{args[0]} prints JSON", False, f"exit {code}, stdout {out[:200]!r}, stderr {err[-400:]!r}")
        return code, {"rows": [], "coverage": {}}
    check(f"{args[0]} prints the envelope, exit {code}",
          answer.get("schema") == "dynakeep/1" and answer.get("origin") == "live" and code in (0, 3, 4), out[:200])
    return code, answer


def truth(call, **kw):
    """What boto3 reads, or the name of its error."""
    try:
        return call(**kw)
    except ClientError as error:
        return error.response["Error"]["Code"]
    except BotoCoreError as error:
        return type(error).__name__


def key_kind(table, kms):
    sse = table.get("SSEDescription")
    if not sse:
        return "aws_owned"
    arn = sse.get("KMSMasterKeyArn")
    meta = truth(kms.describe_key, KeyId=arn)
    if isinstance(meta, str):
        return "unknown"
    return {"AWS": "aws_managed", "CUSTOMER": "customer"}[meta["KeyMetadata"]["KeyManager"]]


def tables():
    ddb, kms, ec2 = client("dynamodb"), client("kms"), client("ec2")
    names = [n for page in ddb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 100}) for n in page["TableNames"]]
    _, answer = rows("tables")
    mine = {row["name"]: row for row in answer["rows"]}
    check(f"all {len(names)} tables are listed", sorted(mine) == sorted(names), f"{len(mine)} rows")
    vpces = truth(ec2.describe_vpc_endpoints)
    vpces = sorted(e["VpcEndpointId"] for e in vpces["VpcEndpoints"] if e["ServiceName"].endswith(".dynamodb")) if isinstance(vpces, dict) else None
    wrong = {field: [] for field in ("key.kind", "pitr.enabled", "pitr.window_days", "deletion_protection", "tags", "endpoints", "resource_policy", "ttl", "streams")}

    def compare(field, name, got, want, row):
        if isinstance(want, str) and want.startswith("!"):        # boto3 could not read it either: must be unknown, with a reason
            if got is not None or not row["unknown"].get(field.split(".")[0]):
                wrong[field].append((name, got, want))
        elif got != want:
            wrong[field].append((name, got, want))

    for name in names:
        row, table = mine.get(name), ddb.describe_table(TableName=name)["Table"]
        if row is None:
            continue
        backups = truth(ddb.describe_continuous_backups, TableName=name)
        tags = truth(ddb.list_tags_of_resource, ResourceArn=table["TableArn"])
        policy = truth(ddb.get_resource_policy, ResourceArn=table["TableArn"])
        ttl = truth(ddb.describe_time_to_live, TableName=name)
        compare("key.kind", name, (row["key"] or {}).get("kind"), key_kind(table, kms), row)
        if isinstance(backups, str):
            compare("pitr.enabled", name, row["pitr"], "!" + backups, row)
        else:
            pitr = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
            compare("pitr.enabled", name, row["pitr"]["enabled"], pitr.get("PointInTimeRecoveryStatus") == "ENABLED", row)
            compare("pitr.window_days", name, row["pitr"]["window_days"], pitr.get("RecoveryPeriodInDays"), row)
        compare("deletion_protection", name, row["deletion_protection"], table.get("DeletionProtectionEnabled"), row)
        compare("tags", name, row["tags"], "!" + tags if isinstance(tags, str) else {t["Key"]: t["Value"] for t in tags["Tags"]}, row)
        if vpces is not None:
            got = sorted(e["id"] if isinstance(e, dict) else e for e in row["endpoints"] or [])
            compare("endpoints", name, got, vpces, row)
        if isinstance(policy, dict):
            got = row["resource_policy"]
            compare("resource_policy", name, json.loads(got) if isinstance(got, str) else got, json.loads(policy["Policy"]), row)
        elif policy == "PolicyNotFoundException":
            if row["resource_policy"] is not None or "resource_policy" in row["unknown"]:
                wrong["resource_policy"].append((name, row["resource_policy"], policy))
        if isinstance(ttl, dict):
            got = row["ttl"]
            compare("ttl", name, (got or {}).get("status"), ttl["TimeToLiveDescription"]["TimeToLiveStatus"], row)
        compare("streams", name, bool(row["streams"]), bool(table.get("StreamSpecification", {}).get("StreamEnabled")), row)
    for field, misses in wrong.items():
        check(f"{field} of every table equals what boto3 reads", not misses, f"{len(misses)}: {misses[:3]}")
    null = [(r["name"], f) for r in answer["rows"] for f in ("key", "pitr", "deletion_protection", "tags") if r[f] is None and not r["unknown"].get(f)]
    check("a null always has its reason", not null, str(null[:5]))
    return mine


def unknowns():
    """What moto lacks comes out as unknown, with the reason, and the exit code says incomplete."""
    code, answer = rows("findings")
    if KIND == "moto":
        check("findings: an endpoint without them is incomplete (exit 4), not clean", code == 4 and not answer["rows"], f"exit {code}")
        check("findings: the fault is in the coverage", json.dumps(answer["coverage"]).count("malformed") or answer["coverage"].get("faults"), str(answer["coverage"]))
    code, answer = rows("events")
    if KIND == "moto":
        check("events: LookupEvents is missing: exit 4", code == 4, f"exit {code}")
    code, answer = rows("check")
    verdicts = {(r["control"], r["resource"]): r for r in answer["rows"]}
    silent = [k for k, r in verdicts.items() if r["verdict"] == "unknown" and not r["reason"]]
    check("check: every unknown has a reason", not silent, str(silent[:3]))
    if KIND == "moto":
        for control in ("DET-03",):
            of = [r["verdict"] for (c, _), r in verdicts.items() if c == control]
            check(f"check: {control} rests on findings that moto lacks: unknown", of and set(of) == {"unknown"}, str(of))
    evidence = [k for k, r in verdicts.items() if r["verdict"] in ("pass", "fail") and not r["evidence"]]
    check("check: every pass and fail has evidence", not evidence, str(evidence[:3]))


def verdicts(mine):
    """The tables' own facts and the verdicts agree."""
    _, answer = rows("check")
    of = {(r["control"], r["resource"]): r["verdict"] for r in answer["rows"]}
    bad = [n for n, r in mine.items() if r["pitr"] and (of.get(("RES-01", r["id"])) in ("pass", "warn")) != r["pitr"]["enabled"]]
    check("check: RES-01 follows PITR", not bad, str(bad[:5]))
    bad = [n for n, r in mine.items() if r["deletion_protection"] is False and of.get(("RES-03", r["id"])) != ("n/a" if r["class"] == "public" else "fail")]
    check("check: RES-03 fails without deletion protection", not bad, str(bad[:5]))


def findings_and_events():
    guardduty = client("guardduty")
    want = set()
    for detector in guardduty.list_detectors()["DetectorIds"]:
        want.update(guardduty.list_findings(DetectorId=detector)["FindingIds"])
    _, answer = rows("findings")
    got = {row["id"] for row in answer["rows"]}
    check(f"all {len(want)} findings are listed", want and want <= got, f"{len(got)} rows, missing {list(want - got)[:3]}")
    client("dynamodb").list_tables()
    _, answer = rows("events")
    check("events are found and carry their raw record", answer["rows"] and all(r["id"] and r["raw"] for r in answer["rows"]), str(answer["rows"][:1])[:300])


mine = tables()
for command in ("compliance", "drift", "endpoints", "trails"):
    rows(command)
unknowns()
verdicts(mine)
if KIND == "localemu":
    findings_and_events()
code, out, err = run("info")
check("info exits 0", code == 0 and out, err[-300:])
for output in ("table", "csv"):
    code, out, err = run("tables", "-o", output)
    check(f"tables -o {output}", code in (0, 4) and all(name in out for name in mine), f"exit {code} {err[-300:]}")
print(f"\n{passed} passed, {failed} failed")
sys.exit(failed > 0)
