#!/usr/bin/env python3
"""Make the reference from the comments in the public headers.

    reference.py --check HEADER...           fail where a public function has no comment, or a wrong one
    reference.py --man OUTDIR HEADER...      a man page for each function, and an overview for each header
    reference.py --markdown FILE HEADER...   the same as one Markdown file

A HEADER may be a folder: every *.h in it. What counts as a comment is `/** ... */` right before a
declaration; declarations in consecutive lines share one. See the comment of eddy_gather() for the form.
"""

import argparse
import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import time


# --------------------------------------------------------------------------------------------------
# What a header says


class Comment:
    """The text of one `/** ... */`, taken apart."""

    def __init__(self, text):
        self.params = []  # (name, text)
        self.returns = ''
        self.errors = []  # (codes, text)
        self.asyncio = ''
        body, tail = self._split_tags(clean(text))
        self.body = paragraphs(body)
        self.tail = paragraphs(tail)
        last = self.tail or self.body
        if last and isinstance(last[-1], str):
            last[-1], self.asyncio = split_asyncio(last[-1])
            if not last[-1]:
                last.pop()

    def _split_tags(self, lines):
        """Lines before the tags and behind them; the tags themselves go where they belong."""
        before, after, entry, tags = [], [], None, []
        for line in lines:
            match = re.match(r'@(\w+)\s+(.*)', line)
            if match:
                entry = [match.group(1), match.group(2)]
                tags.append(entry)
            elif not line.strip():
                entry = None
                (after if tags else before).append('')
            elif entry:
                entry[1] += ' ' + line.strip()
            else:
                (after if tags else before).append(line)
        for tag, text in tags:
            if tag == 'param':
                name, _, rest = text.partition(' ')
                self.params.append((name, rest.strip()))
            elif tag == 'return':
                self.returns = (self.returns + ' ' + text).strip()
            elif tag == 'retval':
                code = r'-?[A-Za-z_]\w*'
                match = re.match(r'(%s(?:,\s+%s)*(?:\s+\.\.\.)?)\s+(.*)' % (code, code), text)
                self.errors.append((match.group(1), match.group(2)) if match else (text, ''))
            else:
                raise SyntaxError('unknown tag @' + tag)
        return before, after

    @property
    def summary(self):
        """The first sentence."""
        first = next((p for p in self.body if isinstance(p, str)), '')
        return re.sub(r'[.:;]$', '', sentences(first)[0]) if first else ''

    def prose(self):
        """All text, for looking for references."""
        parts = [p for p in self.body + self.tail if isinstance(p, str)]
        return ' '.join(parts + [self.returns] + [t for _, t in self.params + self.errors])


class Item:
    """One public name: a function, a macro like one, a type or a constant."""

    def __init__(self, kind, name, declaration, comment, line, shares=False):
        self.kind = kind  # 'function', 'macro', 'type' or 'constant'
        self.name = name
        self.declaration = declaration
        self.comment = comment
        self.line = line
        self.shares = shares  # the comment of the item before it

    @property
    def code(self):
        """The declaration with plain comments."""
        return re.sub(r'/\*\*<?', '/*', self.declaration).split('\n')

    @property
    def is_open(self):
        """Whether users see into this type."""
        return '{' in self.declaration and not re.search('private|is public', self.comment.prose(), re.I)

    @property
    def arguments(self):
        """The names between the parentheses."""
        inside = re.search(r'\b%s\s*(\(.*)' % self.name, self.declaration)
        if not inside:
            return []
        names = []
        for part in split_commas(in_parentheses(inside.group(1))):
            pointer = re.search(r'\(\*(\w+)\)', part)
            words = re.findall(r'\w+', re.sub(r'\[[^\]]*\]', '', part))
            names.append(pointer.group(1) if pointer else words[-1] if words else '...')
        return names


class Header:
    """One file: its head comment and its public names in order."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-2]
        self.head = []
        self.items = []
        umbrella = os.path.join(os.path.dirname(path), '..', 'eddy.h')
        in_umbrella = os.path.exists(umbrella) and '<eddy/%s.h>' % self.name in read(umbrella)
        self.include = '<eddy.h>' if in_umbrella else '<eddy/%s.h>' % self.name
        try:
            parse(self, read(path))
        except (SyntaxError, ValueError) as error:
            sys.exit('%s: cannot be read: %s' % (path, error))

    @property
    def summary(self):
        first = next((p for p in self.head if isinstance(p, str)), self.name)
        return re.sub(r'[.]$', '', sentences(first)[0])

    def pages(self):
        """Functions and macros, grouped by the comment that they share."""
        groups = []
        for item in self.items:
            if item.kind in ('function', 'macro') and item.comment:
                if item.shares and groups and groups[-1][0].comment is item.comment:
                    groups[-1].append(item)
                else:
                    groups.append([item])
        return groups


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def clean(text):
    """A comment's lines without its frame of slashes and stars."""
    text = re.sub(r'^/\*\*?<?', '', text)
    text = re.sub(r'\*/$', '', text)
    lines = [re.sub(r'^\s*\* ?', '', line) if i else line.strip() for i, line in enumerate(text.split('\n'))]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def paragraphs(lines):
    """Paragraphs: a string each, or a list of lines where it is code (indented by 4 or more)."""
    result, current, gap = [], None, 0
    for line in lines:
        if not line.strip():
            gap += 1
            continue
        is_code = line.startswith('    ')
        if is_code and isinstance(current, list):
            current.extend([''] * gap + [line])
        elif not is_code and isinstance(current, str) and not gap:
            current += ' ' + line.strip()
            result[-1] = current
            continue
        else:
            current = [line] if is_code else line.strip()
            result.append(current)
        gap = 0
    for part in result:
        if isinstance(part, list):
            margin = min(len(line) - len(line.lstrip()) for line in part if line)
            part[:] = [line[margin:] for line in part]
    return result


def sentences(text):
    return re.split(r'(?<=[.:;])\s+(?=[A-Z`0-9@(]|asyncio|loop\.|get_)', text)


# A name of Python's: asyncio.gather(), Task.cancel(), `await future`, get_extra_info("socket").
PYTHON = r'(?:[A-Za-z_]\w*(?:\.\w+|\((?:[^()]|\([^()]*\))*\)|\[\w+\])+|`[^`]+`)'
PYTHON_SENTENCE = re.compile(r'(?:^|(?<=[.:)]\s))(%s(?:, %s)*)\.?$' % (PYTHON, PYTHON))


def split_asyncio(text):
    """A paragraph, and its last sentence where that is nothing but names of Python's."""
    match = PYTHON_SENTENCE.search(text)
    if not match or match.group(1).startswith('eddy_'):
        return text, ''
    return text[:match.start(1)].strip(), match.group(1).replace('`', '')


def in_parentheses(text):
    """What lies between the first parenthesis and its partner."""
    depth = 0
    for i, char in enumerate(text):
        depth += (char == '(') - (char == ')')
        if depth == 0:
            return text[1:i]
    raise SyntaxError('a parenthesis without a partner')


def split_commas(text):
    """Split at commas outside of parentheses."""
    parts, depth, current = [], 0, ''
    for char in text:
        depth += (char in '([{') - (char in ')]}')
        if char == ',' and depth == 0:
            parts.append(current)
            current = ''
        else:
            current += char
    return [part.strip() for part in parts + [current] if part.strip() and part.strip() != 'void']


def end_of_declaration(text, start):
    """Behind the `;` or, for a function with a body, the `}` that ends what begins at `start`."""
    depth, i, seen_parentheses = 0, start, False
    while i < len(text):
        if text.startswith('/*', i):
            i = text.index('*/', i) + 2
            continue
        char = text[i]
        if char == '"':
            i = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, i).end()
            continue
        if char in '({[':
            seen_parentheses |= depth == 0 and char == '('
            depth += 1
        elif char in ')}]':
            depth -= 1
            if char == '}' and depth == 0 and seen_parentheses:
                return i + 1
        elif char == ';' and depth == 0:
            return i + 1
        i += 1
    raise SyntaxError('a declaration without an end')


def parse(header, text):
    """Collect a header's public names."""
    at, comment, comment_end, documented_end, shared = 0, None, -1, -1, None
    seen_code = False
    while True:
        at = re.compile(r'\s*').match(text, at).end()
        if at >= len(text):
            return
        line = text.count('\n', 0, at) + 1
        if text.startswith('/*', at):
            end = text.index('*/', at) + 2
            raw = text[at:end]
            if raw.startswith('/**<'):
                pass
            elif raw.startswith('/**'):
                comment, comment_end = Comment(raw), end
            elif not seen_code and not header.head:
                header.head = paragraphs(clean(raw))
            at = end
            continue
        seen_code = True
        if text[at] == '#':
            end = re.compile(r'(?:[^\n\\]|\\.|\\\n)*').match(text, at).end()
        elif re.match(r'EDDY_(BEGIN|END)_DECLS\b', text[at:]):
            at = re.compile(r'\w+').match(text, at).end()
            continue
        else:
            end = end_of_declaration(text, at)
        source = text[at:end]

        own = comment if comment and text.count('\n', comment_end, at) <= 1 else None
        follows = documented_end >= 0 and text[documented_end:at].count('\n') <= 1
        item = classify(source, line)
        if item:
            trailing = re.search(r'/\*\*<.*?\*/', source, re.S) if item.kind == 'constant' else None
            item.comment = own or (Comment(trailing.group()) if trailing else None)
            if not item.comment and item.kind in ('function', 'macro') and follows:
                item.comment, item.shares = shared, True
            header.items.append(item)
            documented_end, shared = (end, item.comment) if item.comment else (-1, None)
        comment = None
        at = end


def without_comments(text):
    return re.sub(r'[ \t]*/\*.*?\*/', '', text, flags=re.S)


def classify(source, line):
    """What a piece of a header declares, or None where it is nothing public."""
    macro = re.match(r'#\s*define\s+(\w+)(\([^)]*\))?', source)
    if macro:
        name, arguments = macro.group(1), macro.group(2)
        if not re.match(r'(eddy|EDDY)_', name) or name.endswith(('_', '_H')):
            return None
        if arguments or 'for (' in source:
            return Item('macro', name, name + (arguments or ''), None, line)
        value = re.sub(r'/\*.*', '', source[macro.end():], flags=re.S).strip()
        return Item('constant', name, '#define %s %s' % (name, value), None, line)
    if source.startswith('#'):
        return None
    if source.startswith('typedef') or re.match(r'(struct|enum|union)\b[^(]*\{', source):
        match = re.search(r'\(\*(\w+)\)', source) if '{' not in source else None
        match = match or re.search(r'(\w+)\s*;$', source) or re.match(r'\w+\s+(\w+)', source)
        return Item('type', match.group(1), source, None, line)
    prototype = re.sub(r'\s+', ' ', without_comments(source).split('{')[0].rstrip('; \n'))
    prototype = re.sub(r'__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)\s*', '', prototype)
    match = re.search(r'\b(eddy_\w+)\s*\(', prototype)
    if not match or match.group(1).endswith('_'):
        return None
    return Item('function', match.group(1), prototype, None, line)


# --------------------------------------------------------------------------------------------------
# Whether it says enough


def complaints(headers):
    names = {item.name for header in headers for item in header.items}
    names |= set(re.findall(r'\bEDDY_\w+', ' '.join(i.declaration for h in headers for i in h.items)))
    found = []
    for header in headers:
        def complain(item, text, header=header):
            found.append('%s:%d: %s %s' % (header.path, item.line, item.name, text))

        if not header.head:
            found.append('%s:1: no comment says what the header is for' % header.path)
        for item in header.items:
            if item.kind in ('function', 'macro') and not item.comment:
                complain(item, 'has no comment')
            if not item.comment or item.shares:
                continue
            if item.kind in ('function', 'macro') and not item.comment.summary:
                complain(item, 'has a comment that does not say what it does')
            for name, text in item.comment.params:
                sharing = [i for i in header.items if i.comment is item.comment]
                if not any(name in i.arguments for i in sharing):
                    complain(item, 'has no argument "%s", which its comment explains' % name)
                if not text:
                    complain(item, 'leaves its argument "%s" unexplained' % name)
            for name in re.findall(r'\b(eddy_[a-z0-9_]+)\(\)', item.comment.prose()):
                if name not in names:
                    complain(item, 'speaks of %s(), which no header declares' % name)
            for code in re.findall(r'\bEDDY_[A-Z0-9_]+\b', ' '.join(c for c, _ in item.comment.errors)):
                if code not in names:
                    complain(item, 'speaks of %s, which no header defines' % code)
    return found


# --------------------------------------------------------------------------------------------------
# Man pages

Edition = collections.namedtuple('Edition', 'version date')


def edition_of(version, paths):
    """Dated by SOURCE_DATE_EPOCH, for builds that are to be reproduced, else by the newest header."""
    seconds = os.environ.get('SOURCE_DATE_EPOCH') or max(os.path.getmtime(path) for path in paths)
    return Edition(version, time.strftime('%Y-%m-%d', time.gmtime(float(seconds))))


def roff(text):
    """Plain text, safe in any line of roff."""
    text = text.replace('\\', '\\e')
    return re.sub(r"^([.'])", r'\\&\1', text, flags=re.M)


def roff_code(text):
    return roff(text).replace('-', '\\-').replace('`', '\\(ga').replace('^', '\\(ha').replace('~', '\\(ti')


def roff_text(text, variables=()):
    """Prose with names set in bold and arguments in italics."""
    result = ''
    pattern = r'`[^`]+`|"\\\w"|<[\w./]+>|\b(?:eddy|EDDY)_\w+|(?<![\w-])-E[A-Z]+\b|\b[a-z_]+\b'
    at = 0
    for match in re.finditer(pattern, text):
        word = match.group()
        if word.startswith('`'):
            shown = '\\fB' + roff_code(word[1:-1]) + '\\fR'
        elif word in variables:
            shown = '\\fI' + word + '\\fR'
        elif re.match(r'eddy_|EDDY_|-E', word):
            shown = '\\fB' + roff_code(word) + '\\fR'
        else:
            shown = roff(word)
        result += text[at:match.start()].replace('\\', '\\e') + shown
        at = match.end()
    return re.sub(r"^([.'])", r'\\&\1', result + text[at:].replace('\\', '\\e'), flags=re.M)


def roff_paragraphs(parts, variables=()):
    out, first = [], True
    for part in parts:
        if isinstance(part, list):
            out += ['.PP', '.in +4n', '.EX'] + [roff_code(line) for line in part] + ['.EE', '.in']
            if first:
                out.remove('.PP')
        else:
            out += ([] if first else ['.PP']) + sentences(roff_text(part, variables))
        first = False
    return out


def roff_entries(entries, style, variables=()):
    out = []
    for term, text in entries:
        out += ['.TP', '%s %s' % (style, roff_code(term))]
        out += sentences(roff_text(text, variables)) or ['\\&']
    return out


def title(name, section, edition):
    return '.TH "%s" "%s" "%s" "eddy %s" "eddy"' % (roff_code(name), section, edition.date, edition.version)


def prototype_lines(items):
    """Declarations wrapped to 78 columns, arguments lined up."""
    lines = []
    for item in items:
        text = re.sub(r'^(EDDY_API|static inline)\s+', '', item.declaration)
        text += ';' if item.kind == 'function' else ''
        indent = text.index('(') + 1 if '(' in text else 0
        head, rest = text[:indent], text[indent:]
        if indent > 44:
            indent = 8
        line = head
        parts = split_keeping_commas(rest)
        for part in parts:
            if line.strip() and len(line) + len(part) > 78 and line != head:
                lines.append(line.rstrip())
                line = ' ' * indent
            line += part
        lines.append(line.rstrip())
    return lines


def split_keeping_commas(text):
    parts, depth, current = [], 0, ''
    for char in text:
        depth += (char in '([{') - (char in ')]}')
        current += char
        if char == ',' and depth == 0:
            parts.append(current + ' ')
            current = ''
    return [p if i == 0 else p.lstrip() for i, p in enumerate(parts + [current])]


def function_page(header, group, edition, known):
    comment = group[0].comment
    variables = {name for item in group for name in item.arguments}
    out = ['.\\" Generated from eddy/%s.h.' % header.name, title(group[0].name, 3, edition), '.SH NAME']
    out.append('%s \\- %s' % (', '.join(item.name for item in group), roff(plain(comment.summary))))
    out += ['.SH SYNOPSIS', '.nf', '.B #include %s' % roff_code(header.include), '.PP']
    out += ['.B "%s"' % roff_code(line).replace('"', '""') for line in prototype_lines(group)] + ['.fi']
    out += ['.SH DESCRIPTION'] + roff_paragraphs(comment.body + comment.tail, variables)
    if any('EDDY_ASYNC' in item.declaration for item in group) and 'uspend' not in comment.prose():
        out += ['.PP', 'It may suspend its caller.']
    if comment.params:
        out += ['.SH ARGUMENTS'] + roff_entries(comment.params, '.I', variables)
    if comment.returns:
        out += ['.SH RETURN VALUE'] + sentences(roff_text(sentence_case(comment.returns), variables))
    if comment.errors:
        out += ['.SH ERRORS'] + roff_entries(comment.errors, '.B', variables)
    if comment.asyncio:
        out += ['.SH ASYNCIO', roff_code(comment.asyncio)]
    mentioned = sorted(set(re.findall(r'\b(eddy_[a-z0-9_]+)\(\)', comment.prose())) & known)
    mentioned = [name for name in mentioned if name not in {item.name for item in group}]
    see = mentioned_lines([(name, 3) for name in mentioned] + [('eddy-' + header.name, 7), ('eddy', 7)])
    return '\n'.join(out + ['.SH SEE ALSO'] + see) + '\n'


def plain(text):
    return text.replace('`', '')


def sentence_case(text):
    return text if re.match(r'[A-Z0-9]|[a-z]+_|\w*[Ee]rror', text) else text[:1].upper() + text[1:]


def mentioned_lines(pages):
    lines = ['.BR %s (%d)' % (roff_code(name), section) for name, section in pages]
    return [line + ',' for line in lines[:-1]] + lines[-1:]


def overview_page(header, edition):
    out = ['.\\" Generated from eddy/%s.h.' % header.name, title('eddy-' + header.name, 7, edition)]
    out += ['.SH NAME', 'eddy\\-%s \\- %s' % (header.name, roff(plain(header.summary)))]
    out += ['.SH SYNOPSIS', '.B #include %s' % roff_code(header.include)]
    out += ['.SH DESCRIPTION'] + roff_paragraphs(header.head)
    functions = [(item.name + '(3)', group[0].comment.summary) for group in header.pages() for item in group]
    if functions:
        out += ['.SH FUNCTIONS'] + roff_entries([(n, s + '.') for n, s in functions], '.B')
    types = [item for item in header.items if item.kind == 'type' and item.comment]
    if types:
        out.append('.SH TYPES')
        for item in types:
            out += ['.TP', '.B ' + roff_code(item.name)]
            out += roff_paragraphs([p for p in item.comment.body if isinstance(p, str)][:1])
            if item.is_open:
                out += ['.sp', '.EX'] + [roff_code(line) for line in item.code] + ['.EE']
    constants = [item for item in header.items if item.kind == 'constant' and item.comment]
    if constants:
        out += ['.SH CONSTANTS']
        entries = [(i.name, sentence_case(i.comment.body[0])) for i in constants if i.comment.body]
        out += roff_entries(entries, '.B')
    return '\n'.join(out + ['.SH SEE ALSO', '.BR eddy (7)']) + '\n'


def front_page(headers, edition):
    out = ['.\\" Generated from the public headers.', title('eddy', 7, edition)]
    out += ['.SH NAME', 'eddy \\- asyncio for C', '.SH SYNOPSIS', '.nf', '.B #include <eddy.h>', '.PP']
    out += ['.B cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs eddy)', '.fi', '.SH DESCRIPTION']
    out.append('An event loop, coroutines, futures, tasks and streams, named as in asyncio.')
    out.append('Each header is one concept, and has a page of its own.')
    for header in headers:
        out += ['.TP', '.BR eddy\\-%s (7)' % roff_code(header.name)] + [roff(plain(header.summary)) + '.']
    return '\n'.join(out) + '\n'


def man_pages(headers, edition):
    """File name and text of every page."""
    pages = {'eddy.7': front_page(headers, edition)}
    known = {item.name for header in headers for group in header.pages() for item in group}
    for header in headers:
        pages['eddy-%s.7' % header.name] = overview_page(header, edition)
        for group in header.pages():
            pages[group[0].name + '.3'] = function_page(header, group, edition, known)
            for item in group[1:]:
                pages[item.name + '.3'] = '.so man3/%s.3\n' % group[0].name
    return pages


def write_man_pages(folder, headers, edition):
    for section in '37':
        os.makedirs(os.path.join(folder, 'man' + section), exist_ok=True)
        for old in glob.glob(os.path.join(folder, 'man' + section, '*.' + section)):
            os.remove(old)
    for name, text in man_pages(headers, edition).items():
        write(os.path.join(folder, 'man' + name[-1], name), text)


def install_man_pages(folder, mandir):
    """Called by `meson install`."""
    target = os.path.join(os.environ['MESON_INSTALL_DESTDIR_PREFIX'], mandir)
    for section in 'man3', 'man7':
        os.makedirs(os.path.join(target, section), exist_ok=True)
        for page in sorted(glob.glob(os.path.join(folder, section, '*'))):
            shutil.copy(page, os.path.join(target, section))


def lint_man_pages(folder):
    """Let mandoc look at every page; its exit status."""
    pages = sorted(glob.glob(os.path.join(folder, 'man?', '*')))
    pages = [page for page in pages if not read(page).startswith('.so ')]
    return subprocess.run(['mandoc', '-Tlint', '-W', 'warning'] + pages, check=False).returncode


# --------------------------------------------------------------------------------------------------
# Markdown


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


# --------------------------------------------------------------------------------------------------


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


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
        return install_man_pages(*args.install_man)
    if args.lint_man:
        return lint_man_pages(args.lint_man)

    paths = []
    for path in args.headers:
        paths += sorted(glob.glob(os.path.join(path, '*.h'))) if os.path.isdir(path) else [path]
    if not paths:
        parser.error('no headers')
    headers = [Header(path) for path in paths]

    if args.check:
        found = complaints(headers)
        print('\n'.join(found) or '%d functions' % sum(len(g) for h in headers for g in h.pages()))
        return 1 if found else 0
    if args.man:
        write_man_pages(args.man, headers, edition_of(args.version, paths))
    if args.markdown:
        write(args.markdown, markdown(headers))
    if args.stamp:
        write(args.stamp, '')
    if args.depfile:
        write(args.depfile, '%s: %s\n' % (args.stamp or args.markdown, ' '.join(paths)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
