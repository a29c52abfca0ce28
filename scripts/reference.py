#!/usr/bin/env python3
"""Make the reference from the comments in the public headers.

    reference.py --check HEADER...           fail where a public function has no comment, or a wrong one
    reference.py --man OUTDIR HEADER...      a man page for each function, and an overview for each header
    reference.py --markdown FILE HEADER...   the same as one Markdown file

A HEADER may be a folder: every *.h in it. What counts as a comment is `/** ... */` right before a
declaration; declarations in consecutive lines share one. See the comment of eddy_gather() for the form.
"""

import argparse
import glob
import os
import sys

sys.dont_write_bytecode = True  # these modules lie in the source tree

from manual import check, man, markdown
from manual.headers import Header
from manual.text import write


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--check', action='store_true', help='look for what is missing')
    what.add_argument('--man', metavar='OUTDIR', help='write man pages into OUTDIR/man3 and OUTDIR/man7')
    what.add_argument('--markdown', metavar='FILE', help='write one Markdown file')
    what.add_argument('--lint-man', metavar='OUTDIR', help='check the pages that --man wrote with mandoc')
    what.add_argument('--install-man', nargs=2, metavar=('OUTDIR', 'MANDIR'), help='for `meson install`')
    parser.add_argument('--version', default='', help='the version that pages name')
    parser.add_argument('--stamp', metavar='FILE', help='write FILE when done, for the build system')
    parser.add_argument('--depfile', metavar='FILE', help='write the names of the headers read, likewise')
    parser.add_argument('headers', nargs='*')
    args = parser.parse_args()

    if args.install_man:
        return man.install_man_pages(*args.install_man)
    if args.lint_man:
        return man.lint_man_pages(args.lint_man)

    paths = []
    for path in args.headers:
        paths += sorted(glob.glob(os.path.join(path, '*.h'))) if os.path.isdir(path) else [path]
    if not paths:
        parser.error('no headers')
    headers = [Header(path) for path in paths]

    if args.check:
        found = check.complaints(headers)
        print('\n'.join(found) or '%d functions' % sum(len(g) for h in headers for g in h.pages()))
        return 1 if found else 0
    if args.man:
        man.write_man_pages(args.man, headers, man.edition_of(args.version, paths))
    if args.markdown:
        write(args.markdown, markdown.markdown(headers))
    if args.stamp:
        write(args.stamp, '')
    if args.depfile:
        write(args.depfile, '%s: %s\n' % (args.stamp or args.markdown, ' '.join(paths)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
