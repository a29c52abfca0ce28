"""What a public header says: its comments and declarations."""

import os
import re
import sys

from manual.text import clean, in_parentheses, paragraphs, read, sentences, split_commas, split_keeping_commas


# A name of Python's: asyncio.gather(), Task.cancel(), `await future`, get_extra_info("socket").
PYTHON = r'(?:[A-Za-z_]\w*(?:\.\w+|\((?:[^()]|\([^()]*\))*\)|\[\w+\])+|`[^`]+`)'
PYTHON_SENTENCE = re.compile(r'(?:^|(?<=[.:)]\s))(%s(?:, %s)*)\.?$' % (PYTHON, PYTHON))


def split_asyncio(text):
    """A paragraph, and its last sentence where that is nothing but names of Python's."""
    match = PYTHON_SENTENCE.search(text)
    if not match or match.group(1).startswith('eddy_'):
        return text, ''
    return text[:match.start(1)].strip(), match.group(1).replace('`', '')


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
