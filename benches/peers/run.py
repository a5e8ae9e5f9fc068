#!/usr/bin/env python3
"""Measures dynakeep and its peers on the same trails, on this machine, in one run.

  run.py [--million DIR] [--hundred DIR] [--small DIR] [--runs N] [--asks N] [--only PEER,…] [--ours COMMAND | --no-ours]
         [--markdown FILE]

Trails that are not given are made by $TRAIL_TOOLS/make_trail.py (1e6 and 1e5 records, and 1e5 in files of 2 to 30). The
peers come from PyPI into a virtual environment under ~/.cache; jq, rg and lnav are used where they are installed. What is
not to be had is printed as SKIPPED. Every way of a peer is tried on the 1e5 records; those within three times of its
fastest are measured on the 1e6. Each answer is compared with truth.json, and a wrong one voids its figure. Figures are the
least of all repetitions, ours and theirs, since noise only adds; medians and processor time stand in the second table. Files
are read once before, so the page cache is warm.
"""
import argparse, collections, glob, json, os, platform, shlex, shutil, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "dynakeep-peers")
PACKAGES = ["polars", "duckdb", "chdb", "orjson", "pyarrow", "deflate", "msgspec", "pysimdjson", "psutil"]
WAYS = {"polars": ["raw", "lines", "ndjson", "scan"], "msgspec": ["raw", "columns"], "duckdb": ["lines", "records", "batches", "columns", "read_json"], "chdb": ["memory", "merge_tree", "columns"],
        "orjson": ["one"], "rg": ["-z"], "jq": ["-c"], "lnav": ["lines"]}
NEEDS = {"rg": "rg", "jq": "jq", "lnav": "lnav"}
# work: (what it is, the names of our own figures in order of preference, a figure of a peer or floor -> the same work)
WORKS = [
    ("load", "gz on disk → every event searchable in time order, raw record reachable", "s", ["load"]),
    ("load_columns", "the same, peers without the raw record", "s", ["load"]),
    ("small", "1e5 records in files of 2–30, the same", "s", ["small"]),
    ("small_columns", "the same, peers without the raw record", "s", ["small"]),
    ("filter", "filter name + principal + window", "ms", ["filter"]),
    ("facet", "count by name", "ms", ["facet"]),
    ("text", "substring over the whole raw records, all hits", "ms", ["text_all"]),
    ("text_first", "the same, the first screen", "ms", ["text_all_first", "text_first"]),
    ("text_keepraw", "the same, with raw text in memory", "ms", ["text_keepraw"]),
    ("text_nocase", "the same, whatever the letter case", "ms", ["text_keepraw_nocase"]),
    ("rss", "resident memory, every raw record reachable", "B/event", ["rss_zstd"]),
    ("rss_columns", "resident memory, raw record in its file or not at all", "B/event", ["rss_columns"]),
]
# Whose figure a work of ours stands beside where the peer has no name of its own for it.
SAME = {"text_keepraw": "text", "text_first": "text"}


def venv():
    python = f"{CACHE}/bin/python"
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", CACHE], check=True)
    skipped = {}
    for package in PACKAGES:
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package], capture_output=True, text=True)
        if done.returncode:
            skipped[package] = done.stderr.strip().splitlines()[-1]
    return python, skipped


def trail(given, name, *arguments):
    if given:
        return given
    directory = f"{CACHE}/trails/{name}"
    if not os.path.exists(f"{directory}/truth.json"):
        tools = os.environ.get("TRAIL_TOOLS") or sys.exit("set TRAIL_TOOLS to the directory of make_trail.py, or give the trails")
        subprocess.run([sys.executable, f"{tools}/make_trail.py", *arguments[:1], directory, *arguments[1:]], check=True)
    return directory


def warm(directory):
    for path in glob.glob(f"{directory}/AWSLogs/**/*.gz", recursive=True):
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass


def lines(command, timeout=1800, **more):
    """The JSON lines that a command prints, and why there are none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)
    except subprocess.TimeoutExpired:
        return [], f"not done after {timeout} s"
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return found, "" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr.strip()[-400:]}"


class Figures:
    def __init__(self):
        self.of = collections.defaultdict(list)  # (who, work, way) -> values
        self.cpu = collections.defaultdict(list)
        self.void, self.skipped = [], []

    def add(self, who, way, line, work=None):
        work = work or line["work"]
        if line.get("right") is False:
            self.void.append(f"{who} ({way}): {work} gave a wrong answer: its figure is void")
            return
        self.of[who, work, way].append(line["value"])
        if "cpu" in line:
            self.cpu[who, work, way].append(line["cpu"])

    def best(self, who, work):
        """The least, the median and the way of the fastest way."""
        found = [(min(values), statistics.median(values), way)
                 for (name, what, way), values in self.of.items() if name == who and what == work]
        return min(found) if found else None


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine()) if os.path.exists("/proc/cpuinfo") else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}, load average {os.getloadavg()[0]:.1f}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("million", "hundred", "small", "markdown", "only"):
        arguments.add_argument(f"--{name}")
    arguments.add_argument("--runs", type=int, default=3, help="fresh processes a figure")
    arguments.add_argument("--asks", type=int, default=15, help="repetitions of a query in each")
    arguments.add_argument("--ours", default="cargo bench --quiet -p dynakeep-events --bench trail --", help="prints our figures for the directory that follows")
    arguments.add_argument("--no-ours", action="store_true")
    given = arguments.parse_args()
    python, missing = venv()
    figures = Figures()
    million = trail(given.million, "1m", "1e6")
    hundred = trail(given.hundred, "100k", "1e5")
    small = trail(given.small, "100ks", "1e5", "--per-file", "2", "30")
    for directory in (million, hundred, small):
        warm(directory)
    if missing:
        figures.skipped += [f"{package}: {why}" for package, why in missing.items()]
    scratch = f"{CACHE}/scratch"
    os.makedirs(scratch, exist_ok=True)
    env = {**os.environ, "PEERS_TMP": scratch, "POLARS_MAX_THREADS": str(os.cpu_count())}
    peer = lambda *a, **m: lines([python, f"{HERE}/peers.py", *map(str, a)], env=env, **m)
    began = machine()
    print(f"machine: {began}", flush=True)

    if not given.no_ours:
        for directory, sort in ((million, "million"), (small, "small")):
            for _ in range(given.runs):
                found, why = lines([*shlex.split(given.ours), os.path.abspath(directory)], cwd=os.path.dirname(os.path.dirname(HERE)))
                if why:
                    figures.skipped.append(f"dynakeep on {directory}: {why}")
                    break
                for line in found:
                    if sort == "million":
                        figures.add("dynakeep", "", line)
                    elif line["work"] in ("load", "small"):
                        figures.add("dynakeep", "", line, "small")
        print("measured dynakeep", flush=True)

    for _ in range(given.runs):
        found, why = peer("floor", "floor", million)
        if why:
            figures.skipped.append(f"floor: {why}")
        for line in found:
            figures.add("floor", "", line)
    wanted = given.only.split(",") if given.only else list(WAYS)
    for who in wanted:
        if who in missing or (who in NEEDS and not shutil.which(NEEDS[who])):
            figures.skipped.append(f"{who}: not installed")
            continue
        tried = {}
        for way in WAYS[who]:
            found, why = peer(who, way, hundred, 1, timeout=300)
            load = [line["value"] for line in found if line["work"] == "load" and line["right"]]
            wrong = [line["work"] for line in found if not line["right"]]
            print(f"tried {who} ({way}) on 1e5 records: {number(load[0]) + ' s' if load else why or 'loads nothing'}{', WRONG ' + ' '.join(wrong) if wrong else ''}", flush=True)
            if why and not load:
                figures.skipped.append(f"{who} ({way}), on 1e5 records: {why}")
            else:
                tried[way] = load[0] if load else 0
        for way, spent in tried.items():
            if spent > 3 * min(tried.values()):
                continue
            for _ in range(given.runs if who not in ("jq", "lnav") else 1):
                found, why = peer(who, way, million, given.asks)
                for line in found:
                    bare = line["work"] in ("load", "rss") and not line.get("raw")
                    figures.add(who, way, line, line["work"] + "_columns" if bare else None)
                if why:
                    figures.skipped.append(f"{who} ({way}): {why}")
                    break
            if tried and who not in NEEDS:
                for _ in range(given.runs):
                    found, why = peer(who, way, small, 1, timeout=300)
                    for line in found:
                        if line["work"] == "load":
                            figures.add(who, way, line, "small" if line.get("raw") else "small_columns")
                    if why:
                        figures.skipped.append(f"{who} ({way}), small files: {why}")
                        break
        print(f"measured {who}", flush=True)
    report(figures, given, began, wanted)


def report(figures, given, began, peers):
    floors = {"load": ("inflate", "parse"), "load_columns": ("inflate", "parse"), "text_keepraw": ("text",)}
    rows = []
    for work, title, unit, _ in WORKS:
        own = next((found for name in dict((w[0], w[3]) for w in WORKS)[work] if (found := figures.best("dynakeep", name))), None)
        parts = [figures.best("floor", part) for part in floors.get(work, ())]
        floor = f"{number(sum(part[0] for part in parts))} {unit}" if parts and all(parts) else "–"
        cells = []
        for who in peers:
            found = figures.best(who, work) or figures.best(who, SAME.get(work, work))
            if found:
                ratio = f" ({found[0] / own[0]:.1f} ×)" if own else ""
                cells.append((found[0], f"{who} {number(found[0])} {unit}{ratio}", found, who))
        cells.sort()
        rows.append((title, unit, floor, own, cells))
    table = ["| work | floor | dynakeep | peers, and how many times ours they take |", "|---|---|---|---|"]
    for title, unit, floor, own, cells in rows:
        if own or cells:
            mine = f"{number(own[0])} {unit}" if own else "–"
            table.append(f"| {title} | {floor} | {mine} | {' · '.join(cell[1] for cell in cells) or '–'} |")
    detail = ["| peer | way | work | median | least | processor time | of |", "|---|---|---|---|---|---|---|"]
    for (who, work, way), values in sorted(figures.of.items()):
        if who == "dynakeep":
            continue
        spent = figures.cpu.get((who, work, way))
        detail.append(f"| {who} | {way} | {work} | {number(statistics.median(values))} | {number(min(values))} | {number(statistics.median(spent)) if spent else '–'} | {len(values)} |")
    versions = subprocess.run([f"{CACHE}/bin/python", "-c", "import importlib.metadata as m\nfor p in %r: print(p, m.version(p), sep=' ')" % [p for p in PACKAGES]], capture_output=True, text=True).stdout.split("\n")
    text = [f"Machine: {began}; at the end {os.getloadavg()[0]:.1f}. {time.strftime('%Y-%m-%d')}. The least of {given.runs} processes and of {given.asks} repetitions of a query in each, for everybody; page cache warm.", "",
            "```sh", f"TRAIL_TOOLS=… benches/peers/run.py --runs {given.runs} --asks {given.asks}", "```", "", *table, "",
            "Peers: " + ", ".join(v for v in versions if v) + ".", ""]
    text += ["Void: " + v for v in sorted(set(figures.void))] + ["SKIPPED " + s.replace("\n", " ") for s in figures.skipped]
    print("\n" + "\n".join(text) + "\n\n" + "\n".join(detail))
    if given.markdown:
        with open(given.markdown, "w") as out:
            out.write("\n".join(text) + "\n\n<details><summary>every way of every peer (s, ms, B/event)</summary>\n\n" + "\n".join(detail) + "\n\n</details>\n")
    sys.exit(1 if figures.void else 0)


main()
