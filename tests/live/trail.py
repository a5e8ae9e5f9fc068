#!/usr/bin/env python3
"""Holds `dynakeep events --trail` against a reading of the same files in a few lines of Python.

  trail.py BINARY [--corpus DIR] [--tools DIR] [--only real,made,hostile,query]

Four judgements: real logs, whole and file by file (--corpus, public CloudTrail logs); logs made by DIR/make_trail.py
(--tools); a directory of everything that can be wrong with a file; queries against a naive evaluation. What is not to be
had is printed as SKIPPED and counted. Prints `ok` or `FAIL` with what was expected and what came; exits 1 after a failure.
Needs nothing but Python.
"""
import argparse, collections, json, os, re, shutil, subprocess, sys, tempfile

sys.dont_write_bytecode = True

from trail_hostile import hostile
from trail_kit import brief, check, count, deliveries, differing, files_under, hold, make, numbers, reading, run, skip, tally
from trail_query import query


def real(binary, corpus):
    every, unreadable = [], []
    for path in files_under(corpus):
        records, whole = reading(path)
        every += records
        if not whole:
            unreadable.append(path)
        salvage = None if whole else salvageable(path)
        hold(f"real: {os.path.relpath(path, corpus)}", count(binary, path), records, salvage)
    answer = count(binary, corpus)
    most = sum(salvageable(path)[1] for path in unreadable)
    hold(f"real: all {len(every)} records of the corpus", answer, every, (1, most))
    for path in unreadable:
        check(f"real: invalid JSON is in the load report: {os.path.basename(path)}", any(os.path.basename(path) in at for at, _ in answer.report), brief(answer.report))
    raws = [row.get("raw") for row in run(binary, "--trail", corpus).rows]
    events, _ = deliveries(every)
    empty = [raw for raw in raws if not raw]
    check(f"real: every one of {len(events)} events is a row with its raw record", len(raws) >= len(events) and not empty, f"{len(raws)} rows, {len(empty)} without raw")
    came = collections.Counter(json.dumps(raw, sort_keys=True) for raw in map(parsed, raws) if raw is not None)
    missing = collections.Counter(json.dumps(record, sort_keys=True) for record in events) - came
    check("real: every raw record is the one of the file", not missing, f"{sum(missing.values())} missing, as {brief(list(missing)[:2])}")


def salvageable(path):
    """No JSON: what looks like the beginning of a record may be kept as broken, and must be where one is."""
    starts = len(re.findall(rb'"eventSource"\s*:\s*"[a-z0-9.-]+\.amazonaws\.com"', open(path, "rb").read()))
    return (min(starts, 1), max(starts, 1))


def parsed(raw):
    if isinstance(raw, str):
        try:
            return json.loads(raw)
        except ValueError:
            return None
    return raw


def made(binary, tools, work):
    for label, arguments in (("20,000 records", ("2e4",)), ("5,000 records in small files, odd ones among them", ("5e3", "--per-file", "2", "30", "--odd", "0.05", "--seed", "11"))):
        out = f"{work}/made-{arguments[0]}"
        truth = make(tools, out, *arguments)
        answer = count(binary, f"{out}/AWSLogs")
        right = answer.get("events") == truth["records"] and answer.get("duplicates") == 0 and answer.get("broken") == 0 and answer.get("by_name") == truth["count_by_eventName"]
        check(f"made: {label}: counts equal those planted", right, f"expected events {truth['records']}, came {answer.brief()}; by_name differs in {brief(differing(answer.get('by_name') or {}, truth['count_by_eventName']))}")
        hold(f"made: {label}", answer, [record for path in files_under(f"{out}/AWSLogs") for record in reading(path)[0]])
        window = f"since:{truth['window'][0]} !since:{truth['window'][1]}"
        names = "(" + " or ".join(f"name:{name}" for name in truth["target_events"]) + ")"
        found = run(binary, f'{names} principal_arn:"{truth["principal_arn"]}" {window}', "--trail", f"{out}/AWSLogs")
        expected = sorted(hit[0] for hit in truth["filter_hits"])
        check(f"made: {label}: name, principal and window find what was planted", sorted(row["id"] for row in found.rows) == expected, f"expected {len(expected)}, came {len(found.rows)}; {found.brief()}")
        found = run(binary, f'"{truth["needle"]}"', "--trail", f"{out}/AWSLogs")
        check(f"made: {label}: the needle is found in {len(truth['needle_eventIDs'])} records", sorted(row["id"] for row in found.rows) == sorted(truth["needle_eventIDs"]), f"came {len(found.rows)}; {found.brief()}")
    twice = f"{work}/made-twice"
    shutil.copytree(f"{work}/made-5e3/AWSLogs", f"{twice}/first/AWSLogs")
    shutil.copytree(f"{work}/made-5e3/AWSLogs", f"{twice}/second/AWSLogs")
    hold("made: the same trail delivered twice", count(binary, twice), [record for path in files_under(twice) for record in reading(path)[0]])
    limited = run(binary, "--trail", f"{work}/made-2e4/AWSLogs", "--count", "--max-memory", "2MB")
    if limited.code == 2 and "max-memory" in limited.err:
        limited = run(binary, "--trail", f"{work}/made-2e4/AWSLogs", "--count", "--max-memory", "2M")
    check("made: --max-memory smaller than the trail: it ends, and fewer events are not passed off as all", numbers(limited) and (limited.get("events") == 20000 or json.dumps(limited.get("coverage")).count("memory") + limited.err.count("memory")), limited.brief() + " coverage " + brief(limited.get("coverage")))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary")
    arguments.add_argument("--corpus")
    arguments.add_argument("--tools")
    arguments.add_argument("--only", default="real,made,hostile,query")
    given = arguments.parse_args()
    binary = os.path.abspath(given.binary)
    wanted = given.only.split(",")
    work = tempfile.mkdtemp(prefix="dynakeep-trail-")
    try:
        if "real" in wanted:
            real(binary, given.corpus) if given.corpus and os.path.isdir(given.corpus) else skip("real logs", "no corpus is given")
        tools = given.tools if given.tools and os.path.exists(f"{given.tools}/make_trail.py") else None
        if "made" in wanted:
            made(binary, tools, work) if tools else skip("made logs", "make_trail.py is not here")
        if "query" in wanted:
            query(binary, tools, work) if tools else skip("queries", "make_trail.py is not here")
        if "hostile" in wanted:
            hostile(binary, work)
    finally:
        subprocess.run(["chmod", "-R", "u+rwx", work], capture_output=True)
        shutil.rmtree(work, ignore_errors=True)
    print(f"\n{tally['passed']} passed, {tally['failed']} failed, {tally['skipped']} skipped")
    sys.exit(tally["failed"] > 0)


main()
