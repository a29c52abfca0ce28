"""One run of one contestant."""
import sys
from pathlib import Path

import clients
import durable
import fetching
import files
import processes
import proxies
import rows
import secure
import servers
import web
from processes import Failure

HERE = Path(__file__).resolve().parent


def command(program, argument, build_dir):
    place = build_dir / "bench"
    argument = program.argument or argument
    if program.kind == "go":
        return [str(place / "go_contestant"), argument]
    if program.kind == "tokio":
        return [str(place / "tokio" / "release" / "eddy-bench-tokio"), argument]
    if program.kind == "node":
        return ["node", str(place / program.file), argument]
    if program.kind == "python":
        return [sys.executable, str(HERE / program.file), argument]
    if program.kind in ("nginx", "haproxy"):
        return [program.kind, argument]
    return [str(place / Path(program.file).stem), argument]


def figures(argv, wanted, cores, environment):
    """Run a contestant that prints `row value unit` lines: {row: value}."""
    found = {}
    for line in processes.run(argv, cores, environment).splitlines():
        row, value, unit = line.split()
        if unit != rows.ROWS[row].unit:
            raise Failure(f"{row} in {unit}, not {rows.ROWS[row].unit}")
        found[row] = float(value)
    for row in wanted:
        if row not in found:
            raise Failure(f"printed no figure for {row}")
    return found


def measure(experiment, program, cores, build_dir):
    """{row: value}. Raises Failure."""
    if experiment.kind == "jobs":
        return durable.measure(experiment, program, build_dir)
    environment = {"EDDY_BACKEND": program.backend} if program.backend else {}
    argv = command(program, experiment.argument, build_dir)
    if experiment.kind in ("files", "bulk"):
        measure_files = files.measure if experiment.kind == "files" else files.measure_bulk
        return measure_files(program.kind, argv, experiment.rows, environment, cores, build_dir)
    if experiment.kind == "fetch":
        return fetching.measure(program.kind, experiment.rows, environment, cores, build_dir)
    if experiment.kind in servers.METHODS:
        return servers.measure(experiment, argv, environment, cores, build_dir)
    if experiment.kind in secure.METHODS:
        return secure.measure(experiment, argv, environment, cores, build_dir)
    if experiment.kind in proxies.METHODS:
        return proxies.measure(experiment, argv, environment, cores, build_dir)
    if experiment.kind in web.METHODS:
        return web.measure(experiment, argv, environment, cores, build_dir)
    if experiment.kind == "client":
        return clients.measure(argv, environment, cores, lambda argv, told: figures(argv, experiment.rows, {cores.contestant}, told))
    allowed = {cores.contestant, cores.load} if experiment.kind == "threads" else {cores.contestant}
    return figures(argv, experiment.rows, allowed, environment)
