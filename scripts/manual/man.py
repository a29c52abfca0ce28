"""Man pages: a page for each function, and an overview for each header."""

import collections
import glob
import os
import re
import shutil
import subprocess
import time

from manual.headers import prototype_lines
from manual.text import read, sentences, write

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
    out += ['.B cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs libeddy)', '.fi', '.SH DESCRIPTION']
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
