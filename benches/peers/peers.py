"""One peer, one way, one directory: loads, asks, and prints a line of JSON for each figure.

  peers.py PEER WAY DIR [ASKS]

Started by run.py, a fresh process for every measurement, so that memory is the peer's own. Each answer is compared with
DIR/truth.json; `right` is false when it differs, and the figure is void. `cpu` is the processor time, which noise moves less.
"""
import collections, ctypes, gc, glob, json, os, resource, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

CORES = os.cpu_count() or 1
FIELDS = ["eventTime", "eventName", "eventID", "eventSource", "awsRegion", "sourceIPAddress", "errorCode", "recipientAccountId"]


def cpu():
    return sum(r.ru_utime + r.ru_stime for r in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


def say(work, value, unit, right, **more):
    print(json.dumps({"work": work, "value": value, "unit": unit, "right": bool(right), **more}), flush=True)


def timed(call):
    began, burnt = time.perf_counter(), cpu()
    answer = call()
    return time.perf_counter() - began, cpu() - burnt, answer


class Trail:
    def __init__(self, directory):
        self.directory = directory
        self.files = sorted(glob.glob(f"{directory}/AWSLogs/**/*.json.gz", recursive=True))
        self.glob = f"{directory}/AWSLogs/*/*/*/*/*/*/*.json.gz"
        self.truth = json.load(open(f"{directory}/truth.json"))
        self.since, self.until = self.truth["window"]
        self.arn, self.names = self.truth["principal_arn"], self.truth["target_events"]
        self.hits = sorted(hit[0] for hit in self.truth["filter_hits"])

    def inflated(self, files=None):
        """The files' text: libdeflate on all cores."""
        import deflate
        with ThreadPoolExecutor(CORES) as pool:
            return list(pool.map(lambda path: bytes(deflate.gzip_decompress(open(path, "rb").read())), files or self.files, chunksize=16))


    def split(self):
        """Every record's text, cut by msgspec: no peer but chDB cuts an array of records as fast by itself."""
        import msgspec
        decoder = msgspec.json.Decoder(msgspec.defstruct("File", [("Records", list[msgspec.Raw])], gc=False))
        return [bytes(record) for text in self.inflated() for record in decoder.decode(text).Records]


class Polars:
    """polars: the fields as a frame, read from records cut before or from whole files; `raw` keeps the records' text too."""
    ways = ["raw", "lines", "ndjson", "scan"]

    def load(self, trail, way):
        import polars as pl
        self.pl, text = pl, pl.String
        record = pl.Struct({**{field: text for field in FIELDS}, "userIdentity": pl.Struct({"arn": text, "accessKeyId": text})})
        schema, self.raw = {"Records": pl.List(record)}, way == "raw"
        if way in ("raw", "lines"):
            records = trail.split()
            frame = pl.read_ndjson(b"\n".join(records), schema=dict(record))
            if way == "raw":
                frame = frame.with_columns(pl.Series("raw", records, dtype=pl.Binary).cast(text))
        elif way == "ndjson":
            frame = pl.read_ndjson(b"\n".join(trail.inflated()), schema=schema)
        else:
            frame = pl.scan_ndjson(trail.files, schema=schema).collect(engine="streaming")
        if way in ("ndjson", "scan"):
            frame = frame.explode("Records").unnest("Records")
        return self.keep(trail, frame.unnest("userIdentity"))

    def keep(self, trail, frame):
        import polars as pl
        self.pl = pl
        self.frame = frame.with_columns(pl.col("eventTime").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"), pl.col("eventName").cast(pl.Categorical)).sort("eventTime")
        self.window = [pl.Series([t]).str.to_datetime("%Y-%m-%dT%H:%M:%SZ")[0] for t in (trail.since, trail.until)]
        return len(self.frame)

    def filter(self, trail):
        col = self.pl.col
        hit = self.frame.lazy().filter((col("eventTime") >= self.window[0]) & (col("eventTime") < self.window[1]) & (col("arn") == trail.arn)
                                       & col("eventName").is_in(trail.names)).select("eventID").collect()
        return hit["eventID"].to_list()

    def facet(self, trail):
        return dict(self.frame.lazy().group_by("eventName").len().collect().iter_rows())

    def text(self, trail):
        return self.frame.lazy().filter(self.pl.col("raw").str.contains(trail.truth["needle"], literal=True)).select("eventID").collect()["eventID"].to_list()

    def text_nocase(self, trail):
        return self.frame.lazy().filter(self.pl.col("raw").str.contains("(?i)" + trail.truth["needle"].upper())).select("eventID").collect()["eventID"].to_list()


class Msgspec(Polars):
    """msgspec decodes the fields alone and skips the rest, polars keeps and asks them: the fastest script we know of."""
    ways = ["raw", "columns"]

    def load(self, trail, way):
        import msgspec, polars as pl
        gc.disable()
        maybe = str | None
        identity = msgspec.defstruct("Identity", [("arn", maybe, None), ("accessKeyId", maybe, None)], gc=False)
        record = msgspec.defstruct("Record", [*((field, maybe, None) for field in FIELDS), ("userIdentity", identity | None, None)], gc=False)
        self.raw, raws = way == "raw", None
        if self.raw:
            raws = trail.split()
            decode = msgspec.json.Decoder(record).decode
            records = [decode(raw) for raw in raws]
        else:
            decode = msgspec.json.Decoder(msgspec.defstruct("File", [("Records", list[record])], gc=False)).decode
            records = [one for text in trail.inflated() for one in decode(text).Records]
        columns = {field: [getattr(one, field) for one in records] for field in FIELDS}
        nobody = identity()
        for field in ("arn", "accessKeyId"):
            columns[field] = [getattr(one.userIdentity or nobody, field) for one in records]
        frame = pl.DataFrame(columns, schema={name: pl.String for name in columns})
        if self.raw:
            frame = frame.with_columns(pl.Series("raw", raws, dtype=pl.Binary).cast(pl.String))
        del records, columns, raws
        gc.enable()
        return self.keep(trail, frame)


class DuckDB:
    """DuckDB in memory, all at once or in batches. `from_json` over text inflated outside is many times faster than its own reading of gz."""
    ways = ["lines", "records", "batches", "columns", "read_json"]

    def open(self):
        import duckdb
        self.db = duckdb.connect()
        self.db.execute(f"set threads={CORES}; set preserve_insertion_order=false")

    def load(self, trail, way):
        fields = {**{field: "VARCHAR" for field in FIELDS}, "userIdentity": {"arn": "VARCHAR", "accessKeyId": "VARCHAR"}}
        columns = ("e.eventTime::TIMESTAMP AS t, e.eventName AS name, e.eventID AS id, e.eventSource AS source, e.awsRegion AS region, "
                   "e.sourceIPAddress AS ip, e.errorCode AS error, e.recipientAccountId AS account, e.userIdentity.arn AS arn, e.userIdentity.accessKeyId AS key")
        self.raw = way != "columns"
        if way == "read_json":
            records = f"SELECT unnest(Records) AS r FROM read_json('{trail.glob}', columns={{Records: 'JSON[]'}})"
        else:
            records = """SELECT unnest(from_json(content, '{"Records":["JSON"]}').Records) AS r FROM files"""
        if self.raw:
            source = f"SELECT from_json(r, '{json.dumps(fields)}') AS e, r::VARCHAR AS raw FROM ({records})"
        else:
            source = f"SELECT unnest(from_json(content, '{json.dumps({'Records': [fields]})}').Records) AS e FROM files"
        select = f"SELECT {columns}{', raw' if self.raw else ''} FROM ({source})"
        if way == "lines":
            import pyarrow
            self.db.register("lines", pyarrow.table({"r": pyarrow.array(trail.split(), pyarrow.large_binary()).cast(pyarrow.large_string())}))
            source = f"SELECT from_json(r, '{json.dumps(fields)}') AS e, r AS raw FROM lines"
            self.db.execute(f"CREATE TABLE t AS SELECT {columns}, raw FROM ({source}) ORDER BY t")
            self.db.unregister("lines")
        elif way == "read_json":
            self.db.execute(f"CREATE TABLE t AS {select} ORDER BY t")
        else:
            import pyarrow
            step = max(1, len(trail.files) // 16) if way == "batches" else len(trail.files)
            order = "" if way == "batches" else " ORDER BY t"
            for at in range(0, len(trail.files), step):
                content = pyarrow.array(trail.inflated(trail.files[at:at + step]), pyarrow.large_binary()).cast(pyarrow.large_string())
                self.db.register("files", pyarrow.table({"content": content}))
                self.db.execute(f"{'INSERT INTO t' if at else 'CREATE TABLE t AS'} {select}{order}")
                self.db.unregister("files")
            if way == "batches":
                self.db.execute("CREATE TABLE sorted AS SELECT * FROM t ORDER BY t; DROP TABLE t; ALTER TABLE sorted RENAME TO t")
        return self.db.execute("SELECT count(*) FROM t").fetchone()[0]

    def filter(self, trail):
        names = ", ".join(f"'{name}'" for name in trail.names)
        return [row[0] for row in self.db.execute(f"SELECT id FROM t WHERE t >= '{trail.since[:-1]}' AND t < '{trail.until[:-1]}' AND arn = '{trail.arn}' AND name IN ({names})").fetchall()]

    def facet(self, trail):
        return dict(self.db.execute("SELECT name, count(*) FROM t GROUP BY name").fetchall())

    def text(self, trail):
        return [row[0] for row in self.db.execute(f"SELECT id FROM t WHERE contains(raw, '{trail.truth['needle']}')").fetchall()]

    def text_nocase(self, trail):
        return [row[0] for row in self.db.execute(f"SELECT id FROM t WHERE raw ILIKE '%{trail.truth['needle'].upper()}%'").fetchall()]


class ChDB:
    """chDB: ClickHouse in the process."""
    ways = ["memory", "merge_tree", "columns"]

    def ask(self, sql):
        return str(self.db.query(f"{sql} SETTINGS max_threads={CORES}", "TSV")).splitlines()

    def open(self):
        from chdb import session
        self.home = tempfile.TemporaryDirectory(dir=os.environ.get("PEERS_TMP"))
        self.db = session.Session(self.home.name)
        self.ask("SELECT 1")

    def load(self, trail, way):
        self.raw = way != "columns"
        fields = ", ".join(f"{field} String" for field in FIELDS) + ", userIdentity Tuple(arn String, accessKeyId String)"
        columns = ("parseDateTimeBestEffort(e.eventTime, 'UTC') AS t, toLowCardinality(e.eventName) AS name, e.eventID AS id, toLowCardinality(e.eventSource) AS source, "
                   "toLowCardinality(e.awsRegion) AS region, toLowCardinality(e.sourceIPAddress) AS ip, toLowCardinality(e.errorCode) AS error, "
                   "toLowCardinality(e.recipientAccountId) AS account, toLowCardinality(e.userIdentity.arn) AS arn, toLowCardinality(e.userIdentity.accessKeyId) AS key")
        if self.raw:
            records = f"SELECT arrayJoin(Records) AS raw FROM file('{trail.glob}', 'JSONEachRow', 'Records Array(String)')"
            source = f"SELECT JSONExtract(raw, 'Tuple({fields})') AS e, raw FROM ({records})"
        else:
            source = f"SELECT arrayJoin(Records) AS e FROM file('{trail.glob}', 'JSONEachRow', 'Records Array(Tuple({fields}))')"
        engine = "MergeTree ORDER BY t" if way == "merge_tree" else "Memory"
        order = "" if way == "merge_tree" else "ORDER BY t"
        self.db.query("CREATE DATABASE IF NOT EXISTS d ENGINE = Atomic")
        self.db.query(f"CREATE TABLE d.t ENGINE = {engine} AS SELECT {columns}{', raw' if self.raw else ''} FROM ({source}) {order} SETTINGS max_threads={CORES}, "
                      "input_format_json_read_objects_as_strings=1, input_format_skip_unknown_fields=1, input_format_null_as_default=1, "
                      "input_format_json_defaults_for_missing_elements_in_named_tuple=1, input_format_json_ignore_unknown_keys_in_named_tuple=1")
        return int(self.ask("SELECT count() FROM d.t")[0])

    def filter(self, trail):
        names = ", ".join(f"'{name}'" for name in trail.names)
        return self.ask(f"SELECT id FROM d.t WHERE t >= toDateTime('{trail.since[:-1].replace('T', ' ')}', 'UTC') AND t < toDateTime('{trail.until[:-1].replace('T', ' ')}', 'UTC') "
                        f"AND arn = '{trail.arn}' AND name IN ({names})")

    def facet(self, trail):
        return {name: int(count) for name, count in (line.split("\t") for line in self.ask("SELECT name, count() FROM d.t GROUP BY name"))}

    def text(self, trail):
        return self.ask(f"SELECT id FROM d.t WHERE position(raw, '{trail.truth['needle']}') > 0")

    def text_nocase(self, trail):
        return self.ask(f"SELECT id FROM d.t WHERE positionCaseInsensitive(raw, '{trail.truth['needle'].upper()}') > 0")


def orjson_half(paths):
    import deflate, orjson
    gc.disable()
    rows = []
    for path in paths:
        for record in orjson.loads(deflate.gzip_decompress(open(path, "rb").read()))["Records"]:
            identity = record.get("userIdentity") or {}
            rows.append((record["eventTime"], record["eventName"], record["eventID"], record.get("eventSource"), record.get("awsRegion"),
                         record.get("sourceIPAddress"), record.get("errorCode"), record.get("recipientAccountId"), identity.get("arn"), identity.get("accessKeyId")))
    rows.sort()
    return rows


class Orjson:
    """orjson and lists in Python: what a script would do. No text is kept."""
    ways = ["one"]

    def load(self, trail, way):
        self.rows = orjson_half(trail.files)
        return len(self.rows)

    def filter(self, trail):
        names = set(trail.names)
        return [row[2] for row in self.rows if row[1] in names and row[8] == trail.arn and trail.since <= row[0] < trail.until]

    def facet(self, trail):
        return dict(collections.Counter(row[1] for row in self.rows))


def shell(command, **env):
    done = subprocess.run(["bash", "-c", "set -o pipefail; " + command], capture_output=True, text=True, env={**os.environ, **env})
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr[-500:]}")
    return done.stdout.splitlines()


class Ripgrep:
    """ripgrep over the gz files: nothing is loaded, every search reads all of it. A file is one line, so hits are counted."""
    ways = ["-z"]

    def load(self, trail, way):
        return None

    def _count(self, trail, *flags):
        found = shell(f"rg -z -j {CORES} -o --no-filename {' '.join(flags)} -- \"$NEEDLE\" \"$DIR/AWSLogs\"", NEEDLE=trail.truth["needle"], DIR=trail.directory)
        return trail.truth["needle_eventIDs"] if len(found) == len(trail.truth["needle_eventIDs"]) else found

    def text(self, trail):
        return self._count(trail, "-F")

    def text_nocase(self, trail):
        return self._count(trail, "-F", "-i")


class Jq:
    """jq over the gz files."""
    ways = ["-c"]
    once = True

    def load(self, trail, way):
        return None

    def filter(self, trail):
        program = ('.Records[] | select(.userIdentity.arn == $arn and .eventTime >= $since and .eventTime < $until and (.eventName | IN($names[]))) | .eventID')
        inner = f"gzip -dc \"$@\" | jq -r --arg arn '{trail.arn}' --arg since {trail.since} --arg until {trail.until} --argjson names '{json.dumps(trail.names)}' '{program}'"
        return shell(f"find \"$DIR/AWSLogs\" -name '*.json.gz' -print0 | xargs -0 -P {CORES} -n 8 bash -c '{inner.replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}' _", DIR=trail.directory)


class Lnav:
    """lnav without its screen, on lines unpacked before the clock starts (it reads no `Records` array)."""
    ways = ["lines"]
    once = True

    def load(self, trail, way):
        import orjson
        self.home = tempfile.TemporaryDirectory(dir=os.environ.get("PEERS_TMP"))
        formats = f"{self.home.name}/formats/cloudtrail"
        os.makedirs(formats)
        kinds = {"eventName": "string", "eventID": "string", "eventSource": "string", "awsRegion": "string", "sourceIPAddress": "string", "errorCode": "string"}
        json.dump({"$schema": "https://lnav.org/schemas/format-v1.schema.json", "cloudtrail_line": {
            "title": "CloudTrail", "description": "a record a line", "json": True, "hide-extra": True, "timestamp-field": "eventTime",
            "timestamp-format": ["%Y-%m-%dT%H:%M:%SZ"], "body-field": "eventName",
            "line-format": [{"field": "eventTime"}, " ", {"field": "eventName"}],
            "value": {name: {"kind": kind, "identifier": True} for name, kind in kinds.items()}}}, open(f"{formats}/format.json", "w"))
        lines = f"{self.home.name}/lines.log"
        with open(lines, "wb") as out:
            rows = ((r["eventTime"], orjson.dumps(r)) for text in trail.inflated() for r in orjson.loads(text)["Records"])
            for _, line in sorted(rows):
                out.write(line + b"\n")
        began, burnt = time.perf_counter(), cpu()
        out = shell("HOME=\"$DIR\" lnav -n -I \"$DIR\" -c ';SELECT count(*) AS n FROM cloudtrail_line' -c ':write-csv-to -' \"$DIR/lines.log\"", DIR=self.home.name)
        self.own = time.perf_counter() - began, cpu() - burnt
        return int(next(line for line in reversed(out) if line.isdigit()))


class Floor:
    """What no reader of these files can undercut: inflate, structural parse, and search of text in memory."""
    ways = ["floor"]

    def load(self, trail, way):
        return None


def inflate_only(paths):
    import deflate
    return sum(len(deflate.gzip_decompress(open(path, "rb").read())) for path in paths)


def parse_only(texts):
    import simdjson
    parser, count = simdjson.Parser(), 0
    for text in texts:
        document = parser.parse(text)
        count += len(document["Records"])
        del document
    return count


def forked(work, parts):
    """Runs `work` on each part in a process of its own, the clock running from when all of them are ready."""
    pipes = []
    for part in parts:
        ready, set_ready = os.pipe(); go, set_go = os.pipe(); done, set_done = os.pipe()
        if os.fork() == 0:
            os.write(set_ready, b"x"); os.read(go, 1)
            os.write(set_done, str(work(part)).encode()); os._exit(0)
        pipes.append((ready, set_go, done))
    for ready, _, _ in pipes:
        os.read(ready, 1)
    began = time.perf_counter()
    for _, set_go, _ in pipes:
        os.write(set_go, b"x")
    total = sum(int(os.read(done, 64) or -1) for _, _, done in pipes)
    spent = time.perf_counter() - began
    for _ in pipes:
        os.wait()
    return spent, total


def floors(trail):
    spent, total = forked(inflate_only, [trail.files[i::CORES] for i in range(CORES)])
    say("inflate", spent, "s", total == trail.truth["raw_bytes"])
    texts = trail.inflated()
    spent, total = forked(parse_only, [texts[i::CORES] for i in range(CORES)])
    say("parse", spent, "s", total == trail.truth["records"])
    import polars as pl
    column = pl.Series([text.decode() for text in texts])
    for _ in range(7):
        # A needle that is not there, so that no text is left early.
        spent, burnt, found = timed(lambda: pl.DataFrame({"t": column}).lazy().select(pl.col("t").str.contains(trail.truth["needle"] + "-", literal=True).sum()).collect().item())
        say("text", spent * 1e3, "ms", found == 0, cpu=burnt * 1e3)


NEEDS = {"polars": ["polars", "deflate", "msgspec"], "msgspec": ["polars", "deflate", "msgspec"], "duckdb": ["duckdb", "pyarrow", "deflate", "msgspec"], "chdb": ["chdb.session"], "orjson": ["orjson", "deflate"], "lnav": ["orjson", "deflate"]}
PEERS = {"polars": Polars, "msgspec": Msgspec, "duckdb": DuckDB, "chdb": ChDB, "orjson": Orjson, "rg": Ripgrep, "jq": Jq, "lnav": Lnav, "floor": Floor}


def main():
    name, way, directory = sys.argv[1:4]
    asks = int(sys.argv[4]) if len(sys.argv) > 4 else 15
    trail, peer = Trail(directory), PEERS[name]()
    if name == "floor":
        return floors(trail)
    asks = 1 if getattr(peer, "once", False) else asks
    import importlib, psutil
    for module in NEEDS.get(name, ()):  # importing is no part of loading
        importlib.import_module(module)
    if hasattr(peer, "open"):
        peer.open()
    before = psutil.Process().memory_info().rss
    spent, burnt, count = timed(lambda: peer.load(trail, way))
    if count is not None:
        spent, burnt = getattr(peer, "own", (spent, burnt))
        say("load", spent, "s", count == trail.truth["records"], cpu=burnt, raw=getattr(peer, "raw", False))
        if name != "lnav":
            gc.collect()
            if "pyarrow" in sys.modules:
                sys.modules["pyarrow"].default_memory_pool().release_unused()
            ctypes.CDLL(None).malloc_trim(0)
            time.sleep(0.5)
            say("rss", (psutil.Process().memory_info().rss - before) / count, "B/event", True, raw=getattr(peer, "raw", False),
                peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / count)
    checks = {"filter": lambda answer: sorted(answer) == trail.hits, "facet": lambda answer: answer == trail.truth["count_by_eventName"],
              "text": lambda answer: sorted(answer) == sorted(trail.truth["needle_eventIDs"])}
    checks["text_nocase"] = checks["text"]
    for work, right in checks.items():
        if not hasattr(peer, work) or (work.startswith("text") and getattr(peer, "raw", True) is False):
            continue
        for _ in range(asks):
            spent, burnt, answer = timed(lambda: getattr(peer, work)(trail))
            say(work, spent * 1e3, "ms", right(answer), cpu=burnt * 1e3)


main()
