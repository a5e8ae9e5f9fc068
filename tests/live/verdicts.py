#!/usr/bin/env python3
"""Holds the verdicts of ten controls against those that boto3 and the words of the catalogue give.

  verdicts.py BINARY ENDPOINT [--seed N] [--tables N]

The estate at the endpoint is made richer first, by chance: tables of every class with every kind of key, policies, trails,
endpoints. Then ENC-01, ENC-02, RES-01, RES-03, RES-04, ISO-01, IAM-10, LOG-02, NET-01 and NET-03 are computed here from
what boto3 reads, and every verdict must be the same: on the defaults, and with a configuration of its own.
"""
import argparse, datetime, fnmatch, json, os, random, subprocess, sys, tempfile
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ap = argparse.ArgumentParser()
ap.add_argument("binary"), ap.add_argument("endpoint")
ap.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
ap.add_argument("--tables", type=int, default=60)
a = ap.parse_args()
rnd, REGION = random.Random(a.seed), "eu-west-1"
ENV = {**os.environ, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
       "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": REGION, "HOME": "/nonexistent"}
ENV.pop("AWS_PROFILE", None)
os.environ.update({k: ENV[k] for k in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")})
client = lambda service, region=REGION: boto3.client(service, endpoint_url=a.endpoint, region_name=region, config=Config(retries={"max_attempts": 1}))
ddb, kms, ec2, trails = client("dynamodb"), client("kms"), client("ec2"), client("cloudtrail")
ACCOUNT = client("sts").get_caller_identity()["Account"]
TRUSTED, STRANGER = "444455556666", "999988887777"
print(f"seed {a.seed}", flush=True)


def statement(effect="Allow", **kw):
    return {"Effect": effect, **kw}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# --- a richer estate -----------------------------------------------------------------------------------------------
def enrich():
    keys = [kms.create_key(Description=f"verdicts {i}")["KeyMetadata"]["Arn"] for i in range(5)]
    made = []
    words = [None, "public", "internal", "confidential", "restricted", "pii", "secret", "nonsense", "Restricted"]
    for i in range(a.tables):
        name = f"verdicts-{a.seed}-{i:03d}"
        tags = []
        word = rnd.choice(words)
        if word: tags.append({"Key": rnd.choice(["data-class", "classification", "Data-Class"]), "Value": word})
        if rnd.random() < .8: tags.append({"Key": rnd.choice(["owner", "team"]), "Value": "pay"})
        if rnd.random() < .7: tags.append({"Key": "domain", "Value": "commerce"})
        kw = dict(TableName=name, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
                  KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], DeletionProtectionEnabled=rnd.random() < .6)
        if tags: kw["Tags"] = tags
        kind = rnd.choice(["owned", "aws", "customer", "customer"])
        if kind != "owned": kw["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", **({"KMSMasterKeyId": rnd.choice(keys)} if kind == "customer" else {})}
        arn = ddb.create_table(**kw)["TableDescription"]["TableArn"]
        if rnd.random() < .7: ddb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        if rnd.random() < .3: ddb.create_backup(TableName=name, BackupName="verdicts")
        who = rnd.choice([None, None, "*", {"AWS": "*"}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{STRANGER}:root"}, {"AWS": [f"arn:aws:iam::{TRUSTED}:role/x"]}])
        if who:
            fence = rnd.choice([{}, {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}}, {"Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}])
            more = [statement("Deny", Principal="*", Action="dynamodb:DeleteTable", Resource=arn)] if rnd.random() < .3 else []
            ddb.put_resource_policy(ResourceArn=arn, Policy=document(statement(Principal=who, Action="dynamodb:GetItem", Resource=arn, **fence), *more))
        made.append(arn)
    kms.disable_key(KeyId=keys[0].split("/")[-1])
    kms.schedule_key_deletion(KeyId=keys[1].split("/")[-1], PendingWindowInDays=7)
    # One table is described after its key went; the others' are alive.
    for i in range(4):
        vpc = ec2.create_vpc(CidrBlock=f"10.{100 + i}.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{100 + i}.1.0/24")["Subnet"]["SubnetId"]
        if rnd.random() < .7: ec2.create_network_interface(SubnetId=subnet)
        policy = rnd.choice([
            None, document(statement(Principal="*", Action="*", Resource="*")),
            document(statement(Principal="*", Action="dynamodb:*", Resource="*")),
            document(statement(Principal="*", Action="dynamodb:GetItem", Resource=made[0])),
            document(statement(Principal="*", NotAction="dynamodb:DeleteTable", Resource="*")),
            document(statement(Principal="*", Action="*", Resource="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-x"}})),
            "{"])
        if rnd.random() < .7:
            kw = {} if policy in (None, "{") else {"PolicyDocument": policy}
            ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.dynamodb", VpcEndpointType="Gateway", **kw)
    if rnd.random() < .8:
        # The seeded trail records all tables: what others record shows only while it does not.
        for trail in trails.describe_trails()["trailList"]: trails.stop_logging(Name=trail["Name"])
    s3 = client("s3")
    s3.create_bucket(Bucket=f"verdicts-{a.seed}", CreateBucketConfiguration={"LocationConstraint": REGION})
    for i in range(2):
        name = f"verdicts-{a.seed}-{i}"
        trails.create_trail(Name=name, S3BucketName=f"verdicts-{a.seed}", IsMultiRegionTrail=rnd.random() < .5)
        if rnd.random() < .8: trails.start_logging(Name=name)
        if rnd.random() < .5:
            values = rnd.choice([["arn:aws:dynamodb"], [rnd.choice(made)], [made[1], made[2]]])
            trails.put_event_selectors(TrailName=name, EventSelectors=[{"ReadWriteType": rnd.choice(["All", "WriteOnly", "ReadOnly"]), "IncludeManagementEvents": True,
                                       "DataResources": [{"Type": "AWS::DynamoDB::Table", "Values": values}]}])
        else:
            fields = [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]}]
            if rnd.random() < .5: fields.append({"Field": "readOnly", "Equals": [rnd.choice(["true", "false"])]})
            if rnd.random() < .5: fields.append({"Field": "resources.ARN", rnd.choice(["Equals", "StartsWith", "NotEquals"]): [rnd.choice(made)]})
            trails.put_event_selectors(TrailName=name, AdvancedEventSelectors=[{"Name": "d", "FieldSelectors": fields}])


# --- what the catalogue says, read naively ---------------------------------------------------------------------------
RANK = ["public", "internal", "confidential", "restricted"]
MEANS = {**{c: c for c in RANK}, "pii": "confidential", "personal": "confidential", "secret": "restricted"}
LEAST_KEY = {"public": 0, "internal": 0, "confidential": 1, "restricted": 2}
BACKUP_HOURS = {"confidential": 168, "restricted": 24}


class Facts:
    def __init__(self, trusted, owner, domain, fsi):
        self.trusted, self.owner, self.domain = trusted, owner, domain
        self.least = {**LEAST_KEY, "internal": 2, "confidential": 2} if fsi else LEAST_KEY
        self.now = datetime.datetime.now(datetime.timezone.utc)
        names = [n for page in ddb.get_paginator("list_tables").paginate() for n in page["TableNames"]]
        self.tables = {n: ddb.describe_table(TableName=n)["Table"] for n in names}
        self.tags = {n: {t["Key"].lower(): t["Value"] for t in ddb.list_tags_of_resource(ResourceArn=t["TableArn"])["Tags"]} for n, t in self.tables.items()}
        self.keys = {}
        self.backups = {}
        for of in ddb.list_backups(BackupType="ALL")["BackupSummaries"]: self.backups.setdefault(of["TableName"], []).append(of)
        self.trails = [(t, trails.get_trail_status(Name=t["TrailARN"])["IsLogging"], trails.get_event_selectors(TrailName=t["TrailARN"])) for t in trails.describe_trails()["trailList"]]
        self.vpcs = [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"]]
        self.enis = ec2.describe_network_interfaces()["NetworkInterfaces"]
        self.endpoints = [e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["ServiceName"].lower() in (f"com.amazonaws.{REGION}.dynamodb", f"com.amazonaws.{REGION}.dynamodb-fips")]

    def stated(self, name):
        return next((MEANS[v.lower()] for k in ("data-class", "classification") for v in [self.tags[name].get(k)] if v and v.lower() in MEANS), None)

    def key(self, name):
        sse = self.tables[name].get("SSEDescription")
        if not sse: return 0, None
        arn = sse["KMSMasterKeyArn"]
        if arn not in self.keys: self.keys[arn] = kms.describe_key(KeyId=arn)["KeyMetadata"]
        return (2 if self.keys[arn]["KeyManager"] == "CUSTOMER" else 1), self.keys[arn]

    def table(self, name):
        t, cls, tags = self.tables[name], self.stated(name) or "restricted", self.tags[name]
        rank, meta = self.key(name)
        yield "ENC-01", "fail" if rank < self.least[cls] else "warn" if t.get("SSEDescription", {}).get("Status") == "UPDATING" else "pass"
        yield "ENC-02", ("n/a" if not meta else "fail" if meta.get("DeletionDate") or meta["KeyState"] in ("Disabled", "PendingDeletion", "PendingImport", "Unavailable")
                         else "pass" if t["TableStatus"] in ("ACTIVE", "UPDATING") else "warn")
        pitr = ddb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        yield "RES-01", "pass" if pitr else "n/a" if cls == "public" else "fail"
        protected, others = t["DeletionProtectionEnabled"], [r for r in t.get("Replicas", []) if r["RegionName"] != REGION]
        yield "RES-03", ("n/a" if cls == "public" else "fail") if not protected else "warn" if others else "pass"
        own = [b for b in self.backups.get(name, []) if b["BackupType"] == "USER" and b["BackupStatus"] == "AVAILABLE"]
        limit = BACKUP_HOURS.get(cls)
        newest = max((b["BackupCreationDateTime"] for b in own), default=None)
        yield "RES-04", "n/a" if not limit else "pass" if newest and self.now - newest <= datetime.timedelta(hours=limit) else "fail"
        if not self.stated(name): yield "ISO-01", "warn" if any(k in tags for k in ("data-class", "classification")) else "fail"
        else: yield "ISO-01", "pass" if any(tags.get(k, "").strip() for k in self.owner) and any(tags.get(k, "").strip() for k in self.domain) else "warn"
        yield "IAM-10", self.policy(t["TableArn"])
        yield "LOG-02", self.recorded(t["TableArn"]) if RANK.index(cls) >= 2 else "n/a"

    def policy(self, arn):
        try: text = ddb.get_resource_policy(ResourceArn=arn)["Policy"]
        except ClientError as error:
            assert error.response["Error"]["Code"] == "PolicyNotFoundException", error
            return "pass"
        verdict = "pass"
        for of in json.loads(text)["Statement"]:
            if of["Effect"] != "Allow": continue
            who = of["Principal"]
            who = [who] if isinstance(who, str) else [w for v in who.values() for w in ([v] if isinstance(v, str) else v)]
            fence = of.get("Condition", {}).get("StringEquals", {})
            if "*" in who and not fence: return "fail"
            accounts = {w.split(":")[4] if w.startswith("arn:") else w for w in who} - {"*"}
            if accounts - {ACCOUNT} - set(self.trusted): return "fail"
            if accounts - {ACCOUNT} and not fence: verdict = "warn"
        return verdict

    def recorded(self, arn):
        reads = writes = some = still = False
        for trail, logging, selectors in self.trails:
            if not (trail["IsMultiRegionTrail"] or trail.get("HomeRegion", REGION) == REGION): continue
            for kind, narrow in self.data(selectors, arn):
                if not logging: still = True
                elif narrow: some = True
                else: reads, writes = reads or kind != "WriteOnly", writes or kind != "ReadOnly"
        return "pass" if reads and writes else "warn" if reads or writes or some or still else "fail"

    def data(self, selectors, arn):
        """Selectors that take the table: reads, writes or both, and whether only some of them."""
        for of in selectors.get("EventSelectors") or []:
            for r in of.get("DataResources", []):
                if r["Type"] == "AWS::DynamoDB::Table" and any(arn == v or v == "arn:aws:dynamodb" for v in r["Values"]): yield of["ReadWriteType"], False
        for of in selectors.get("AdvancedEventSelectors") or []:
            fields = {f["Field"]: f for f in of["FieldSelectors"]}
            if fields["eventCategory"]["Equals"] != ["Data"] or "AWS::DynamoDB::Table" not in fields["resources.type"]["Equals"]: continue
            where, narrow, kind = fields.get("resources.ARN", {}), False, "All"
            if "Equals" in where and arn not in where["Equals"]: continue
            if "NotEquals" in where and arn in where["NotEquals"]: continue
            if "StartsWith" in where and not any(arn.startswith(v) for v in where["StartsWith"]): continue
            if "readOnly" in fields: kind = "ReadOnly" if fields["readOnly"]["Equals"] == ["true"] else "WriteOnly"
            narrow = bool(set(fields) - {"eventCategory", "resources.type", "resources.ARN", "readOnly"})
            yield kind, narrow

    def network(self):
        for vpc in self.vpcs:
            of = [e for e in self.endpoints if e["VpcId"] == vpc]
            if not any(e["VpcId"] == vpc and e.get("InterfaceType") != "vpc_endpoint" for e in self.enis): verdict = "n/a"
            elif any(e["State"].lower() == "available" for e in of): verdict = "pass"
            else: verdict = "warn" if of else "fail"
            yield "NET-01", vpc, verdict
        for e in self.endpoints:
            text = e.get("PolicyDocument")
            try: statements = json.loads(text)["Statement"]
            except (TypeError, ValueError, KeyError):
                yield "NET-03", e["VpcEndpointId"], "unknown"
                continue
            statements = statements if isinstance(statements, list) else [statements]
            listed = lambda v: [v] if isinstance(v, str) else v or []
            verdict = "pass"
            for of in statements:
                if of["Effect"] != "Allow": continue
                actions, all_of = listed(of.get("Action")), listed(of.get("Resource")) == ["*"]
                if actions == ["*"] and all_of and "Condition" not in of and len(statements) == 1: verdict = "fail"
                elif verdict != "fail" and ("NotAction" in of or (all_of and "Condition" not in of and any(fnmatch.fnmatch("dynamodb:any", x) for x in actions))): verdict = "warn"
            yield "NET-03", e["VpcEndpointId"], verdict


IDS = "ENC-01,ENC-02,RES-01,RES-03,RES-04,ISO-01,IAM-10,LOG-02,NET-01,NET-03"


def compare(what, facts, args):
    done = subprocess.run([a.binary, "check", "--control", IDS, "--strict-class", "-o", "json", "-e", a.endpoint, "-r", REGION, *args],
                          env=ENV, capture_output=True, text=True, timeout=600)
    rows = {(r["control"], r["resource"].split("/")[-1]): r for r in json.loads(done.stdout)["rows"]}
    want = {(c, n): v for n in facts.tables for c, v in facts.table(n)} | {(c, r): v for c, r, v in facts.network()}
    wrong = [(k, rows[k]["verdict"] if k in rows else "no row", v, rows.get(k, {}).get("reason")) for k, v in sorted(want.items()) if k not in rows or rows[k]["verdict"] != v]
    extra = sorted(set(rows) - set(want))
    seen = {}
    for (c, _), v in want.items(): seen.setdefault(c, {}).setdefault(v, 0); seen[c][v] += 1
    for c in IDS.split(","): print(f"  {c}: {seen.get(c)}")
    ok = bool(want) and not wrong and not extra
    print(f"{'ok    ' if ok else 'FAILED'} {what}: {len(want)} verdicts of ten controls equal those of boto3", *(["\n  %s: %s, boto3 %s (%s)" % (k, got, v, why) for k, got, v, why in wrong[:12]]), extra[:5] or "", flush=True)
    return ok


enrich()
ok = compare("the defaults", Facts([], ("owner", "team"), ("domain",), False), [])
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "config.toml")
    with open(path, "w") as file:
        file.write(f'[baseline]\nname = "fsi"\ntrusted_accounts = ["{TRUSTED}"]\n[classes]\nowner = ["team", "env"]\ndomain = ["env", "domain"]\n')
    ok &= compare("a configuration", Facts([TRUSTED], ("team", "env"), ("env", "domain"), True), ["--config", path])
sys.exit(not ok)
