"""The reference as one Markdown file."""

import re

from manual.headers import prototype_lines


def link(text, anchors):
    """Prose with the names of functions made links, and other names set as code."""
    def replace(match):
        word = match.group()
        if word.startswith('`') or word.startswith('"'):
            return word
        name = word[:-2] if word.endswith('()') else word
        return '[`%s`](#%s)' % (word, anchors[name]) if name in anchors else '`%s`' % word

    text = text.replace('<', '&lt;').replace('*', '\\*')
    return re.sub(r'`[^`]*`|\b(?:eddy|EDDY)_\w+(?:\(\))?|(?<![\w-])-E[A-Z]+\b', replace, text)


def markdown_paragraphs(parts, anchors):
    out = []
    for part in parts:
        out += (['```c'] + part + ['```'] if isinstance(part, list) else [link(part, anchors)]) + ['']
    return out


def markdown_table(head, rows):
    lines = ['| %s | %s |' % tuple(cell.replace('|', '\\|') for cell in row) for row in rows]
    return ['| %s | %s |' % head, '|---|---|'] + lines + [''] if rows else []


def markdown_group(group, anchors):
    comment = group[0].comment
    out = ['<a id="%s"></a>' % item.name for item in group[1:]]
    out += ['### ' + ', '.join('`%s`' % item.name for item in group), '']
    out += ['```c'] + prototype_lines(group) + ['```', '']
    out += markdown_paragraphs(comment.body + comment.tail, anchors)
    out += markdown_table(('Argument', ''), [('`%s`' % n, link(t, anchors)) for n, t in comment.params])
    if comment.returns:
        out += ['Returns ' + link(comment.returns, anchors).rstrip('.') + '.', '']
    out += markdown_table(('Error', 'When'), [(link(c, {}), link(t, anchors)) for c, t in comment.errors])
    if comment.asyncio:
        out += ['In Python: `%s`' % comment.asyncio, '']
    return out


def github_anchor(group):
    return '-'.join(item.name for item in group).lower()


def markdown(headers):
    anchors = {}
    for header in headers:
        for group in header.pages():
            for item in group:
                anchors[item.name] = github_anchor(group)
    out = ['# Reference', '', 'Generated from the public headers by scripts/reference.py.', '']
    contents = [('[eddy/%s.h](#eddy%sh)' % (h.name, h.name), link(h.summary, anchors)) for h in headers]
    out += markdown_table(('Header', ''), contents)
    for header in headers:
        out += ['## eddy/%s.h' % header.name, ''] + markdown_paragraphs(header.head, anchors)
        for item in header.items:
            if item.kind == 'type' and item.comment:
                prose = [link(p, anchors) for p in item.comment.body if isinstance(p, str)]
                out += ['**`%s`**: %s' % (item.name, ' '.join(prose)), '']
                if item.is_open:
                    out += ['```c'] + item.code + ['```', '']
        constants = [i for i in header.items if i.kind == 'constant' and i.comment and i.comment.body]
        rows = [('`%s`' % i.name, link(i.comment.body[0], anchors)) for i in constants]
        out += markdown_table(('Constant', ''), rows)
        for group in header.pages():
            out += markdown_group(group, anchors)
    return '\n'.join(out).rstrip() + '\n'
