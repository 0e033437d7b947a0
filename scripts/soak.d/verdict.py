"""Samples a node's resident size while a soak is on, prints a table, and judges."""

import re
import statistics
import time
import urllib.request

from processes import Wrong

SHARE = 0.05
ROW = "{:>7}  {:>8}  {:>9}  {:>11}  {:>8}  {:>9}  {:>10}  {:>7}  {:>6}  {:>5}"


def metrics(admin):
    """Sums by name."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=30).read().decode()
    sums = {}
    for name, value in re.findall(r"^([a-z_]+)(?:\{[^}]*\})? ([0-9.e+-]+)$", page, re.M):
        sums[name] = sums.get(name, 0) + float(value)
    return sums


def watch(chosen, node, admin, tally):
    """Whether it stayed flat."""
    print(f"{chosen.minutes:g} minutes: {chosen.idle} idle connections, {chosen.uploads} uploads of {chosen.size} MiB at a time, "
          f"{chosen.slow} slow readers, {chosen.slow} slow writers, failing upstreams, limits.memory {chosen.memory}\n")
    print(ROW.format("minute", "RSS MiB", "held MiB", "connections", "uploads", "GiB taken", "slow peers", "2xx", "5xx", "shed"))
    began, samples, step = time.monotonic(), [], min(5.0, chosen.minutes * 60 / 60)
    row_every, next_row = max(chosen.minutes / 20, 0.1) * 60, 0.0
    while (elapsed := time.monotonic() - began) < chosen.minutes * 60:
        if node.child.poll() is not None:
            raise Wrong("the node has ended; the end of its log:\n" + node.log_end())
        seen = metrics(admin)
        samples.append((elapsed, node.resident_mib()))
        if elapsed >= next_row:
            next_row += row_every
            print(ROW.format(
                f"{elapsed / 60:.1f}", f"{samples[-1][1]:.1f}", f"{seen.get('sluice_buffer_bytes', 0) / 2**20:.1f}",
                int(seen.get("sluice_connections", 0)), tally["uploads"], f"{tally['uploaded'] / 2**30:.1f}",
                tally["slow reads"] + tally["slow writes"], tally["2xx"], tally["5xx"],
                int(seen.get("sluice_requests_shed_total", 0))), flush=True)
        time.sleep(step)
    return judge(chosen, samples, tally)


def judge(chosen, samples, tally):
    """Medians, so that no single moment decides: of the first quarter after the warm-up, and of the last quarter."""
    total = chosen.minutes * 60
    after = [size for at, size in samples if 0.25 * total <= at < 0.5 * total]
    end = [size for at, size in samples if at >= 0.75 * total]
    if len(after) < 3 or len(end) < 3:
        raise Wrong("too few samples to judge; give it more --minutes")
    before, last = statistics.median(after), statistics.median(end)
    growth = last / before - 1
    print(f"\nresident size: {before:.1f} MiB after warm-up, {last:.1f} MiB at the end: {growth:+.1%} "
          f"(allowed: less than {SHARE:+.0%}); peak {max(size for _, size in samples):.1f} MiB")
    if tally["failed uploads"]:
        print(f"uploads that failed: {tally['failed uploads']}")
    print("flat" if growth < SHARE else "NOT FLAT")
    return growth < SHARE
