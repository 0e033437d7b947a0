"""What stands in front of a proxied GET besides plain HTTP/1.1: HTTP/2 and TLS, set up alike for each contender."""

import re
import subprocess

# Scenario: the protocol of the client's side, and whether each request is on a connection of its own.
SCENARIOS = {"h2c": ("h2c", False), "tls": ("tls", False), "handshake": ("tls", True), "grpc": ("grpc", False)}


def certificate(directory):
    """A certificate and its key (P-256), also in one file as HAProxy wants them."""
    chain, key, both = (directory / name for name in ("front.pem", "front.key", "front.both.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(chain)],
                   check=True, capture_output=True)
    both.write_text(chain.read_text() + key.read_text())
    return chain, key, both


def nginx(text, wire, files):
    if wire == "grpc":
        text = re.sub(r"proxy_pass http://origin; proxy_http_version 1.1;", "grpc_pass grpc://origin;", text)
        text = re.sub(r"proxy_set_header Connection \"\";", "", text).replace("proxy_set_header", "grpc_set_header")
    if wire != "tls":
        return re.sub(r"listen ([^;]+);", r"listen \1 http2;", text)
    return re.sub(r"listen ([^;]+);", rf"listen \1 ssl; ssl_certificate {files[0]}; ssl_certificate_key {files[1]}; "
                  "ssl_protocols TLSv1.3;", text)


def haproxy(text, wire, files):
    if wire == "grpc":
        text = re.sub(r"(server origin \S+)", r"\1 proto h2", text)
    options = "proto h2" if wire != "tls" else f"ssl crt {files[2]} ssl-min-ver TLSv1.3 alpn http/1.1"
    return re.sub(r"(bind \S+)", rf"\1 {options}", text)


def sluice(text, wire, files):
    """Cleartext listeners speak HTTP/2 to whoever begins with its preface."""
    if wire == "grpc":
        return re.sub(r"url: 'http:", "url: 'grpc:", text)
    if wire == "h2c":
        return text
    return re.sub(r"listeners: \[\{ (bind: '[^']+') \}\]",
                  rf"listeners: [{{ \1, tls: {{ certificates: [{{ chain: '{files[0]}', key: '{files[1]}' }}], minimum_version: '1.3' }} }}]", text)
