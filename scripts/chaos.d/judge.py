"""What clients saw of a fault: errors, over-admission, and how long until all was well again."""

from cluster import RATE

# Recovered: from here on no window of so many seconds has a p99 above what it may be, or an error.
WINDOW = 0.5


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def over_admission(admitted, allowance):
    """The most that was admitted beyond capacity + rate × time + allowance, over all intervals. Requests are decided between their
    beginning and their end; late answers bunch up at one of both, so an excess counts that shows at either."""
    begun = [begin for begin, _, _ in admitted]
    ended = [begin + took for begin, took, _ in admitted]
    return max(0, int(min(fullest(begun), fullest(ended)) - RATE - allowance))


def fullest(times):
    """The most tokens that any interval has taken beyond what came back in it."""
    most, level, last = 0.0, 0.0, None
    for time in sorted(times):
        if last is not None:
            level = max(0.0, level - (time - last) * RATE)
        level, last = level + 1, time
        most = max(most, level)
    return most


def recovery(results, ended, allowed_p99, until):
    """Seconds from the fault's end until the first window from which on all is well; None if that never came."""
    start, last_bad = ended, ended
    while start + WINDOW <= until:
        window = [(took, status) for begin, took, status in results if start <= begin < start + WINDOW]
        if window and (any(status != 200 for _, status in window) or percentile([took for took, _ in window], 0.99) > allowed_p99):
            last_bad = start + WINDOW
        start += WINDOW / 5
    return None if last_bad + WINDOW > until else max(0.0, last_bad - ended)


class Verdict:
    MOST_RECOVERY = 2.0

    def __init__(self, fault, free, judged, began, ended, until):
        self.fault = fault
        self.requests = len(free) + len(judged)
        self.errors = sum(status != 200 for _, _, status in free) + sum(status not in (200, 429) for _, _, status in judged)
        self.over = over_admission([one for one in judged if one[2] == 200], fault.allowance(ended - began))
        before = [took for begin, took, _ in free if begin < began]
        self.p99_before = percentile(before, 0.99)
        self.p99_during = percentile([took for begin, took, _ in free if began <= begin < ended], 0.99)
        self.recovered = recovery(free, ended, max(3 * self.p99_before, self.p99_before + 0.03), until)

    @property
    def passes(self):
        return (self.errors <= self.fault.most_errors and self.over == 0
                and self.recovered is not None and self.recovered <= self.MOST_RECOVERY)

    def cells(self):
        recovered = "never" if self.recovered is None else f"{self.recovered:.1f} s"
        return [self.fault.title, str(self.requests), str(self.errors), str(self.over), f"{self.p99_before * 1000:.0f} ms",
                f"{self.p99_during * 1000:.0f} ms", recovered, "pass" if self.passes else "FAIL"]
