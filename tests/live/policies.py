#!/usr/bin/env python3
"""Holds the reading of IAM policies against three evaluators that others wrote.

  policies.py BINARY [--seed N]

moto enforces IAM on real calls: users and roles with random policies call tables, and what goes through must be what
`lanes` says of them, and what the evaluator decides statement by statement. policyuniverse and parliament expand
wildcards of actions, policyuniverse tells what is open to anyone, parliament what is malformed: as far as both claim to
know, both must say the same. What one of them does not model, or has wrong by AWS's own words, is not generated, and the
reason stands where it is left out.
"""
import argparse, collections, functools, json, logging, os, random, re, string, subprocess, sys, tempfile, time, urllib.request
os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_EC2_METADATA_DISABLED="true")
os.environ.pop("AWS_PROFILE", None)
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.dynamodb.responses import DynamoHandler
from moto.iam.access_control import AssumedRoleAccessKey, IAMPolicy, IAMUserAccessKey, PermissionResult
from moto.server import ThreadedMotoServer

ap = argparse.ArgumentParser()
ap.add_argument("binary")
ap.add_argument("--seed", type=int, default=1)
a = ap.parse_args()
rnd, REGION, ACCOUNT, OTHER = random.Random(a.seed), "eu-west-1", "123456789012", "999988887777"
HERE = os.path.dirname(os.path.abspath(__file__))
print(f"seed {a.seed}", flush=True)
began = time.monotonic()


def passed():
    return f"{time.monotonic() - began:.0f} s"


# --- what there is ---------------------------------------------------------------------------------------------------
TABLES = ["orders-a", "orders-b", "billing", "audit"]
BASE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}"
READ = "BatchGetItem ConditionCheckItem GetItem PartiQLSelect Query Scan SearchVectors GetRecords GetShardIterator".split()
WRITE = "BatchWriteItem DeleteItem PartiQLDelete PartiQLInsert PartiQLUpdate PutItem UpdateItem".split()
ADMINISTER = """AssociateTableReplica CancelBulkOperation CreateBackup CreateGlobalTable CreateTable CreateTableReplica DeleteBackup
    DeleteResourcePolicy DeleteTable DeleteTableReplica DisableKinesisStreamingDestination EnableKinesisStreamingDestination
    ExportTableToPointInTime ImportTable PurchaseReservedCapacityOfferings PutResourcePolicy RestoreTableFromBackup
    RestoreTableToPointInTime StartBulkPutItems TagResource UntagResource UpdateAbacStatus UpdateContinuousBackups
    UpdateContributorInsights UpdateGlobalTable UpdateGlobalTableSettings UpdateGlobalTableVersion UpdateKinesisStreamingDestination
    UpdateTable UpdateTableReplicaAutoScaling UpdateTimeToLive""".split()
LOOK = "DescribeTable DescribeTimeToLive DescribeContinuousBackups GetResourcePolicy ListTagsOfResource DescribeStream".split()
PLANES = {"read": READ, "write": WRITE, "administer": ADMINISTER}


def resources(action, table):
    """The ARNs that an action on a table is asked for, by the Service Authorization Reference."""
    arn = f"{BASE}:table/{table}"
    below = {"index": [arn, f"{arn}/index/by-date", f"{arn}/index/other"], "stream": [f"{arn}/stream/2026-01-01T00:00:00.000"],
             "backup": [f"{arn}/backup/01600000000000-abcdef01"], "both": [arn, f"{arn}/stream/2026-01-01T00:00:00.000"]}
    kinds = {"Query": "index", "Scan": "index", "PartiQLSelect": "index", "SearchVectors": "index", "UpdateContributorInsights": "index",
             "GetRecords": "stream", "GetShardIterator": "stream", "DescribeStream": "stream", "DeleteBackup": "backup",
             "PutResourcePolicy": "both", "DeleteResourcePolicy": "both", "GetResourcePolicy": "both"}
    return below[kinds[action]] if action in kinds else [arn]


# --- moto, asked about tables -----------------------------------------------------------------------------------------
def asked_for(handler):
    """IAM, SQS and STS tell moto by this very hook which resource a call is for; DynamoDB's calls would all be for `*`."""
    of = handler.params
    named = of.get("TableName") or next(iter(of.get("RequestItems") or {}), None) or of.get("ResourceArn", "*")
    arn = named if named.startswith("arn:") or named == "*" else f"{BASE}:table/{named}"
    return f"{arn}/index/{of['IndexName']}" if of.get("IndexName") else arn


DynamoHandler._determine_resource = asked_for
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
ENDPOINT = "http://%s:%s" % server.get_host_and_port()
session = boto3.Session(region_name=REGION)


def client(service, **keys):
    return session.client(service, endpoint_url=ENDPOINT, config=Config(retries={"total_max_attempts": 1}, parameter_validation=False), **keys)


def enforce(on):
    ask = urllib.request.Request(f"{ENDPOINT}/moto-api/reset-auth", data=b"0" if on else b"inf", headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(ask).read()


iam, ddb, sts = client("iam"), client("dynamodb"), client("sts")
assert sts.get_caller_identity()["Account"] == ACCOUNT


# --- random policies, of what moto's access_control.py models ----------------------------------------------------------
# Not modelled there, so not here: conditions (never unmet), NotResource (taken for any), `?` (a quantifier of its regular
# expressions), letter case of actions (IAM ignores it, moto does not), boundaries, resource policies, the organization's.
def listed(of):
    """One alone or in a list: both are valid."""
    return of[0] if len(of) == 1 and rnd.random() < .5 else of


WILD = ["Get*", "*Item", "Batch*", "Describe*", "Update*", "PartiQL*", "*Table*", "Delete*", "*Backup*", "Put*", "*Resource*", "Q*", "*Stream*", "*"]


def actions(deny):
    one = lambda: rnd.choice([*["dynamodb:" + rnd.choice(READ + WRITE + ADMINISTER + LOOK)] * 4, *["dynamodb:" + rnd.choice(WILD)] * 4,
                              "s3:GetObject", "s3:*", "dynamodb:*" if not deny else "dynamodb:Scan", "*" if not deny else "dynamodb:Query"])
    return listed([one() for _ in range(rnd.randint(1, 4))])


def places():
    table = rnd.choice(TABLES)
    one = lambda: rnd.choice(["*", f"{BASE}:table/{table}", f"{BASE}:table/{table}", f"{BASE}:table/{table}", f"{BASE}:table/{table}/*", f"{BASE}:table/{table}/index/*",
                              f"{BASE}:table/{table}/index/by-date", f"{BASE}:table/{table}/index/other", f"{BASE}:table/{table}/stream/*", f"{BASE}:table/{table}*",
                              f"{BASE}:table/orders-*", "arn:aws:dynamodb:*:*:table/orders-*", f"arn:aws:dynamodb:*:{ACCOUNT}:table/*", f"{BASE}:table/*/index/*",
                              f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}", f"arn:aws:dynamodb:*:{OTHER}:table/*", "arn:aws:s3:::bucket/*", f"{BASE}:*",
                              "arn:aws:dynamodb:*", f"arn:aws:dynamodb:*:table/{table}", f"{BASE}:table/{table}/backup/*", "arn:aws:dynamodb:*:*:*/audit"])
    return listed([one() for _ in range(rnd.randint(1, 3))])


def document():
    statements = []
    for _ in range(rnd.choice([1, 1, 2, 2, 3])):
        deny = rnd.random() < .3
        name = "NotAction" if rnd.random() < .12 else "Action"
        statements.append({"Effect": "Deny" if deny else "Allow", name: actions(deny), "Resource": places()})
    return json.dumps({"Version": "2012-10-17", "Statement": listed(statements)})


class Identity:
    """Somebody, the documents that hold for it, and the keys to call with."""

    def __init__(self, arn, documents, keys, held):
        self.arn, self.documents, self.held = arn, documents, held
        self.ddb = client("dynamodb", **keys)

    @functools.cached_property
    def policies(self):
        """As moto collects them: by attachment, group and default version."""
        return [IAMPolicy(of) for of in self.held.collect_policies()]

    def may(self, action, resource):
        said = {of.is_action_permitted(f"dynamodb:{action}", resource) for of in self.policies}
        return PermissionResult.DENIED not in said and PermissionResult.PERMITTED in said


def seed():
    people = []
    managed = []
    for i in range(12):
        first, now = document(), document()
        arn = iam.create_policy(PolicyName=f"m{i}", Path=rnd.choice(["/", "/team/"]), PolicyDocument=first)["Policy"]["Arn"]
        # The newest version need not be the default one.
        default = rnd.random() < .5
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=now, SetAsDefault=default)
        managed.append((arn, now if default else first))
    groups = []
    for i in range(5):
        iam.create_group(GroupName=f"g{i}", Path=rnd.choice(["/", "/all/"]))
        held = [document() for _ in range(rnd.randint(0, 2))]
        for n, of in enumerate(held): iam.put_group_policy(GroupName=f"g{i}", PolicyName=f"p{n}", PolicyDocument=of)
        for arn, of in rnd.sample(managed, rnd.randint(0, 1)):
            iam.attach_group_policy(GroupName=f"g{i}", PolicyArn=arn)
            held.append(of)
        groups.append(held)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]})
    for i in range(40):
        user, name = i % 5 < 3, f"i{i}"
        make, put, attach = ((iam.create_user, iam.put_user_policy, iam.attach_user_policy) if user else
                             (functools.partial(iam.create_role, AssumeRolePolicyDocument=trust), iam.put_role_policy, iam.attach_role_policy))
        key = "UserName" if user else "RoleName"
        arn = make(**{key: name}, Path=rnd.choice(["/", "/team/"]))["User" if user else "Role"]["Arn"]
        held = [document() for _ in range(rnd.choice([0, 1, 1, 2]))]
        for n, of in enumerate(held): put(**{key: name}, PolicyName=f"p{n}", PolicyDocument=of)
        for policy, of in rnd.sample(managed, rnd.choice([0, 1, 1, 2])):
            attach(**{key: name}, PolicyArn=policy)
            held.append(of)
        if user:
            for group in rnd.sample(range(len(groups)), rnd.choice([0, 0, 1, 2])):
                iam.add_user_to_group(GroupName=f"g{group}", UserName=name)
                held += groups[group]
            of = iam.create_access_key(UserName=name)["AccessKey"]
            keys, token = {"aws_access_key_id": of["AccessKeyId"], "aws_secret_access_key": of["SecretAccessKey"]}, {}
        else:
            of = sts.assume_role(RoleArn=arn, RoleSessionName="s")["Credentials"]
            keys = {"aws_access_key_id": of["AccessKeyId"], "aws_secret_access_key": of["SecretAccessKey"], "aws_session_token": of["SessionToken"]}
            token = {"X-Amz-Security-Token": of["SessionToken"]}
        as_held = (IAMUserAccessKey if user else AssumedRoleAccessKey)(ACCOUNT, "aws", keys["aws_access_key_id"], token)
        people.append(Identity(arn, held, keys, as_held))
    return people


def tables():
    for name in TABLES:
        ddb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                         AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "date")], DeletionProtectionEnabled=True,
                         GlobalSecondaryIndexes=[{"IndexName": "by-date", "KeySchema": [{"AttributeName": "date", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}],
                         # A domain each: `lanes` then speaks of each table by itself.
                         Tags=[{"Key": "domain", "Value": f"of-{name}"}, {"Key": "data-class", "Value": "restricted"}])


def calls(of, table):
    """Calls of a table, some of an index; none of them changes who may do what."""
    key = {"pk": {"S": "1"}}
    asks = {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}
    by_date = {**asks, "KeyConditionExpression": "#d = :v", "ExpressionAttributeNames": {"#d": "date"}, "IndexName": "by-date"}
    t = {"TableName": table}
    yield "GetItem", lambda: of.get_item(**t, Key=key)
    yield "PutItem", lambda: of.put_item(**t, Item=key)
    yield "UpdateItem", lambda: of.update_item(**t, Key=key, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"S": "1"}})
    yield "DeleteItem", lambda: of.delete_item(**t, Key=key)
    yield "BatchGetItem", lambda: of.batch_get_item(RequestItems={table: {"Keys": [key]}})
    yield "BatchWriteItem", lambda: of.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": key}}]})
    yield "Query", lambda: of.query(**t, **asks)
    yield "Query/index", lambda: of.query(**t, **by_date)
    yield "Scan", lambda: of.scan(**t)
    yield "Scan/index", lambda: of.scan(**t, IndexName="by-date")
    yield "DescribeTable", lambda: of.describe_table(**t)
    yield "UpdateTable", lambda: of.update_table(**t, DeletionProtectionEnabled=True)
    # Deletion protection refuses it after IAM let it through.
    yield "DeleteTable", lambda: of.delete_table(**t)
    yield "UntagResource", lambda: of.untag_resource(ResourceArn=f"{BASE}:table/{table}", TagKeys=["none"])


def through(call):
    try: call()
    except ClientError as error:
        # Moto refuses in XML whatever the protocol, so boto3 knows the status and the text alone.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403 and "is not authorized to perform" in str(error): return False
        assert error.response["Error"]["Code"] == "ValidationException", error
    return True


# --- one part after the other --------------------------------------------------------------------------------------------
bad = []


def said(what, compared, wrong):
    print(f"{'FAILED' if wrong or not compared else 'ok    '} {what}: {compared:,} compared, {len(wrong)} differ ({passed()})", *wrong[:10], sep="\n  " if wrong else " ", flush=True)
    if wrong or not compared: bad.append(what)


def run(*args):
    env = {**os.environ, "HOME": "/nonexistent", "AWS_REGION": REGION}
    done = subprocess.run([a.binary, *args, "-o", "json", "-e", ENDPOINT, "-r", REGION], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 3, 4), done.stderr
    return json.loads(done.stdout)["rows"]


def enforced():
    """Real calls under enforcement; the same decisions for every action; what `lanes` says of each identity and table."""
    tables()
    people = seed()
    enforce(True)
    wrong, made, let = [], 0, 0
    for one in people:
        # Half of the tables each: over all identities, each call is made of each table.
        for table in rnd.sample(TABLES, 2):
            for action, call in calls(one.ddb, table):
                name, _, index = action.partition("/")
                arn = f"{BASE}:table/{table}" + ("/index/by-date" if index else "")
                got, want = through(call), one.may(name, arn)
                made, let = made + 1, let + got
                if got != want: wrong.append(f"{one.arn} {action} on {arn}: the call {got}, moto's policies {want}")
    enforce(False)
    # The rest is decided by the same code of moto without a call: actions that no operation of DynamoDB is called by.
    said(f"moto: real calls ({let:,} let through, {made - let:,} denied) are what its policies decide", made, wrong)
    everything = READ + WRITE + ADMINISTER + LOOK
    decide, lanes = [], {}
    for one in people:
        asks = []
        for table in TABLES:
            for action in everything:
                for arn in resources(action, table):
                    allowed = one.may(action, arn)
                    asks.append((f"dynamodb:{action}", arn, allowed))
                    for plane, of in PLANES.items():
                        if allowed and action in of: lanes.setdefault((one.arn, f"of-{table}"), set()).add(plane)
        decide.append({"who": one.arn, "documents": one.documents, "asks": asks})
    ours = {(r["id"], r["lane"]): set(r["planes"]) for r in run("lanes") if r["kind"] in ("role", "user")}
    pairs = [(one.arn, f"of-{table}") for one in people for table in TABLES]
    wrong = [f"{who.split(':')[-1]} into {lane}: lanes {sorted(ours.get((who, lane), set()))}, moto {sorted(lanes.get((who, lane), set()))}, by "
             + " ".join(next(one.documents for one in people if one.arn == who))
             for who, lane in pairs if ours.get((who, lane), set()) != lanes.get((who, lane), set())]
    said(f"moto: planes of {len(people)} identities on {len(TABLES)} tables are those `lanes` shows", len(pairs) * len(PLANES), wrong)
    return decide


def expanded():
    """Which actions an `Action` or `NotAction` holds, by policyuniverse and by parliament."""
    import parliament, policyuniverse
    from parliament import expand_action
    from policyuniverse import expander_minimizer
    # Their lists, without the 17,000 actions of others: half a minute less.
    theirs = sorted(p for p in policyuniverse.all_permissions if p.startswith("dynamodb:"))
    policyuniverse.all_permissions = expander_minimizer.all_permissions = set(theirs)
    parliament.iam_definition[:] = [of for of in parliament.iam_definition if of["prefix"] == "dynamodb"]
    lower = lambda of: {f"{x['service']}:{x['action']}".lower() for x in of}
    other = sorted(lower(expand_action("dynamodb:*")))
    known = sorted({x["action"] for x in expand_action("dynamodb:*")})

    def pattern():
        name = rnd.choice(known)
        at, to = sorted(rnd.sample(range(len(name) + 1), 2))
        text = rnd.choice([name, name[:at] + "*", "*" + name[at:], name[:at] + "*" + name[to:], "*" + name[at:to] + "*", name[:at] + "*" + name[at:to] + "*", "*", "Nothing*"])
        # `?` with parliament alone: policyuniverse leaves patterns without a star as they are.
        if "*" in text and rnd.random() < .3: text = "".join("?" if c != "*" and rnd.random() < .15 else c for c in text)
        return "dynamodb:" + rnd.choice([text, text, text.lower(), text.upper()])

    expand = []
    for _ in range(250):
        patterns = [pattern() for _ in range(rnd.randint(1, 3))]
        # One without a star that names no action is expanded to itself by policyuniverse; here each names one.
        name = "NotAction" if rnd.random() < .3 else "Action"
        one = {"Effect": "Allow", name: listed(patterns), "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [one]})
        held = set(expander_minimizer.get_actions_from_statement(one))
        parliament = set().union(*(lower(expand_action(p, raise_exceptions=False)) for p in patterns))
        expand.append({"document": text, "asks": [(p, p in held) for p in theirs]})
        expand.append({"document": text, "asks": [(p, (p in parliament) == (name == "Action")) for p in other]})
    return expand


def opened():
    """Documents of resources, and whether policyuniverse finds them open to the internet."""
    from policyuniverse.policy import Policy
    account, org = "111122223333", "o-a1b2c3d4e5"
    # Where the two are not compared, and why:
    # - several conditions in one statement: policyuniverse takes one open one for enough; IAM wants all to hold
    # - …IfExists and ForAllValues: it takes them for fences; an absent key satisfies both
    # - wildcards under StringEquals: it takes them for wildcards; there they are characters
    # - blocks between /1 and /7: it looks at /0 alone, this program goes by S3's rule for public policies
    # - aws:PrincipalOrgID and aws:userid of `*`, aws:SourceArn of every bucket: it takes them for fences
    # - aws:userid without a trailing `:*`: it takes a fixed one for open
    # - Federated `*`, and ARNs of principals with wildcards: no principal by IAM's grammar
    # - aws:SourceOwner, saml:aud and the keys it does not know, as aws:SourceVpcArn, aws:VpceAccount: only one of the two does
    fenced = [("StringEquals", "aws:PrincipalOrgID", [org]), ("StringLike", "aws:PrincipalOrgID", [org, "o-*"]), ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", [f"{org}/*", f"{org}/r-1/ou-1/*", "o-*/r-1/*"]),
              ("StringEquals", "aws:PrincipalAccount", [account]), ("StringLike", "aws:SourceAccount", [account, "*", "1111*"]), ("StringEqualsIgnoreCase", "kms:CallerAccount", [account]),
              ("ArnLike", "aws:PrincipalArn", [f"arn:aws:iam::{account}:role/*", "arn:aws:iam::*:role/app", "*", f"arn:aws:iam::{account}:root"]), ("ArnEquals", "aws:SourceArn", ["arn:aws:s3:::one", f"arn:aws:sns:*:{account}:t", "arn:aws:sns:*:*:t"]),
              ("StringLike", "aws:userid", ["AROAEXAMPLEEXAMPLE:*"]), ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "198.51.100.7/32"]),
              ("StringEquals", "aws:SourceVpc", ["vpc-1"]), ("StringLike", "aws:SourceVpce", ["vpce-1", "vpce-*", "*"]),
              ("StringNotEquals", "aws:PrincipalOrgID", [org]), ("ArnNotLike", "aws:PrincipalArn", [f"arn:aws:iam::{account}:*"]), ("NotIpAddress", "aws:SourceIp", ["203.0.113.0/24"]),
              ("Bool", "aws:SecureTransport", ["true"]), ("StringEquals", "aws:UserAgent", ["mine"]), ("Null", "aws:PrincipalOrgID", ["false"])]
    whom = ["*", {"AWS": "*"}, {"AWS": [account, "*"]}, {"AWS": account}, {"AWS": f"arn:aws:iam::{account}:root"}, {"AWS": [f"arn:aws:iam::{account}:role/team/x", OTHER]},
            {"Service": "backup.amazonaws.com"}, {"Service": "dynamodb.amazonaws.com", "AWS": "*"}, {"Federated": "cognito-identity.amazonaws.com"}]
    public = []
    for _ in range(600):
        statements = []
        for _ in range(rnd.choice([1, 1, 1, 2])):
            one = {"Effect": rnd.choice(["Allow"] * 4 + ["Deny"]), rnd.choice(["Principal"] * 9 + ["NotPrincipal"]): rnd.choice(whom), "Action": "dynamodb:GetItem", "Resource": f"{BASE}:table/orders-a"}
            if rnd.random() < .7:
                operator, key, values = rnd.choice(fenced)
                cased = rnd.choice([key, key, key.lower(), key.upper()])
                one["Condition"] = {operator: {cased: listed(rnd.sample(values, rnd.randint(1, min(2, len(values)))))}}
            statements.append(one)
        of = {"Version": "2012-10-17", "Statement": statements}
        public.append({"document": json.dumps(of), "open": Policy(of).is_internet_accessible()})
    # The same end to end: as policies of tables, by IAM-10.
    some = rnd.sample(public, 40)
    for i, of in enumerate(some):
        arn = ddb.create_table(TableName=f"open-{i:02d}", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])["TableDescription"]["TableArn"]
        ddb.put_resource_policy(ResourceArn=arn, Policy=of["document"])
    rows = {r["resource"].split("/")[-1]: r for r in run("check", "--control", "IAM-10", "--strict-class")}
    ours = [rows[f"open-{i:02d}"] for i in range(len(some))]
    wrong = [f"{r['verdict']} {r['reason']}: policyuniverse {of['open']}, {of['document']}" for r, of in zip(ours, some) if ("lets anybody in" in r["reason"]) != of["open"]]
    said(f"policyuniverse: tables open to anyone are those of IAM-10 ({sum(of['open'] for of in some)} open)", len(some), wrong)
    return public


def malformed():
    """Documents with one flaw or none, and whether parliament finds it."""
    import parliament
    table, real = f"{BASE}:table/orders-a", ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:*", "dynamodb:Get*"]
    sane = lambda: {"Effect": rnd.choice(["Allow", "Deny"]), "Action": listed(rnd.sample(real, rnd.randint(1, 2))), "Resource": listed([rnd.choice([table, "*", f"{BASE}:table/*", f"arn:aws:dynamodb:*:*:table/x", f"{BASE}:table/x/index/*"])])}
    letters = lambda n: "".join(rnd.choice(string.ascii_lowercase) for _ in range(n))
    drop = lambda of, key: {k: v for k, v in of.items() if k != key}
    when = lambda of, operator, key, value: {**of, "Condition": {operator: {key: value}}}
    arn = lambda of, text: {**of, "Resource": listed([table, text] if rnd.random() < .3 else [text])}
    bad_date = lambda: rnd.choice(["soon", "tomorrow at noon", "01/02/2026", letters(6)])
    # What each says of a flaw: parliament's issues, and the lint's faults. Left out: what parliament alone knows (Sids, unknown
    # elements, actions without their resource), what this lint alone knows (blanks, leading keys, indexes), and where
    # parliament is mistaken: regions with wildcards, `NullIfExists` and the missing DateNotEquals.
    flaws = {
        "no effect": (lambda of: drop(of, "Effect"), {"MALFORMED"}, {"NotAPolicy"}),
        "unknown effect": (lambda of: {**of, "Effect": rnd.choice(["Permit", "", letters(5)])}, {"MALFORMED"}, {"NotAPolicy"}),
        "no action": (lambda of: drop(of, "Action"), {"MALFORMED"}, {"NotAPolicy"}),
        "action twice": (lambda of: {**of, "NotAction": "dynamodb:Scan"}, {"MALFORMED"}, {"NotAPolicy"}),
        "resource twice": (lambda of: {**of, "NotResource": "*"}, {"MALFORMED"}, {"NotAPolicy"}),
        "no resource": (lambda of: drop(of, "Resource"), {"MALFORMED"}, {"MissingResource"}),
        "unknown action": (lambda of: {**of, "Action": rnd.choice(["dynamodb:GetItems", "dynamodb:ReadItem", "DynamoDB:" + letters(7), "dynamodb:" + letters(4) + "*", "dynamodb:Get"])}, {"UNKNOWN_ACTION"}, {"UnknownAction"}),
        "no ARN": (lambda of: arn(of, rnd.choice(["orders-a", "table/orders-a", f"arm:aws:dynamodb:{REGION}:{ACCOUNT}:table/x", f"dynamodb:{REGION}:{ACCOUNT}:table/x", "arn:aws:dynamodb", f"arn:aws:dynamodb:{REGION}:table/x"])), {"INVALID_ARN"}, {"NeverMatches"}),
        "partition": (lambda of: arn(of, f"arn:{rnd.choice(['amazon', 'asw', letters(4)])}:dynamodb:{REGION}:{ACCOUNT}:table/x"), {"INVALID_ARN"}, {"NeverMatches"}),
        "region": (lambda of: arn(of, f"arn:aws:dynamodb:{rnd.choice(['euwest1', 'eu_west_1', 'ireland'])}:{ACCOUNT}:table/x"), {"INVALID_ARN"}, {"NeverMatches"}),
        "account": (lambda of: arn(of, f"arn:aws:dynamodb:{REGION}:{rnd.choice([ACCOUNT[1:], ACCOUNT + '0', '1234-5678-9012', 'prod', '<account>', '1234 56789012'])}:table/x"), {"INVALID_ARN"}, {"NeverMatches", "Placeholder", "Blank"}),
        "operator": (lambda of: when(of, rnd.choice(["StringResembles", "StringEqual", "Equals", "ForSomeValues:StringEquals", "IpAdress"]), "aws:PrincipalOrgID", "o-a1b2c3d4e5"), {"UNKNOWN_OPERATOR"}, {"NeverHolds"}),
        "truth": (lambda of: when(of, rnd.choice(["Bool", "BoolIfExists"]), "aws:SecureTransport", rnd.choice(["yes", "1", letters(3)])), {"MISMATCHED_TYPE_OPERATION_TO_NULL"}, {"NeverHolds"}),
        "null": (lambda of: when(of, "Null", "aws:SourceVpce", rnd.choice(["vpce-1", letters(4)])), {"MISMATCHED_TYPE_OPERATION_TO_NULL"}, {"NeverHolds"}),
        "address": (lambda of: when(of, rnd.choice(["IpAddress", "NotIpAddress", "IpAddressIfExists"]), "aws:SourceIp", rnd.choice(["home", "10.0.0", letters(5)])), {"MISMATCHED_TYPE"}, {"NeverHolds"}),
        "number": (lambda of: when(of, "NumericLessThan", "aws:MultiFactorAuthAge", rnd.choice(["an hour", letters(4)])), {"MISMATCHED_TYPE"}, {"NeverHolds"}),
        "date": (lambda of: when(of, rnd.choice(["DateLessThan", "DateGreaterThanEquals"]), "aws:CurrentTime", bad_date()), {"MISMATCHED_TYPE"}, {"NeverHolds"}),
        "source": (lambda of: when(of, "ArnLike", "aws:SourceArn", rnd.choice(["bucket", "arn:aws:s3", letters(6)])), {"MISMATCHED_TYPE"}, {"NeverHolds"}),
        "whom": (lambda of: {**of, "Principal": rnd.choice([ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "alice"])}, {"UNKNOWN_PRINCIPAL"}, {"NotAPolicy"}),
    }
    # The same, written well.
    well = [lambda of: of, lambda of: when(of, "StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"), lambda of: when(of, "Bool", "aws:SecureTransport", "true"), lambda of: when(of, "Null", "aws:SourceVpce", "false"),
            lambda of: when(of, "IpAddress", "aws:SourceIp", "203.0.113.0/24"), lambda of: when(of, "NumericLessThan", "aws:MultiFactorAuthAge", "3600"), lambda of: when(of, "DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
            lambda of: when(of, "ArnLike", "aws:SourceArn", "arn:aws:s3:::bucket"), lambda of: arn(of, f"arn:aws-cn:dynamodb:cn-north-1:{ACCOUNT}:table/x")]
    issues = {i for _, of, _ in flaws.values() for i in of}
    faults = sorted({f for _, _, of in flaws.values() for f in of})
    lint, wrong, texts = [], [], []

    def look(name, of, issues, faults, broken=None):
        body = broken or json.dumps({"Version": "2012-10-17", "Statement": [sane(), of] if rnd.random() < .3 else listed([of])})
        found = {f.issue for f in parliament.analyze_policy_string(body, ignore_private_auditors=True).findings}
        lint.append({"document": body, "of_identity": "Principal" not in of, "faults": sorted(faults), "found": bool(found & issues)})
        return bool(found & issues)

    seen = collections.Counter()
    for _ in range(14):
        for name, (spoil, said_by, ours) in flaws.items():
            seen[name] += look(name, spoil(sane()), said_by, ours)
        for make in well: look("well", make(sane()), issues, faults)
        text = json.dumps({"Version": "2012-10-17", "Statement": [sane()]})
        for cut in (text[:-1], text.replace('"Effect":', '"Effect"', 1), text + "}", "", "no policy", '{"Version": "2012-10-17"}'): look("text", {}, {"MALFORMED_JSON", "MALFORMED"}, {"NotAPolicy"}, cut or " ")
    # A flaw that parliament never finds would compare silence with silence.
    for name in flaws:
        if not seen[name]: bad.append(f"parliament never found: {name}")
    return lint


# --- what others said, held against the evaluator itself -----------------------------------------------------------------
judgements = {"decide": enforced(), "expand": [], "public": [], "lint": []}
try:
    import parliament, policyuniverse
except ImportError as error:
    print(f"SKIPPED policyuniverse and parliament: {error}", flush=True)
else:
    logging.getLogger("policyuniverse").setLevel(logging.ERROR)
    judgements.update(expand=expanded(), public=opened(), lint=malformed())
with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    json.dump(judgements, file)
    file.flush()
    done = subprocess.run(["cargo", "test", "--quiet", "--test", "it", "policies_are_judged", "--", "--nocapture"], cwd=os.path.join(HERE, "..", ".."),
                          env={**os.environ, "DYNAKEEP_TEST_POLICIES": file.name}, capture_output=True, text=True)
counts = [sum(len(of["asks"]) for of in judgements[part]) for part in ("decide", "expand")] + [len(judgements[part]) for part in ("public", "lint")]
same = "judged %d %d %d %d" % tuple(counts) in done.stdout and done.returncode == 0
names = ("moto's decisions by statement", "expansions of actions", "policies open to anyone", "flaws of documents")
print(f"{'ok    ' if same else 'FAILED'} the evaluator and the lint: " + ", ".join(f"{n:,} {what}" for n, what in zip(counts, names)) + f" compared, {'0 differ' if same else 'some differ'} ({passed()})", flush=True)
if not same:
    bad.append("the evaluator")
    print(done.stdout[-6000:], done.stderr[-6000:], sep="\n")
server.stop()
sys.exit("; ".join(bad) if bad else 0)
