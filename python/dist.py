#!/usr/bin/env python3
"""Called by `meson dist`: put the core's sources into the source distribution, as its folder core/.

They are those of the commit that is packed, as meson takes this folder's own: the sources in the lists
that meson.build reads too, the lists, and the headers of the folders that the sources lie in.
"""
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

LISTS = ("src/callback-level.txt", "src/uring.txt")
OTHERS = (*LISTS, "LICENSE", "src/base/calls_none.c", "src/base/errno_name_table.c")
OF_THE_REPOSITORY = ("bench", "tests")  # what needs more of it than a distribution has


def pack(place):
    """What git has of the project at the commit, as an archive."""
    done = subprocess.run(["git", "archive", "--format=tar", "HEAD", "include", "src", "LICENSE"],
                          cwd=place, check=True, stdout=subprocess.PIPE)
    return tarfile.open(fileobj=io.BytesIO(done.stdout))


def is_needed(path, sources):
    """Whether the extension is built of it."""
    if path.suffix == ".h":
        return path.parts[0] == "include" or path.parent in {source.parent for source in sources}
    return path in sources


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read())


def main():
    packed = Path(os.environ["MESON_DIST_ROOT"])
    for name in OF_THE_REPOSITORY:
        shutil.rmtree(packed / name, ignore_errors=True)
    with pack(Path(__file__).resolve().parents[1]) as archive:
        sources = {PurePosixPath(name) for name in OTHERS}
        for name in LISTS:
            listed = archive.extractfile(name).read().decode().split()
            sources.update(PurePosixPath("src", source) for source in listed)
        for member in archive.getmembers():
            if member.isfile() and is_needed(PurePosixPath(member.name), sources):
                copy(archive.extractfile(member), packed / "core" / member.name)


if __name__ == "__main__":
    main()
