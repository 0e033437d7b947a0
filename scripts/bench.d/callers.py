"""Callers with tokens of their own, and how often each comes."""

import base64
import hashlib
import hmac
import json
import time

# How many callers there are, and how their requests are spread over them.
SCENARIOS = {"hot": (1, "even"), "thousand": (1000, "even"), "zipf": (100_000, "zipf"), "cold": (100_000, "round")}


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Callers:
    """Writes the tokens to a file, a line each, and the part of wrk's script that picks one for each request."""

    secret = "a-secret-of-the-benchmark-with-32-bytes-and-more"

    def __init__(self, directory, count, spread):
        self.count, self.spread = count, spread
        self.file = directory / "tokens"
        self.expiry = int(time.time()) + 86_400
        with open(self.file, "w") as file:
            file.writelines(self.token(number) + "\n" for number in range(count))

    def token(self, number):
        signed = encoded(b'{"alg":"HS256","typ":"JWT"}') + "." + encoded(
            json.dumps({"sub": f"customer-{number}", "exp": self.expiry, "iss": "bench", "scope": "read write"},
                       separators=(",", ":")).encode())
        return signed + "." + encoded(hmac.digest(self.secret.encode(), signed.encode(), hashlib.sha256))

    @property
    def script(self):
        return PICKING.replace("%FILE%", str(self.file)).replace("%SPREAD%", self.spread)


PICKING = """
local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local tokens, sums, head, tail, turn = {}, {}, nil, nil, 0
local function pick()
    if "%SPREAD%" == "even" then return math.random(#tokens) end
    if "%SPREAD%" == "round" then
        turn = turn % #tokens + 1
        return turn
    end
    local wanted, low, high = math.random() * sums[#sums], 1, #sums
    while low < high do
        local middle = math.floor((low + high) / 2)
        if sums[middle] < wanted then low = middle + 1 else high = middle end
    end
    return low
end

function init()
    math.randomseed(number + 1)
    for line in io.lines("%FILE%") do
        tokens[#tokens + 1] = line
        sums[#tokens] = (sums[#tokens - 1] or 0) + 1 / #tokens
    end
    turn = math.floor(#tokens / 2) * number
    wrk.headers.Authorization = "@@"
    head, tail = wrk.format():match("^(.*)@@(.*)$")
    head = head .. "Bearer "
end

function request()
    return head .. tokens[pick()] .. tail
end
"""
