"""What the judges of trail files share: the reading, the program's answers, and the tally."""
import collections, gzip, json, os, subprocess, sys, time

tally = collections.Counter()
ENV = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "RUST_BACKTRACE": "1"}


def check(what, ok, detail=""):
    tally["passed" if ok else "failed"] += 1
    print(f"{'ok  ' if ok else 'FAIL'} {what}" + (f"\n       {detail}" if not ok else ""), flush=True)


def skip(what, why):
    tally["skipped"] += 1
    print(f"SKIPPED {what}: {why}", flush=True)


# ---- the reading

def walk(value, out):
    """The rule: a record is an object with `eventSource` and `eventName` or `eventVersion`, at any depth, the outermost."""
    if isinstance(value, dict):
        if "eventSource" in value and ("eventName" in value or "eventVersion" in value):
            out.append(value)
        elif isinstance(value.get("insightDetails"), dict) and "eventSource" in value["insightDetails"]:
            out.append(value)
        else:
            for key, inner in value.items():
                walk(json.loads(inner) if key == "CloudTrailEvent" and isinstance(inner, str) else inner, out)
    elif isinstance(value, list):
        for inner in value:
            walk(inner, out)
    return out


def reading(path):
    """The records of a file, and whether it could be read at all: as a whole, or each line of it."""
    data = open(path, "rb").read()
    if path.endswith(".gz"):
        data = gzip.decompress(data)
    try:
        return walk(json.loads(data), []), True
    except ValueError:
        try:
            return walk([json.loads(line) for line in data.splitlines() if line.strip()], []), True
        except ValueError:
            return [], False


def name_of(record):
    return record["insightDetails"].get("eventName") if "eventSource" not in record else record.get("eventName")


def deliveries(records):
    """Events and repeated deliveries: the same record, whatever the order of its keys, with the same eventID met again."""
    seen, events, repeated = set(), [], 0
    for record in records:
        key = (record["eventID"], json.dumps(record, sort_keys=True)) if record.get("eventID") else None
        if key and key in seen:
            repeated += 1
        else:
            seen.add(key)
            events.append(record)
    return events, repeated


def files_under(directory):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(directory) for name in names if name.endswith((".json", ".json.gz", ".jsonl")))


# ---- the program

class Answer:
    def __init__(self, done, seconds):
        self.code, self.out, self.err, self.seconds = done.returncode, done.stdout, done.stderr, seconds
        try:
            self.json = json.loads(self.out)
        except ValueError:
            self.json = None

    def get(self, key):
        return self.json.get(key) if isinstance(self.json, dict) else None

    @property
    def rows(self):
        return self.get("rows") or []

    @property
    def report(self):
        """The load report: every object in the coverage that names a path and a problem, as (path, all it says)."""
        found = []

        def look(value):
            if isinstance(value, dict):
                if isinstance(value.get("path"), str) and any(value.get(key) for key in ("problem", "what", "reason", "error")):
                    found.append((value["path"], json.dumps(value)))
                for inner in value.values():
                    look(inner)
            elif isinstance(value, list):
                for inner in value:
                    look(inner)
        look(self.get("coverage"))
        return found

    def brief(self):
        if self.json is None:
            return f"exit {self.code}, no JSON, stdout {self.out[:200]!r}, stderr {self.err[-500:]!r}"
        return f"exit {self.code}, events {self.get('events')}, duplicates {self.get('duplicates')}, broken {self.get('broken')}, by_name {brief(self.get('by_name'))}, report {brief(self.report)}"


def brief(value):
    text = repr(value)
    return text if len(text) < 600 else text[:600] + "…"


def run(binary, *arguments, timeout=300, uid=None):
    began = time.monotonic()
    as_other = {"user": uid, "group": uid, "extra_groups": []} if uid else {}
    try:
        done = subprocess.run([binary, "events", *arguments, "-o", "json"], env=ENV, capture_output=True, timeout=timeout, **as_other)
        done.stdout, done.stderr = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess([], "none after the time allowed", "", f"no end after {timeout} s")
    return Answer(done, time.monotonic() - began)


def count(binary, path, **more):
    return run(binary, "--trail", path, "--count", **more)


def numbers(answer):
    return all(isinstance(answer.get(key), int) for key in ("events", "duplicates", "broken")) and isinstance(answer.get("by_name"), dict)


def differing(ours, theirs):
    return {name: f"ours {ours.get(name)}, read {theirs.get(name)}" for name in sorted({*ours, *theirs}, key=str) if ours.get(name) != theirs.get(name)}


def hold(what, answer, records, salvage=0):
    """Counts and names of one answer against the records read; `salvage`: broken ones may come on top (invalid JSON)."""
    events, repeated = deliveries(records)
    names = dict(collections.Counter(name_of(record) for record in events))
    if not numbers(answer):
        return check(f"{what}: events, duplicates, broken and by_name are told", False, answer.brief())
    wrong = []
    if answer.get("by_name") != names:
        wrong.append(f"by_name {brief(differing(answer.get('by_name'), names))}")
    for key, expected in (("events", len(events)), ("duplicates", repeated)):
        if answer.get(key) != expected:
            wrong.append(f"expected {key} {expected}")
    least, most = (0, 0) if not salvage else salvage
    if not least <= answer.get("broken") <= most:
        wrong.append(f"expected broken {least if least == most else f'{least} to {most}'}")
    total = answer.get("events") + answer.get("duplicates") + (0 if salvage else answer.get("broken"))
    if total != len(records):
        wrong.append(f"events + duplicates + broken: expected {len(records)} records in")
    check(f"{what}: {len(records)} records in = {len(events)} events + {repeated} repeated", not wrong, f"{'; '.join(wrong)}\n       came: {answer.brief()}")


def make(tools, out, *arguments):
    done = subprocess.run([sys.executable, f"{tools}/make_trail.py", arguments[0], out, *arguments[1:]], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    return json.load(open(f"{out}/truth.json"))
