"""What eddyloop is to reach, and who is ahead of it."""
from loops import LOOPS
from tables import merit, noise, number

# The beginning of rows' names, what counts there, and how many times the figure of whom it may be, or must be.
AT_MOST = (("protocol", "user_us", 0.7, "uvloop"), ("buffered", "user_us", 0.7, "uvloop"),
           ("streams", "user_us", 0.5, "uvloop"))
AT_LEAST = (("tls", "per_second", 1, "aiofastnet"), ("aiohttp", "per_second", 1.05, ""), ("uvicorn", "per_second", 1.05, ""))


def ours(found):
    return [who for who in found if LOOPS[who].is_ours]


def best(found, whose):
    return max(whose, key=lambda who: merit(found[who]), default=None)


def verdicts(name, found):
    """Whether each of ours reaches what is aimed at in a row, as lines."""
    others = [who for who in found if who not in ours(found)]
    lines = []
    for (prefix, figure, factor, against), is_least in [(aim, False) for aim in AT_MOST] + [(aim, True) for aim in AT_LEAST]:
        peer = best(found, [who for who in others if against in (who, LOOPS[who].extension) or not against])
        if not name.startswith(prefix) or not peer:
            continue
        aim = factor * found[peer][figure]["median"]
        for who in ours(found):
            value = found[who][figure]["median"]
            is_met = value >= aim if is_least else value <= aim
            lines.append(f"  {name:<24}{who:<16}{number(value):>10}, aim {'>=' if is_least else '<='} {number(aim)} "
                         f"({factor:g} x {peer}): {'met' if is_met else f'MISSED by {100 * abs(value / aim - 1):.0f} %'}")
    return lines


def ahead(name, found):
    """Who is ahead of the best of ours by more than noise, as lines."""
    mine = best(found, ours(found))
    figure = "per_second" if mine and "per_second" in found[mine] else "bytes"
    lines = []
    for who in found:
        if not mine or LOOPS[who].is_ours or merit(found[who]) <= merit(found[mine]):
            continue
        his, own = found[who][figure], found[mine][figure]
        by = abs(his["median"] / own["median"] - 1)
        if by > noise(his) + noise(own):
            lines.append(f"  {name:<24}{who:<20}{number(his['median']):>10} beside {mine}'s {number(own['median'])}, "
                         f"{100 * by:.0f} %")
    return lines


def report(figures):
    """All that, as lines; nothing where none of ours took part."""
    met = [line for name, found in figures.items() for line in verdicts(name, found)]
    behind = [line for name, found in figures.items() for line in ahead(name, found)]
    if not any(map(ours, figures.values())):
        return []
    return ["", "aims:", *met, "", "ahead of eddyloop by more than noise:", *(behind or ["  nobody"])]
