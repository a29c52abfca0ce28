#!/usr/bin/env python3
"""Draw the plots of docs/benchmarks.md: python3 bench/plot.py [--build-dir build] [--into docs/plots]

bench.json of the build directory becomes a chart of bars for each group of rows, scale.json charts of lines for
each question. Where one of them is missing its plots stay as they are. Nothing but Python is needed.
"""
import argparse
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True  # these modules lie in the source tree

import machine
import rows
import svg

OURS = "eddy-"
QUOTED = " (quoted)"


def size_text(size):
    if size < 1024:
        return f"{size:,.0f} B"
    return f"{size / 1024:,.0f} KiB" if size < 1 << 20 else f"{size / (1 << 20):,.0f} MiB"


@dataclass(frozen=True)
class Lines:
    """A plot of scale.json's figures: plots are {name in the file: name shown}, or one whose series are shown."""
    title: str
    subtitle: str
    axis: str
    unit: str
    plots: tuple
    x_ticks: tuple = ()
    x_text: object = svg.tick_text
    names: dict = field(default_factory=dict)


LINES = {
    "connections-cpu": Lines("TCP echo: what a request costs the server",
                             "64 bytes, user and system time a request",
                             "connections, all of them busy", " µs", ("connections_cpu",)),
    "connections-rate": Lines("TCP echo: requests a second", "64 bytes, server and load on one core each",
                              "connections, all of them busy", " /s", ("connections_rate",)),
    "connections-memory": Lines("What an idle connection holds",
                                "the server's memory a connection, page tables included; the kernel's own is not",
                                "connections, each after its first request", " B", ("connections_memory",)),
    "messages-cpu": Lines("TCP echo: what a byte costs the server", "10 connections, user and system time a byte",
                          "size of a message", " ns", ("messages_cpu",),
                          x_ticks=(64, 512, 4 << 10, 32 << 10, 256 << 10, 1 << 20), x_text=size_text),
    "messages-rate": Lines("TCP echo: bytes there and back", "10 connections, server and load on one core each",
                           "size of a message", " GB/s", ("messages_rate",),
                           x_ticks=(64, 512, 4 << 10, 32 << 10, 256 << 10, 1 << 20), x_text=size_text),
    "tasks-spawn": Lines("Create tasks, then await all of them", "processor time a task", "tasks", " ns",
                         ("tasks_spawn",)),
    "tasks-yield": Lines("Tasks that take turns", "processor time a turn", "tasks", " ns", ("tasks_yield",)),
    "tasks-bytes": Lines("What a suspended task holds", "resident memory and page tables, stack included",
                         "tasks", " B", ("tasks_bytes",)),
    "timers": Lines("Timers", "time a timer: setting and cancelling one, and firing one that is due",
                    "timers", " ns", ("timer_set_cancel", "timer_fire"),
                    names={"timer_set_cancel": "set and cancel", "timer_fire": "fire"}),
    "cores": Lines("One loop a core", "times as much as one worker does", "workers", "×",
                   ("cores_spawn", "cores_pairs"),
                   names={"cores_spawn": "spawn and await", "cores_pairs": "echo on socket pairs"}),
}

# Groups of rows; those that are new come into the last one.
BARS = {
    "bars-tasks": ("Coroutines and tasks",
                   ("switch", "yield", "spawn_await", "spawn_burst", "generator", "context", "sleepers")),
    "bars-sync": ("Queues, channels, locks and threads",
                  ("queue", "channel", "select", "lock", "thread", "to_thread")),
    "bars-echo": ("Connections", ("echo", "idle")),
    "bars-services": ("HTTP, WebSockets, files by HTTP, and datagrams", ("http", "websocket", "serve", "udp")),
    "bars-system": ("Timers, files and processes", ("",)),
}


def footer_of(head):
    return f"{head['machine']}, {head['cores']} cores, {head['system']}"


def here():
    return {"machine": machine.cpu_model(), "cores": os.cpu_count(),
            "system": f"Linux {os.uname().release} {os.uname().machine}"}


def order(name):
    """eddy first, then the others by name."""
    return (not name.startswith("eddy"), name)


def by_series(figures, plot):
    """{series: [Point]}; what came out as nothing has no place on a logarithmic axis."""
    series = {}
    for name in plot.plots:
        for each in figures:
            if each["plot"] == name and each["min"] > 0:
                series.setdefault(plot.names.get(name, each["series"]), []).append(
                    svg.Point(each["x"], each["median"], each["min"], each["max"]))
    return {name: sorted(series[name], key=lambda point: point.x) for name in
            (series if plot.names else sorted(series, key=order))}


def per_worker(series):
    """As multiples of what one worker does, beside what would be as many times as there are cores."""
    out = {name: [svg.Point(p.x, p.y / each[0].y, p.y / each[0].y, p.y / each[0].y) for p in each]
           for name, each in series.items()}
    most = max((each[-1].x for each in series.values()), default=1)
    return out | {"ideal": [svg.Point(x, x, x, x) for x in (1, most)]} if most > 1 else {}


def line_plots(path):
    """{file: document} of scale.json."""
    run, out = json.loads(path.read_text()), {}
    for name, plot in LINES.items():
        series = by_series(run["figures"], plot)
        if name == "cores":
            series = per_worker(series)
        if series:
            ticks = plot.x_ticks if name != "cores" else [point.x for point in max(series.values(), key=len)]
            out[name] = svg.lines(plot.title, plot.subtitle, plot.axis, plot.unit, footer_of(run), series, ticks,
                                  plot.x_text, linear=name == "cores")
    return out


def rate(unit):
    return unit.endswith("/s")


def shown(figure):
    unit = figure["unit"].replace("us", "µs")
    return f"{svg.short(figure['median'])} {unit}"


def block(row, figures):
    """(heading, eddy's label, bars) of a row; None where eddy has no figure."""
    ours = [each for each in figures if each["contestant"].startswith(OURS) and each["median"] > 0]
    if not ours:
        return None
    best = (max if rate(ours[0]["unit"]) else min)(ours, key=lambda each: each["median"])
    found = []
    for each in figures:
        if each is best or each["median"] <= 0:
            continue
        pair = best["median"], each["median"]
        ratio = pair[0] / pair[1] if rate(each["unit"]) else pair[1] / pair[0]
        name = each["contestant"].removesuffix(QUOTED)
        found.append(svg.Bar(name, ratio, shown(each), quoted=name != each["contestant"]))
    label = shown(best) + (f" ({best['contestant'].removeprefix(OURS)})" if len(ours) > 1 else "")
    heading = rows.ROWS[row].workload.split(";")[0] if row in rows.ROWS else row
    return heading[0].upper() + heading[1:], label, sorted(found, key=lambda bar: bar.ratio)


def bar_plots(path):
    """{file: document} of bench.json."""
    figures, groups = json.loads(path.read_text()), {name: [] for name in BARS}
    for row in dict.fromkeys(each["row"] for each in figures):
        group = next(name for name, (_, starts) in BARS.items() if any(row.startswith(start) for start in starts))
        if made := block(row, [each for each in figures if each["row"] == row]):
            groups[group].append(made)
    subtitle = "how many times as much as eddy a peer takes: bars to the right are slower; pale: quoted"
    return {name: svg.bars(BARS[name][0], subtitle, footer_of(here()), blocks)
            for name, blocks in groups.items() if blocks}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, default=Path("build"),
                        help="where bench.json and scale.json are")
    parser.add_argument("--into", type=Path, default=Path("docs/plots"), help="where the plots go")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    for name, draw in (("scale.json", line_plots), ("bench.json", bar_plots)):
        path = arguments.build_dir / name
        if not path.exists():
            print(f"{path} is not there: its plots stay as they are", file=sys.stderr)
            continue
        for plot, document in draw(path).items():
            (arguments.into / f"{plot}.svg").write_text(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
