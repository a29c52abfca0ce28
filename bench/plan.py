#!/usr/bin/env python3
"""Plan a service from what was measured: python3 bench/plan.py [--connections 10000000] [--requests 0.1] ...

What a connection holds and what a request costs come from scale.json of the build directory (`make bench-scale`),
the rest from the options; docs/scaling.md explains the formulas. --into FILE writes the plan between the two marks
in it.
"""
import argparse
import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path

SERIES = "eddy-epoll"
MARKED = re.compile(r"(<!-- plan -->\n).*?(<!-- end of plan -->)", re.DOTALL)
WIRE_OVERHEAD = 78 + 78  # bytes a request on Ethernet: headers, gaps and a TCP timestamp, there and back
PORTS_BY_DEFAULT = 60999 - 32768 + 1


@dataclass(frozen=True)
class Measured:
    """Of one connection, request and so on."""
    connections: int        # that were open
    user_bytes: float       # the server's memory, stack and page tables included
    kernel_bytes: float     # sockets, files and what else the kernel holds; not what is in their buffers
    request_seconds: float  # processor time of a request
    accept_seconds: float   # of a connection that comes, has one request and goes
    timer_seconds: float    # to set a timer and cancel it

    @staticmethod
    def read(path):
        found = {}
        for each in json.loads(path.read_text())["figures"]:
            if each["series"] in (SERIES, "eddy", "slabs") and each["x"] >= found.get(each["plot"], each)["x"]:
                found[each["plot"]] = each
        # Storms: one worker has a core to itself, more of them share it with the load.
        storm = min((each for each in json.loads(path.read_text())["figures"]
                     if each["plot"] == "storm_cpu" and each["series"] == SERIES), key=lambda each: each["x"])
        return Measured(found["connections_memory"]["x"], found["connections_memory"]["median"],
                        found["connections_kernel"]["median"], found["connections_cpu"]["median"] / 1e6,
                        storm["median"] / 1e6, found["timer_set_cancel"]["median"] / 1e9)


@dataclass(frozen=True)
class Service:
    """What is asked for."""
    connections: float
    requests: float     # a second, of each connection
    size: float         # bytes of a request, and of its answer
    lifetime: float     # seconds of a connection
    own_seconds: float  # processor time of the service's own work for a request
    own_bytes: float    # memory of the service's own for a connection
    buffered: float     # bytes in a connection's kernel buffers, on average
    load: float         # how busy a core may be
    machine_bytes: float
    machine_cores: float
    machine_bits: float  # a second, of its network


@dataclass(frozen=True)
class Plan:
    bytes_each: float
    memory: float
    rate: float
    cores: float
    bits: float
    machines: int
    by: str             # what the number of machines comes from
    reconnect: float    # seconds until all have connected again, all machines together


def plan(service, measured):
    bytes_each = measured.user_bytes + measured.kernel_bytes + service.own_bytes + service.buffered
    rate = service.connections * service.requests
    each_second = (rate * (measured.request_seconds + service.own_seconds + measured.timer_seconds)
                   + service.connections / service.lifetime * measured.accept_seconds)
    bits = rate * 8 * (service.size + WIRE_OVERHEAD / 2)
    needs = {"memory": service.connections * bytes_each / (service.machine_bytes * 0.75),
             "cores": each_second / service.load / service.machine_cores,
             "network": bits / service.load / service.machine_bits}
    by = max(needs, key=needs.get)
    machines = math.ceil(needs[by]) + 1  # one may be gone
    return Plan(bytes_each, service.connections * bytes_each, rate, each_second / service.load, bits, machines, by,
                service.connections * measured.accept_seconds / (machines * service.machine_cores))


def rounded(value, unit, digits=2):
    """A figure as an estimate deserves it: "143 GB", "3.2 cores"."""
    if value and abs(value) < 10 ** digits:
        value = round(value, digits - 1 - math.floor(math.log10(abs(value))))
        return f"{value:g} {unit}".rstrip()
    return f"{value:,.0f} {unit}".rstrip()


def lines(service, measured, made):
    giga = 1e9
    rows = [
        ("measured", f"with {measured.connections:,} connections"),
        ("  memory of a connection", f"{measured.user_bytes:,.0f} B of the server's, "
                                     f"{measured.kernel_bytes:,.0f} B of the kernel's"),
        ("  a request", rounded(measured.request_seconds * 1e6, "µs of a core")),
        ("  a short connection", rounded(measured.accept_seconds * 1e6, "µs of a core")),
        ("  a timeout", rounded(measured.timer_seconds * 1e9, "ns of a core")),
        ("asked for", f"{service.connections:,.0f} connections of {service.lifetime:,.0f} s, each with "
                      f"{service.requests:.3g} requests a second of {service.size:,.0f} B"),
        ("  machines of", f"{service.machine_cores:g} cores, {service.machine_bytes / giga:,.0f} GB, "
                          f"{service.machine_bits / giga:g} Gbit/s, {service.load:.0%} busy"),
        ("needed", rounded(made.rate, "requests a second", 3)),
        ("  memory", f"{rounded(made.memory / giga, 'GB', 3)}, {made.bytes_each:,.0f} B a connection"),
        ("  cores", rounded(made.cores, "")),
        ("  network", rounded(made.bits / giga, "Gbit/s in each direction")),
        ("  machines", f"{made.machines}, one of them to spare; what asks for most is {made.by}"),
        ("  connections a machine", rounded(service.connections / made.machines, "", 3)),
        ("all connect again", f"{rounded(made.reconnect, 's')} at full speed, on all cores"),
        ("addresses of a proxy in between",
         f"{math.ceil(service.connections / PORTS_BY_DEFAULT / made.machines):,} to each server's address, with "
         "the default range of ports"),
    ]
    return [f"{name:<32} {text}".rstrip() for name, text in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, default=Path("build"), help="where scale.json is")
    parser.add_argument("--into", type=Path, help="a page with the marks")
    for name, default, text in (
            ("connections", 10e6, "how many"), ("requests", 1 / 60, "a second, of each connection"),
            ("size", 256, "bytes of a request, and of its answer"), ("lifetime", 3600, "seconds of a connection"),
            ("own-us", 20, "processor time of your own work for a request, µs"),
            ("own-bytes", 2048, "memory of your own for a connection"),
            ("buffered", 256, "bytes in a connection's kernel buffers, on average"),
            ("load", 0.6, "how busy a core may be"), ("machine-gb", 64, "memory of a machine"),
            ("machine-cores", 16, "cores of a machine"), ("machine-gbits", 10, "network of a machine")):
        parser.add_argument(f"--{name}", type=float, default=default, help=f"{text} (%(default)g)")
    given = parser.parse_args()
    try:
        measured = Measured.read(given.build_dir / "scale.json")
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"no figures to plan with, run `make bench-scale` first: {error}")
    service = Service(given.connections, given.requests, given.size, given.lifetime, given.own_us / 1e6,
                      given.own_bytes, given.buffered, given.load, given.machine_gb * 1e9, given.machine_cores,
                      given.machine_gbits * 1e9)
    text = "\n".join(lines(service, measured, plan(service, measured)))
    if given.into:
        page = given.into.read_text()
        given.into.write_text(MARKED.sub(lambda mark: f"{mark[1]}```\n{text}\n```\n{mark[2]}", page))
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
