#!/usr/bin/env python3
"""Make a text a constant in C: embed.py FILE HEADER DEPFILE. a-b.lua becomes a_b_lua.

In a Lua script a line "-- include FILE" is that file, and what it declares as Lua 5.4's <const> is replaced by its value, for Redis has Lua
5.1, where each constant that a function uses costs every call of the script."""
import json
import pathlib
import re
import sys


def read(path, found):
    """The text with what it includes; the files are added to those found."""
    found.append(path)
    return re.sub(r'^-- include (\S+)\n', lambda match: read(path.parent / match[1], found), path.read_text(encoding='ascii'), flags=re.MULTILINE)


def fold(text):
    """A script without comments of whole lines, and without its constants."""
    values = {}

    def note(match):
        names = [name.strip() for name in match[1].split('<const>,')]
        values.update(zip(names, [value.strip() for value in match[2].split(',')], strict=True))
        return ''

    text = re.sub(r'^ *--.*\n', '', text, flags=re.MULTILINE)
    text = re.sub(r'^local ([\w\s<>,]+?) <const> = (.*)\n', note, text, flags=re.MULTILINE)
    return re.sub(r'\b(%s)\b' % '|'.join(values), lambda match: values[match[1]], text) if values else text


def main():
    source, header, depfile = map(pathlib.Path, sys.argv[1:])
    files = []
    text = read(source, files)
    if source.suffix == '.lua':
        text = fold(text)
    lines = [json.dumps(line, ensure_ascii=True) for line in text.splitlines(keepends=True)]
    header.write_text('/* Of %s. */\nstatic const char %s[] =\n        %s;\n' %
                      (source.name, re.sub(r'\W', '_', source.name), '\n        '.join(lines)), encoding='ascii')
    depfile.write_text('%s: %s\n' % (header, ' '.join(map(str, files))), encoding='utf-8')


main()
