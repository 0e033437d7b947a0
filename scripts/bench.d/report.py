"""Rounds to tables: medians, and ratios to nginx taken within each round, with their spread."""

import statistics

median = statistics.median

NOTES = """Origin: nginx, one worker. Each contender: one worker or thread, keep-alive on both sides, adding
X-Forwarded-For/Proto/Host and X-Request-ID. Access logs: nginx JSON with a 64 KiB buffer, HAProxy httplog to a file,
Sluice its JSON log. Limits: one token bucket for X-Tenant with {limit}/second (never refusing), decided by a script in
Redis; nginx asks for each request, by a pooled Lua cosocket and EVALSHA, and adds two X-RateLimit fields. Hot, thousand, zipf,
cold: a HS256 token is verified, a limit per consumer and one per route are decided, the upstream is watched (breaker;
nginx: max_fails), metrics are kept (nginx: Lua counters in shared memory); over 1 consumer, 1,000, 100,000 by Zipf's
law, 100,000 in turn. Telemetry: Sluice alone, its metrics and its JSON log off (bare), on, and both. JSON: nginx gathers, decodes and encodes with Lua cjson. Cache: nginx's proxy_cache on tmpfs, Sluice's in its memory, and in memory and Redis. nginx64k is nginx with 64 KiB buffers and no temporary files. CPU is user + system time of all the contender's processes, per
request; peak: the most memory that its processes held at once (VmHWM, summed over nginx's), in any round, and how much more that is than before any load;
scripts: calls of a script in Redis per request; ratios are taken within a round: median (least–most)."""


def heading(chosen, machine, cores):
    from configurations import LIMIT
    return (f"Sluice and its peers: {cores} cores ({machine}), wrk with 2 threads, {chosen.connections} connections, 10 headers; "
            f"{chosen.rounds} interleaved rounds of {chosen.duration} s\n{NOTES.format(limit=LIMIT)}\n")


def middle(rounds, name, figure):
    values = [turn[name][figure] for turn in rounds if turn[name][figure] is not None]
    return median(values) if values else None


def memory(rounds, name):
    """The highest peak of all rounds, and how far it is above what there was before any load."""
    peaks = [(turn[name]["peak_mib"], turn[name]["grown_mib"]) for turn in rounds if turn[name]["peak_mib"] is not None]
    return "{:.1f} ({:.1f})".format(*max(peaks)) if peaks else ""


def cost(result):
    """CPU of the proxy and of its Redis."""
    return None if result["cpu_us"] is None else result["cpu_us"] + (result["redis_us"] or 0)


def ratios(rounds, name, figure, base=None):
    """To nginx, to nginx + Lua where that is who is there, or of Sluice to itself."""
    base = base or baseline(rounds)
    if base not in rounds[0] or name not in rounds[0]:
        return []
    pairs = [(figure(turn[name]), figure(turn[base])) for turn in rounds]
    return [mine / theirs for mine, theirs in pairs if mine is not None and theirs]


def baseline(rounds):
    return next((peer for peer in rounds[0] if peer.startswith("nginx") or peer.endswith("-bare")), None)


def spread(values, form="{:.2f}"):
    if not values:
        return ""
    low, mid, high = (form.format(value) for value in (min(values), median(values), max(values)))
    return f"{mid} ({low}–{high})"


def number(value, form="{:.1f}"):
    return "" if value is None else form.format(value)


def added(rounds, name, figure="p99_ms"):
    """Milliseconds over direct, round by round."""
    return [turn[name][figure] - turn["direct"][figure] for turn in rounds] if "direct" in rounds[0] else []


def table(scenario, text, rounds, rate):
    paced = rate is not None
    lines = [f"{scenario}: {text}" + (f"; aimed at {rate:.0f} requests/s" if paced else "")]
    base = "bare" if (baseline(rounds) or "").endswith("-bare") else "nginx"
    last = "p99 over direct, ms" if paced else f"rps ÷ {base}"
    lines.append(f"  {'':<13}{'CPU µs':>8}{'Redis µs':>10}{'scripts':>9}{'sum ÷ ' + base:>20}{'rps':>9}{'p50 ms':>9}{'p99 ms':>9}{'peak MiB (grown)':>18}{'failed':>8}{last:>22}")
    for name in rounds[0]:
        comparison = spread(added(rounds, name)) if paced else spread(ratios(rounds, name, lambda result: result["rps"]))
        lines.append(
            f"  {name:<13}{number(middle(rounds, name, 'cpu_us')):>8}{number(middle(rounds, name, 'redis_us')):>10}"
            f"{number(middle(rounds, name, 'redis_scripts'), '{:.2f}'):>9}"
            f"{spread(ratios(rounds, name, cost)):>20}{middle(rounds, name, 'rps'):>9.0f}"
            f"{middle(rounds, name, 'p50_ms'):>9.2f}{middle(rounds, name, 'p99_ms'):>9.2f}"
            f"{memory(rounds, name):>18}{sum(turn[name]['failed'] for turn in rounds):>8}{comparison:>22}")
    return "\n".join(lines) + "\n"


def bars(results):
    """What Sluice promises, and whether this run shows it."""
    verdicts = []

    def judge(what, values, bar):
        if values:
            met = median(values) <= bar
            verdicts.append((f"{'met   ' if met else 'MISSED'} {what}: {spread(values)}, bar {bar:.2f}", met))

    for scenario, bar in (("plain", 0.90), ("1m", 0.60), ("limits", 0.55), ("hot", 0.35), ("zipf", 0.35), ("cold", 0.60),
                          ("hit1k", 0.80), ("hit64k", 0.80), ("hit1m", 0.80),
                          ("json2k", 0.70), ("json1m", 0.70), ("h2c", 0.75), ("tls", 1.00), ("handshake", 1.11)):
        if scenario in results:
            judge(f"{scenario}: CPU per request ÷ nginx", ratios(results[scenario], "sluice", cost), bar)
    if "telemetry" in results:
        judge("telemetry: CPU per request with metrics and access log ÷ without",
              ratios(results["telemetry"], "sluice-both", cost), 1.05)
    for scenario in ("json2k", "json1m"):
        if scenario in results:
            for figure, what in (("peak_mib", "peak memory"), ("grown_mib", "what the peak has grown by")):
                values = ratios(results[scenario], "sluice", lambda result, figure=figure: result[figure])
                verdicts += [(f"info   {scenario}: {what} ÷ nginx: {spread(values)}, no bar", True)] if values else []
    if "beside" in results:
        judge("beside: CPU per request beside transforms ÷ beside none", ratios(results["beside"], "sluice-beside", cost), 1.03)
    if "h2c" in results:
        judge("h2c: CPU per request ÷ HAProxy", ratios(results["h2c"], "sluice", cost, "haproxy"), 1.0)
        judge("h2c: CPU per request ÷ Envoy", ratios(results["h2c"], "sluice", cost, "envoy"), 0.35)
    if "grpc" in results:
        judge("grpc: CPU per call ÷ Envoy", ratios(results["grpc"], "sluice", cost, "envoy"), 0.60)
    if "hot" in results:
        judge("hot: scripts in Redis per request", [turn["sluice"]["redis_scripts"] for turn in results["hot"] if "sluice" in turn], 0.02)
    if "1m" in results:
        tuned = ratios(results["1m"], "sluice", cost, "nginx64k")
        if tuned:
            verdicts.append((f"info   1m: CPU per request ÷ nginx with 64 KiB buffers: {spread(tuned)}, no bar", True))
    if "latency" in results and "sluice" in results["latency"][0]:
        judge("latency: p99 over direct at half load, ms", added(results["latency"], "sluice"), 1.0)
    return verdicts
