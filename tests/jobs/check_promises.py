#!/usr/bin/env python3
"""That each promise of docs/jobs.md names a test, and each such test the promise: check_promises.py ROOT.

The page's promises are items of a list that begin with a name, as in "- **[poison]** ..."; in the sections that have any, a sentence that
is an item has a name. A table says which tests hold them: "| poison | tests/jobs/x.c: `test_of_that_name` |". The test is run by its
program, and in the comment before it, or in its docstring, the name stands in brackets.
"""

import os
import re
import sys

PAGE = 'docs/jobs.md'
PROMISE = re.compile(r'^- \*\*\[([a-z-]+)\]\*\* ', re.M)
ROW = re.compile(r'^\| ([a-z-]+) \| (.*) \|$', re.M)
TEST = re.compile(r'([\w/.-]+): `(\w+)`')
TABLE = '### Which test says so'


def names_in(text):
    return set(re.findall(r'\[([a-z-]+)\]', text))


def words_of_c(text, test):
    """What is said before a test that is run; None where there is none."""
    found = re.search(r'(?:/\*((?:(?!\*/).)*)\*/\n)?COROUTINE_TEST\(%s\)\n' % test, text, re.S)
    return (found.group(1) or '') if found and 'cmocka_unit_test(%s)' % test in text else None


def words_of_python(text, test):
    found = re.search(r'^ *def %s\([^)]*\):\n +"""(.*?)"""' % test, text, re.M | re.S)
    return found.group(1) if found else None


def faults(root):
    with open(os.path.join(root, PAGE), encoding='utf-8') as file:
        page = file.read()
    promises = PROMISE.findall(page)
    for name in {name for name in promises if promises.count(name) > 1}:
        yield '%s: [%s] is promised twice' % (PAGE, name)
    before, _, table = page.partition('\n' + TABLE + '\n')
    for section in re.split(r'^##+ ', before, flags=re.M):
        if PROMISE.search(section):
            for line in re.findall(r'^- (?!\*\*\[).*', section, re.M):
                yield '%s: has no name: %s' % (PAGE, line)
    rows = dict(ROW.findall(table.split('\n## ')[0]))
    for name in set(promises) ^ set(rows):
        yield '%s: [%s] is %s' % (PAGE, name, 'held by no test' if name in promises else 'no promise')
    for name, tests in rows.items():
        if not TEST.findall(tests):
            yield '%s: [%s] names no test' % (PAGE, name)
        for path, test in TEST.findall(tests):
            yield from faults_of_test(root, name, path, test)
    yield from unknown_names(root, set(promises))


def faults_of_test(root, name, path, test):
    if not os.path.exists(os.path.join(root, path)):
        yield '%s: [%s] is to be held by %s, which is not there' % (PAGE, name, path)
        return
    with open(os.path.join(root, path), encoding='utf-8') as file:
        text = file.read()
    words = (words_of_python if path.endswith('.py') else words_of_c)(text, test)
    if words is None:
        yield '%s: has no test %s, which is to hold [%s]' % (path, test, name)
    elif name not in names_in(words):
        yield '%s: %s does not say that it holds [%s]' % (path, test, name)


def unknown_names(root, promises):
    """Tests that hold what nobody promises any more."""
    for folder, _, files in os.walk(os.path.join(root, 'tests', 'jobs')):
        for file_name in files:
            path = os.path.join(folder, file_name)
            with open(path, encoding='utf-8', errors='replace') as file:
                for said in re.findall(r'docs/jobs\.md promises ([^*]*)', file.read() if file_name.endswith('.c') else ''):
                    for name in names_in(said) - promises:
                        yield '%s: nobody promises [%s]' % (os.path.relpath(path, root), name)


def main():
    found = list(faults(sys.argv[1]))
    print('\n'.join(found))
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
