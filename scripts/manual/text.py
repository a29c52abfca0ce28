"""Text: files, paragraphs, sentences, lists with parentheses."""

import re


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


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


def split_keeping_commas(text):
    parts, depth, current = [], 0, ''
    for char in text:
        depth += (char in '([{') - (char in ')]}')
        current += char
        if char == ',' and depth == 0:
            parts.append(current + ' ')
            current = ''
    return [p if i == 0 else p.lstrip() for i, p in enumerate(parts + [current])]
