#!/usr/bin/env python3
"""Compile the examples, and the C in the documentation, as somebody who has only the public headers.

    check_sources.py COMPILER [ARGUMENT...] -- ROOT [ADAPTER or LIBRARY...]

Examples include <eddy.h>, or in its place the header of the one adapter that they are about (of two: SECOND_ADAPTERS), and what
the C library has, nothing else; but for those that put somebody else's LIBRARY on the loop. A ```c block in
docs/*.md is either declarations or, wrapped in a coroutine, statements; both may use what PRELUDE declares.
What is about an ADAPTER or a LIBRARY is checked only where that is named: the third-party headers may be missing.
"""

import glob
import os
import re
import subprocess
import sys

WARNINGS = ['-Wall', '-Wextra', '-Wshadow', '-Wstrict-prototypes', '-Wmissing-prototypes', '-Wconversion']
UNUSED = ['-Wno-unused', '-Wno-unused-parameter', '-Wno-missing-prototypes']

# The adapters that examples and pages are about, by how their names begin.
ADAPTERS = {'http': 'http', 'coming-from-aiohttp': 'http', 'images': 'http', 'jobs': 'jobs', 'redis': 'redis', 'postgres': 'postgres',
            'websocket_client': 'websocket', 'websocket': 'websocket_server', 'website': 'websocket_server'}

# What an example is about besides, by its name, and that one's header.
SECOND_ADAPTERS = {'jobs_gallery': ('http', '<eddy/http_client.h>')}

# The libraries that examples put on the loop.
LIBRARIES = {'bridge_curl': 'libcurl', 'bridge_libpq': 'libpq', 'cares_resolver': 'libcares',
             'http_json': 'jansson'}

PRELUDE = '''
#include <eddy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
'''


def compile_source(compiler, root, text, warnings):
    """What the compiler has to say about it; nothing where it is content."""
    command = compiler + ['-std=gnu11', '-fsyntax-only', '-Werror', '-I', os.path.join(root, 'include')]
    result = subprocess.run(command + warnings + ['-x', 'c', '-'], input=text, text=True, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.stdout if result.returncode else ''


def adapter_of(path):
    name = os.path.basename(path)
    return next((adapter for start, adapter in ADAPTERS.items() if name.startswith(start)), None)


def is_left_out(path, named):
    name = os.path.splitext(os.path.basename(path))[0]
    return not {adapter_of(path), SECOND_ADAPTERS.get(name, [None])[0], LIBRARIES.get(name)} <= {None, *named}


def example_faults(compiler, root, path, _):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    adapter = adapter_of(path)
    ours = '<eddy.h>' if adapter is None else '<eddy/%s.h>' % adapter
    second = SECOND_ADAPTERS.get(os.path.splitext(os.path.basename(path))[0], [None, None])[1]
    includes = [name for name in re.findall(r'^#include\s+(\S+)', text, re.M) if name != second]
    if includes.count(ours) != 1:
        yield 'does not include %s once' % ours
    for name in includes:
        if name != ours and (name[0] != '<' or name.startswith('<eddy')):
            yield 'includes %s' % name
    complaint = compile_source(compiler, root, text, WARNINGS)
    if complaint:
        yield complaint


def block_faults(compiler, root, path, named):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    adapter = adapter_of(path)
    prelude = PRELUDE + ('#include <eddy/%s.h>\n' % adapter if adapter else '')
    for match in re.finditer(r'^```c\n(.*?)^```', text, re.M | re.S):
        line = text.count('\n', 0, match.start()) + 2
        block = match.group(1)
        if '<jansson.h>' in block and 'jansson' not in named:
            continue
        if not re.search(r'^(\{|.*\) \{$|struct .*|#include .*)', block, re.M):
            block = 'static intptr_t block(void *arg)\n{\n#line %d\n%s\n;return 0;\n}\n' % (line, block)
        complaint = compile_source(compiler, root, prelude + '#line %d\n' % line + block, WARNINGS + UNUSED)
        if complaint:
            yield complaint


def main():
    divide = sys.argv.index('--')
    compiler, root, named = sys.argv[1:divide], sys.argv[divide + 1], sys.argv[divide + 2:]
    failed = False
    for pattern, faults in (('examples/*.c', example_faults), ('docs/*.md', block_faults)):
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            if is_left_out(path, named):
                continue
            for fault in faults(compiler, root, path, named):
                failed = True
                print('%s: %s' % (os.path.relpath(path, root), fault))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
