"""Who takes part: programs, and in which of the contests."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """A contestant's program."""
    # "native": a ninja target; "library": compiled with what the user has given the path of; "go", "tokio", "node",
    # "python"; "command": eddy serve; "fetch": eddy fetch, and its peers "curl", "wget2", "aria2c"; "nginx"; "haproxy"; "s_server": that of openssl;
    # "jobs": who has durable jobs, `argument` is where
    kind: str
    file: str = ""        # target below bench/ in the build directory, or script or source below bench/
    peer: str = ""        # the key in peers.json that must not be empty; "": nothing but libc
    package: str = ""     # what to install where it is
    backend: str = ""     # the EDDY_BACKEND of one of eddy's
    argument: str = ""    # what it is asked to do, where that is not simply the row


def native(file, peer="", package=""):
    return Program("native", file, peer, package)


def eddy(file, *backends, argument="", needs=("", "")):
    """eddy under the name of each backend, epoll alone where the row does not depend on it; and what it needs besides: peer, package."""
    return {f"eddy-{backend}": Program("native", file, *needs, backend=backend, argument=argument)
            for backend in backends or ("epoll",)}


def libuv(file):
    return {"libuv": native(file, "libuv", "libuv1-dev")}


def python(file):
    return {"asyncio": Program("python", f"peers/asyncio_{file}.py")}


BOTH = "epoll", "uring"

GO = {"go": Program("go", package="golang")}
TOKIO = {"tokio": Program("tokio", package="cargo, with crates.io or librust-tokio-dev")}
NECO = {"neco": Program("library", "peers/neco_contest.c", peer="NECO")}
LIBDILL = {"libdill": Program("library", "peers/libdill_contest.c", peer="LIBDILL")}
NODE = {"node": Program("node", "node/server.js", package="nodejs")}
NODE_SITE = {"node": Program("node", "node/server.js", package="nodejs and npm")}
STATE_THREADS = {"state-threads": native("st_tasks", "state-threads", "libst-dev")}
BOOST = "boost-context", "libboost-context-dev and a C++ compiler"
PYTHON_GENERATOR = {"python": Program("python", "peers/python_generator.py")}
NGINX = {"nginx": Program("nginx", package="nginx-light")}
NGINX_STREAM = {"nginx": Program("nginx", package="nginx-light and libnginx-mod-stream")}
NGINX_FILES = {"nginx": Program("nginx", package="nginx-light, wrk and curl")}
RAW = {
    "raw-epoll": native("raw_epoll_echo"),
    "raw-uring": native("raw_uring_echo", "liburing", "liburing-dev"),
}

SWITCH = eddy("eddy_switch") | {
    "boost-context": native("boost_switch", *BOOST),
    "ucontext": native("ucontext_switch"),
}
YIELD = eddy("eddy_tasks") | GO | TOKIO | NECO | LIBDILL | STATE_THREADS | python("tasks")
BURST = eddy("eddy_tasks") | GO | TOKIO
QUEUE = eddy("eddy_queue") | GO | TOKIO | python("queue")
CHANNEL = eddy("eddy_queue") | GO | TOKIO | NECO | LIBDILL | python("queue")
SELECT = eddy("eddy_queue") | GO
LOCK_PAIR = eddy("eddy_sync") | GO | TOKIO | python("sync") | {"pthread": native("pthread_lock")}
LOCK_HANDOVER = eddy("eddy_sync") | GO | TOKIO | python("sync")
SLEEPERS = eddy("eddy_sleepers") | GO | TOKIO
TIMERS = eddy("eddy_timers") | {"libev": native("libev_timers", "libev", "libev-dev")} | libuv("libuv_timers") | GO
GENERATORS = eddy("eddy_generator") | {"boost-context": native("boost_generator", *BOOST)} | GO | PYTHON_GENERATOR
CONTEXTS = eddy("eddy_generator") | {"pthread_getspecific": native("pthread_specific")} | GO | PYTHON_GENERATOR
THREADS = eddy("eddy_threads", *BOTH) | libuv("libuv_threads") | GO | python("threads")
TO_THREAD = THREADS | TOKIO
UDP = (eddy("eddy_udp", *BOTH) | {"raw-recvmmsg": native("raw_recvmmsg_echo")} | libuv("libuv_udp") | GO | TOKIO |
       python("udp"))
FILE = eddy("eddy_file", *BOTH) | libuv("libuv_file") | GO
PROCESS = eddy("eddy_process", *BOTH) | libuv("libuv_process") | GO | python("process")

# Those that are near each other, and all.
ECHO_FAST = eddy("eddy_echo", *BOTH) | RAW | libuv("libuv_echo") | GO | TOKIO
ECHO = (ECHO_FAST | {"state-threads": native("st_echo", "state-threads", "libst-dev")} | NECO | LIBDILL | NODE |
        python("echo"))
IDLE = ECHO | eddy("eddy_echo", *BOTH, argument="echo_lend")
PROTOCOL = eddy("eddy_echo", *BOTH, argument="protocol_echo") | RAW | libuv("libuv_echo") | GO
BUFFERED = eddy("eddy_echo", *BOTH, argument="buffered_echo") | RAW | libuv("libuv_echo") | GO
WHOLE = {"raw-epoll": RAW["raw-epoll"]} | libuv("libuv_echo") | {
    "go": Program("go", package="golang", argument="echo_64k")}
PROTOCOL_64K = eddy("eddy_echo", *BOTH, argument="protocol_echo") | WHOLE
BUFFERED_64K = eddy("eddy_echo", *BOTH, argument="buffered_echo") | WHOLE
HTTP = eddy("eddy_http", *BOTH) | NGINX | GO | TOKIO | NODE
PROXY = eddy("eddy_http_proxy", *BOTH) | {"nginx": Program("nginx", package="nginx-light and wrk"),
                                          "haproxy": Program("haproxy", package="haproxy, nginx-light and wrk")}
HTTP_SITE = eddy("eddy_http_site", *BOTH, needs=("jansson", "libjansson-dev")) | GO | TOKIO | NODE_SITE
WEBSOCKET = eddy("eddy_http_site", *BOTH, needs=("jansson", "libjansson-dev")) | GO | NODE_SITE
COMMAND = {f"eddy-{backend}": Program("command", package="wrk and curl", backend=backend) for backend in BOTH}
FILES = COMMAND | NGINX_FILES | GO | TOKIO | NODE_SITE
FETCH = {f"eddy-{backend}": Program("fetch", package="nginx-light", backend=backend) for backend in BOTH} | {
    name: Program(name, package=f"nginx-light and {package}") for name, package in (("curl", "curl"), ("wget2", "wget2"), ("aria2c", "aria2"))}
FETCH_PARTS = {name: program for name, program in FETCH.items() if name not in ("curl", "wget2")}
HTTP_CLIENT = (eddy("eddy_http_client", *BOTH) | GO | {"curl-multi": native("curl_multi", "libcurl", "libcurl4-openssl-dev")} |
               {"aiohttp": Program("python", "peers/aiohttp_client.py", package="aiohttp, by pip")})

# By TLS.
RAW_TLS = {"raw-openssl": native("raw_tls_echo", "openssl", "libssl-dev")}
TLS = eddy("eddy_tls", *BOTH) | RAW_TLS | NGINX_STREAM | GO | TOKIO
TLS_PROTOCOL = eddy("eddy_tls", *BOTH, argument="tls_protocol_echo") | RAW_TLS
TLS_IDLE = eddy("eddy_tls", *BOTH, argument="tls_echo_lend") | RAW_TLS | NGINX_STREAM | GO | TOKIO
TLS_BULK = COMMAND | NGINX_FILES | {"s_server": Program("s_server", package="openssl and curl")}


def with_jobs(kind, **peers):
    """Who keeps durable jobs in such a store, and what brings them."""
    return {f"eddy-{kind}": Program("jobs", "eddy", argument=kind)} | {
        name: Program("jobs", name, package=package, argument=kind) for name, package in peers.items()}


JOBS = {
    "redis": with_jobs("redis", asynq="golang and its modules", bullmq="npm and its packages", arq="pip and its packages",
                       rq="pip and its packages"),
    "postgres": with_jobs("postgres", river="golang and its modules"),
    "sqlite": with_jobs("sqlite"),
}
