"""A gRPC service that answers every unary call with 100 bytes. Started with the port to listen on."""

import sys
from concurrent import futures

import grpc


class Everything(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda message, context: b"x" * 100)


server = grpc.server(futures.ThreadPoolExecutor(8), handlers=(Everything(),), options=(("grpc.so_reuseport", 0),))
if server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}") == 0:
    sys.exit(f"grpc_origin: port {sys.argv[1]} can't be listened on")
server.start()
server.wait_for_termination()
