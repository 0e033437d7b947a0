"""Calls /test.Echo of grpc_service.py in every way, by grpcio. Prints a line "CASE: RESULT" for each.

usage: grpc_client.py PORT
"""

import sys
import threading

import grpc

channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", options=[("grpc.max_receive_message_length", -1)])
unary = channel.unary_unary("/test.Echo/Unary")
down = channel.unary_stream("/test.Echo/Down")
up = channel.stream_unary("/test.Echo/Up")
both = channel.stream_stream("/test.Echo/Both")


def case(name, call):
    try:
        result = call()
    except grpc.RpcError as error:
        trailing = dict(error.trailing_metadata() or ())
        parts = [error.code().name, trailing.get("x-reason", "")]
        result = " ".join(part for part in parts if part)
        if name == "status":
            result += " " + error.details()
    print(f"{name}: {result}", flush=True)


def metadata():
    _, call = unary.with_call(b"x", metadata=(("x-in", "42"),), timeout=20)
    return dict(call.initial_metadata())["x-initial"] + " " + dict(call.trailing_metadata())["x-trailing"]


def conversation():
    """Each answer is waited for before the next message is sent."""
    answered = threading.Semaphore(1)

    def requests():
        for number in range(5):
            answered.acquire()
            yield b"%d" % number

    answers = []
    for answer in both(requests(), timeout=20):
        answers.append(answer.decode())
        answered.release()
    return ",".join(answers)


def cancelled():
    hold = threading.Event()

    def requests():
        yield b"1"
        hold.wait(20)

    call = both(requests(), timeout=20)
    first = next(call).decode()
    call.cancel()
    hold.set()
    return first


case("empty", lambda: len(unary(b"", timeout=20)))
case("large", lambda: len(unary(b"z" * 3_000_000, timeout=20)))
case("metadata", metadata)
case("status", lambda: unary(b"fail", timeout=20))
case("retry", lambda: unary(b"flaky", timeout=20).decode())
case("deadline", lambda: unary(b"slow", timeout=0.3))
case("deadline passed on", lambda: 10 < float(unary(b"time", timeout=20)) < 21)
case("down", lambda: b",".join(down(b"", timeout=20)).decode())
case("up", lambda: up(iter([b"a", b"b", b"c"]), timeout=20).decode())
case("both", conversation)
case("cancel", cancelled)
case("gzip", lambda: len(unary(b"y" * 100_000, timeout=20, compression=grpc.Compression.Gzip)))
case("no method", lambda: channel.unary_unary("/test.Echo/Nothing")(b"", timeout=20))
case("no route", lambda: channel.unary_unary("/elsewhere/X")(b"", timeout=20))
case("dead service", lambda: channel.unary_unary("/test.Dead/X")(b"", timeout=20))
limited = channel.unary_unary("/test.Limited/X")
case("limit, first", lambda: limited(b"", timeout=20))
case("limit, second", lambda: limited(b"", timeout=20))
case("locked", lambda: channel.unary_unary("/test.Locked/X")(b"", timeout=20))
