#!/usr/bin/env python3
"""Fetch what tests/peers takes from registries, into a folder: called by scripts/test.sh; and what bench/ takes for its rows of jobs.

    scripts/peers.py FOLDER [--oha | --jobs]

Programs go into FOLDER/bin, aiohttp into FOLDER/python, httpbin into FOLDER/httpbin, ws into FOLDER/node; what is
there already is left alone. What cannot be had is told in a line that begins with "skipped:", and its tests are
skipped. With --oha that is compiled, too, which takes minutes. With --jobs none of these is fetched, but systems of durable jobs:
asynq and River, compiled anew, into FOLDER/bin, arq and rq into FOLDER/jobs-python, bullmq into FOLDER/jobs-node.
"""
import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from pythons import folders

ROOT = Path(__file__).resolve().parents[1]
H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec"  # tests/peers/h2spec/go.mod says which
AUTOBAHN = "autobahntestsuite==0.8.2"
JOBS_FOR_PYTHON = "arq==0.28.0", "rq==3.0.0", "redis==5.3.1", "hiredis==3.5.0"
PIP = "-m", "pip", "install", "--quiet", "--no-warn-script-location", "--disable-pip-version-check", "--retries", "1"
PATIENCE = 600


class Unavailable(Exception):
    """Why something cannot be had."""


def call(*command, cwd=None, **environment):
    """Run what fetches."""
    try:
        subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, errors="replace", timeout=PATIENCE, check=True)
    except subprocess.CalledProcessError as error:
        lines = error.stdout.strip().splitlines() or ["no reason was given"]
        raise Unavailable(next((line.strip() for line in lines if "error: " in line.lower()), lines[-1])) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error


def need(program):
    """Where it is."""
    found = shutil.which(program)
    if not found:
        raise Unavailable(f"no {program}")
    return found


def fetch_h2spec(folder):
    """Its program, compiled."""
    call(need("go"), "build", "-o", folder / "bin" / "h2spec", H2SPEC, cwd=ROOT / "tests" / "peers" / "h2spec",
         GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false")


def find_python2():
    """A Python 2.7, which its suite has not outgrown."""
    for place in folders("2.7*"):
        program = os.path.join(place, "python2.7")
        if os.access(program, os.X_OK) and subprocess.run([program, "-m", "pip", "--version"], stdout=subprocess.DEVNULL,
                                                          stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return program
    raise Unavailable("no Python 2.7 with pip")


def fetch_autobahn(folder):
    """The suite, as of a user whose home is in the folder, and a program that finds it there."""
    home = folder / "autobahn"
    call(find_python2(), *PIP, "--user", AUTOBAHN, PYTHONUSERBASE=str(home))
    program = folder / "bin" / "wstest"
    program.write_text(f'#!/bin/sh\nPYTHONUSERBASE={home} exec {home}/bin/wstest "$@"\n', encoding="utf-8")
    program.chmod(0o755)


def fetch_for_python(folder, place, *packages):
    """For the Python that runs this."""
    tools = folder / "pip"
    try:
        venv.create(tools, with_pip=True, clear=True)
    except subprocess.CalledProcessError as error:
        raise Unavailable("no python3-venv") from error
    call(tools / "bin" / "python", *PIP, "--target", folder / place, *packages)


def fetch_aiohttp(folder):
    fetch_for_python(folder, "python", "aiohttp")


def fetch_httpbin(folder):
    """With a server that it runs on."""
    fetch_for_python(folder, "httpbin", "httpbin", "gunicorn")


def fetch_ws(folder):
    """For node."""
    call(need("npm"), "install", "--loglevel=error", "--no-fund", "--no-audit", "--fetch-retries", "1", "--prefix", folder / "node", "ws")


def fetch_oha(folder):
    """Its program, compiled."""
    call(need("cargo"), "install", "--quiet", "--locked", "--root", folder, "oha")


def fetch_jobs_for_go(folder):
    """Their program, compiled."""
    call(need("go"), "build", "-o", folder / "bin" / "jobs", ".", cwd=ROOT / "bench" / "jobs" / "go", GOTOOLCHAIN="local",
         GOFLAGS="-buildvcs=false")


def fetch_jobs_for_python(folder):
    fetch_for_python(folder, "jobs-python", *JOBS_FOR_PYTHON)


def fetch_jobs_for_node(folder):
    """As its lock says."""
    shutil.copytree(ROOT / "bench" / "jobs" / "node", folder / "jobs-node", dirs_exist_ok=True)
    call(need("npm"), "ci", "--ignore-scripts", "--loglevel=error", "--no-fund", "--no-audit", "--fetch-retries", "1",
         cwd=folder / "jobs-node")


PEERS = {  # where each is, and what brings it there
    "h2spec": ("bin/h2spec", fetch_h2spec),
    "Autobahn's suite": ("bin/wstest", fetch_autobahn),
    "aiohttp": ("python/aiohttp", fetch_aiohttp),
    "httpbin": ("httpbin/httpbin", fetch_httpbin),
    "ws": ("node/node_modules/ws", fetch_ws),
    "oha": ("bin/oha", fetch_oha),
}

JOBS = {
    "asynq and river": ("", fetch_jobs_for_go),
    "arq and rq": ("jobs-python/rq", fetch_jobs_for_python),
    "bullmq": ("jobs-node/node_modules/bullmq", fetch_jobs_for_node),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oha", action="store_true", help="compile oha, too")
    parser.add_argument("--jobs", action="store_true", help="systems of durable jobs, and nothing else")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    folder = options.folder.resolve()
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    for name, (place, fetch) in (JOBS if options.jobs else PEERS).items():
        if (place and (folder / place).exists()) or (name == "oha" and not options.oha):
            continue
        try:
            fetch(folder)
        except Unavailable as why:
            print(f"skipped: {name} could not be had: {why}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
