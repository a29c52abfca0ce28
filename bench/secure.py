"""Servers by TLS: their certificate, what nginx's stream module is told, and their load."""
import contextlib
import dataclasses
import os
import re
import tempfile
from pathlib import Path

import machine
import processes
import servers

IDLE_CONNECTIONS = 2000

NGINX_STREAM = """
{module}
daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;
events {{ worker_connections 16384; }}
stream {{ server {{ listen 127.0.0.1:{port} ssl; {tls} {does} }} }}
"""


def certificate(build_dir):
    """The file of a certificate and its key, which all contestants have: P-256, as most of the web has."""
    file = (build_dir / "bench" / "certificate.pem").resolve()
    if not file.exists():
        if not machine.there("openssl"):
            raise processes.Skipped("needs openssl")
        made = processes.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                              "-days", "3650", "-subj", "/CN=localhost", "-keyout", "-", "-out", "-"],
                             os.sched_getaffinity(0))
        file.write_text(made)
        file.chmod(0o600)
    return str(file)


def nginx_module():
    """Where nginx's stream module is, which Debian has apart; None where it is not."""
    places = re.search(r"--modules-path=(\S+)", machine.output(machine.there("nginx"), "-V", stream="stderr"))
    module = Path(places[1] if places else "", "ngx_stream_module.so")
    return module if module.exists() else None


@contextlib.contextmanager
def serving(argv, cores, environment, build_dir):
    """A contestant's server. nginx, which has no echo of its own, asks one that stands beside the load."""
    with contextlib.ExitStack() as stack:
        port, pem = None, certificate(build_dir)
        if argv[0] == "nginx":
            does = 'return "a";'
            if argv[1] == "tls_echo":
                echo = servers.Server([str(build_dir / "bench" / "raw_epoll_echo")],
                                      processes.Cores(cores.load, cores.contestant))
                stack.callback(echo.close)
                does = f"proxy_pass 127.0.0.1:{echo.port};"
            place, port = stack.enter_context(tempfile.TemporaryDirectory()), servers.free_port()
            argv = servers.nginx_command(place, NGINX_STREAM.format(
                module=f"load_module {nginx_module()};", place=place, port=port, does=does,
                tls=servers.NGINX_TLS.format(certificate=pem)))
        server = servers.Server(argv, cores, environment | {"CERTIFICATE": pem}, port)
        stack.callback(server.close)
        yield server


def connected(server, load, cores, build_dir):
    """The load, all of whose connections have agreed."""
    return servers.connected(server, load.argv(build_dir, server.port, "-", "load_tls"), cores)


def under_load(server, load, cores, build_dir):
    """{figure: value} of a server under one load, without that of connecting. Kills it, as servers.under_load() does."""
    with connected(server, load, cores, build_dir) as told:
        before = sum(server.processor_time())
        answered = told.run(load.seconds)
        used = sum(server.kill()) - before
    servers.check(answered, load.connections)
    return {"total_us": used * 1e6 / answered["requests"],
            "per_second": answered["requests"] / answered["seconds"]}


def idle_memory(server, load, cores, build_dir):
    """{"bytes": what a connection takes that has had one message echoed and is idle}."""
    with connected(server, dataclasses.replace(load, connections=1), cores, build_dir):
        pass  # what OpenSSL reads and makes once is none of theirs
    before = server.memory()
    with connected(server, load, cores, build_dir):
        return {"bytes": (server.memory() - before) / load.connections}


METHODS = {"tls": under_load, "tls_idle": idle_memory}


def measure(experiment, argv, environment, cores, build_dir):
    """{row: figure} of one server."""
    return servers.measure(experiment, argv, environment, cores, build_dir, serving, METHODS)
