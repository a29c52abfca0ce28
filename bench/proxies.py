"""Proxies: the server behind them, which is nginx beside the load, what nginx and haproxy are told to be one, and their load."""
import contextlib
import tempfile
from pathlib import Path

import processes
import servers
import web
from machine import there

# It tells who asks as eddy does, and keeps as many connections.
NGINX_PROXY = """
    location / {{
        proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $host;
    }} }}
    upstream behind {{
        server 127.0.0.1:{behind}; keepalive 128; keepalive_requests 100000000;
"""
HAPROXY_CONFIG = """
global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    option forwardfor
    http-reuse always
frontend front
    bind 127.0.0.1:{port}
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    default_backend behind
backend behind
    server behind 127.0.0.1:{behind}
"""


def command(argv, place, port, behind):
    """How a contestant is started."""
    if argv[0] == "nginx":
        return servers.nginx(place, port, NGINX_PROXY.format(behind=behind))
    if argv[0] == "haproxy":
        config = Path(place, "haproxy.cfg")
        config.write_text(HAPROXY_CONFIG.format(port=port, behind=behind))
        return [there("haproxy"), "-db", "-f", str(config)]
    return [argv[0], str(behind)]


@contextlib.contextmanager
def serving(argv, cores, environment, _build_dir):
    """A contestant's proxy, with what is behind it."""
    with contextlib.ExitStack() as stack:
        behind, port = servers.free_port(), None
        hello = servers.nginx(stack.enter_context(tempfile.TemporaryDirectory()), behind, servers.NGINX_HELLO)
        stack.callback(servers.Server(hello, processes.Cores(cores.load, cores.contestant), {}, behind).close)
        if argv[0] in ("nginx", "haproxy"):
            port = servers.free_port()
        server = servers.Server(command(argv, stack.enter_context(tempfile.TemporaryDirectory()), port, behind), cores, environment, port)
        stack.callback(server.close)
        yield server


METHODS = {"proxy": web.under_requests}


def measure(experiment, argv, environment, cores, build_dir):
    """{row: figure} of one proxy."""
    return servers.measure(experiment, argv, environment, cores, build_dir, serving, METHODS)
