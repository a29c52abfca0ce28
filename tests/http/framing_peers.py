"""Other origin servers, for what they make of the bytes that test_framing.py sends: each answers whatever it reads, on a port of its own,
in a temporary folder. Where one is not installed, or does not start, a sentence says so."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from servers import free_port  # pylint: disable=wrong-import-position

PATIENCE = 20

NGINX = """
daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
    uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
    server {{ listen 127.0.0.1:{port}; location / {{ default_type text/plain; return 200 "$request_method $request_uri "; }} }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout client 5s
    timeout http-request 5s
frontend all
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain lf-string "%[method] %[path] "
"""

H2O = """
listen: {{ host: 127.0.0.1, port: {port} }}
user: root
pid-file: {place}/pid
error-log: {place}/error.log
num-threads: 1
hosts:
  default:
    paths:
      /:
        file.dir: {place}/www
"""

GO = """
package main

import (
    "io"
    "log"
    "net/http"
    "os"
)

func main() {
    log.SetOutput(io.Discard)
    http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
        body, err := io.ReadAll(r.Body)
        if err != nil {
            w.Header().Set("Connection", "close")
            w.WriteHeader(400)
            return
        }
        w.Write([]byte(r.Method + " " + r.RequestURI + " " + string(body)))
    }))
}
"""


def configure(place, name, text, port):
    path = os.path.join(place, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text.format(place=place, port=port))
    return path


def nginx(place, port):
    return [shutil.which('nginx'), '-p', place, '-c', configure(place, 'nginx.conf', NGINX, port)]


def haproxy(place, port):
    return [shutil.which('haproxy'), '-db', '-f', configure(place, 'haproxy.cfg', HAPROXY, port)]


def h2o(place, port):
    os.makedirs(os.path.join(place, 'www'), exist_ok=True)
    for name in 'a', 'end', 'smuggled':
        with open(os.path.join(place, 'www', name), 'w', encoding='utf-8') as file:
            file.write(name)
    return [shutil.which('h2o'), '-c', configure(place, 'h2o.conf', H2O, port)]


def go(place, port):
    source = os.path.join(place, 'origin.go')
    with open(source, 'w', encoding='utf-8') as file:
        file.write(GO)
    program = os.path.join(place, 'origin')
    environment = {'GOCACHE': os.path.join(place, 'cache')} if 'HOME' not in os.environ else {}
    environment |= {**os.environ, 'GO111MODULE': 'off', 'GOTOOLCHAIN': 'local', 'GOFLAGS': ''}
    subprocess.run([shutil.which('go'), 'build', '-o', program, source], check=True, env=environment, cwd=place,
                   stderr=subprocess.DEVNULL)
    return [program, str(port)]


PEERS = {'nginx': nginx, 'haproxy': haproxy, 'h2o': h2o, 'go': go}


def await_port(port, process):
    """Whether somebody listens there."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port)):
            return True
        time.sleep(0.01)
    return False


@contextlib.contextmanager
def peers():
    """The ports of those that are there, by their names."""
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        os.chmod(place, 0o755)
        ports = {}
        for name, prepare in PEERS.items():
            if not shutil.which(name):
                print(f'{name} is not installed: nobody says what it would do')
                continue
            folder, port = os.path.join(place, name), free_port()
            os.mkdir(folder)
            try:
                argv = prepare(folder, port)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f'{name} cannot be prepared ({error}): nobody says what it would do')
                continue
            process = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            stack.callback(process.kill)
            if await_port(port, process):
                ports[name] = port
            else:
                print(f'{name} does not start: nobody says what it would do')
        yield ports
