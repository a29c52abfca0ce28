"""Whether a header says enough."""

import re

# What a struct of options ends in.
RESERVE = re.compile(r'void \*reserved\[\d+\];\s*/\*\*< zero \*/\s*\}')


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
            if item.kind == 'type' and item.name.endswith('_options') and not RESERVE.search(item.declaration):
                complain(item, 'does not end in `void *reserved[4]; /**< zero */`, from which it may grow')
            if item.kind in ('function', 'macro') and not item.comment:
                complain(item, 'has no comment')
            if not item.comment or item.shares:
                continue
            if item.kind in ('function', 'macro') and not item.comment.summary:
                complain(item, 'has a comment that does not say what it does')
            for name, text in item.comment.params:
                sharing = [i for i in header.items if i.comment is item.comment]
                if not any(name in i.arguments or '...' in i.arguments for i in sharing):
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
