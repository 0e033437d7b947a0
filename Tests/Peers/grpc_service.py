"""gRPC services by grpcio, for tests: an echo of bytes, and the library of TranscodingTests.

usage: grpc_service.py LIBRARY_DESCRIPTOR_SET
Prints the port it listens on.
"""

import sys
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, message_factory


def identity(data):
    return data


class Echo(grpc.GenericRpcHandler):
    """/test.Echo: every kind of call, with messages that are any bytes."""

    def __init__(self):
        self.flaky = 0

    def service(self, details):
        if details.method == "/grpc.health.v1.Health/Check":
            # A request for the service "down", and the status of one that is not SERVING (2) or is (1).
            def check(request, context):
                return b"\x08\x02" if request == b"\n\x04down" else b"\x08\x01"

            return grpc.unary_unary_rpc_method_handler(
                check, request_deserializer=identity, response_serializer=identity
            )
        if not details.method.startswith("/test.Echo/"):
            return None
        kind = details.method.split("/")[-1]
        codec = {"request_deserializer": identity, "response_serializer": identity}
        return {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary, **codec),
            "Down": grpc.unary_stream_rpc_method_handler(self.down, **codec),
            "Up": grpc.stream_unary_rpc_method_handler(self.up, **codec),
            "Both": grpc.stream_stream_rpc_method_handler(self.both, **codec),
        }.get(kind)

    def unary(self, request, context):
        sent = dict(context.invocation_metadata())
        if request == b"fail":
            context.set_trailing_metadata((("x-reason", "because"),))
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing \u00fc")
        if request == b"flaky":
            self.flaky += 1
            if self.flaky % 2 == 1:
                context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        if request == b"slow":
            time.sleep(3)
        if request == b"time":
            return str(context.time_remaining()).encode()
        context.send_initial_metadata((("x-initial", sent.get("x-in", "none")),))
        context.set_trailing_metadata((("x-trailing", sent.get("x-in", "none")),))
        return request

    def down(self, request, context):
        for number in range(5):
            yield b"%d" % number

    def up(self, requests, context):
        return b",".join(requests)

    def both(self, requests, context):
        for request in requests:
            yield b"re:" + request


class Library(grpc.GenericRpcHandler):
    """The services of a descriptor set: unary methods as told below, others fail."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.set = descriptor_pb2.FileDescriptorSet.FromString(file.read())
        self.types = message_factory.GetMessages(self.set.file)
        self.methods = {}
        for file in self.set.file:
            for service in file.service:
                for method in service.method:
                    self.methods[f"/{file.package}.{service.name}/{method.name}"] = method

    def service(self, details):
        method = self.methods.get(details.method)
        if method is None or method.client_streaming:
            return None
        codec = {
            "request_deserializer": self.types[method.input_type.lstrip(".")].FromString,
            "response_serializer": lambda message: message.SerializeToString(),
        }
        answer = getattr(self, method.name)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(answer, **codec)
        return grpc.unary_unary_rpc_method_handler(answer, **codec)

    def make(self, kind, **fields):
        return self.types["library.v1." + kind](**fields)

    def GetBook(self, request, context):
        if request.name.endswith("missing"):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such book")
        if request.name.endswith("crash"):
            raise RuntimeError("crashed")
        context.send_initial_metadata((("x-shelf", "7"), ("cache-control", "max-age=60")))
        title = "verbose" if request.verbose else "plain"
        return self.make("Book", name=request.name, title=title, genre=1, pages=1 << 60)

    def ListBooks(self, request, context):
        names = [f"{request.parent}/books/{number}" for number in range(request.page_size)]
        books = [self.make("Book", name=name) for name in names]
        return self.make("ListBooksResponse", books=books, next_page_token="n")

    def CreateBook(self, request, context):
        return request

    def Echo(self, request, context):
        return request

    def WatchBooks(self, request, context):
        for number in range(3):
            yield self.make("Book", name=f"{request.parent}/books/{number}")
        if request.page_token == "fail":
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")


server = grpc.server(futures.ThreadPoolExecutor(20), options=[("grpc.max_receive_message_length", -1)])
server.add_generic_rpc_handlers((Echo(), Library(sys.argv[1])))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening {port}", flush=True)
server.wait_for_termination()
