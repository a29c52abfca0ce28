"""What eddyloop is to reach, and who is ahead of it."""
from dataclasses import dataclass

from loops import LOOPS
from tables import merit, noise, number


@dataclass(frozen=True)
class Aim:
    """So many times a figure of the best of some others, in the rows whose names begin so."""
    rows: str
    figure: str        # "per_second": as many or more; "user_us": as much or less
    factor: float
    others: str = ""   # loops of this name or with this extension; "": all

    def holds(self, value, aim):
        return value >= aim if self.figure == "per_second" else value <= aim

    def is_about(self, loop):
        return not loop.is_ours and self.others in ("", loop.name, loop.extension)


AIMS = (
    Aim("protocol", "user_us", 0.7, "uvloop"),
    Aim("buffered", "user_us", 0.7, "uvloop"),
    Aim("streams", "user_us", 0.5, "uvloop"),
    Aim("tls", "per_second", 1, "aiofastnet"),
    Aim("aiohttp", "per_second", 1.05),
    Aim("uvicorn", "per_second", 1.05),
)


def ours(found):
    return [who for who in found if LOOPS[who].is_ours]


def best(found, names):
    return max(names, key=lambda who: merit(found[who]), default=None)


def verdicts(row, found):
    """Whether each of ours reaches what is aimed at in a row, as lines."""
    lines = []
    for aim in AIMS:
        peer = best(found, [who for who in found if aim.is_about(LOOPS[who])])
        if not row.startswith(aim.rows) or not peer:
            continue
        wanted = aim.factor * found[peer][aim.figure]["median"]
        for who in ours(found):
            value = found[who][aim.figure]["median"]
            by = f"MISSED by {100 * abs(value / wanted - 1):.0f} %"
            lines.append(f"  {row:<24}{who:<16}{number(value):>10}, aim {number(wanted)} "
                         f"({aim.factor:g} x {peer}): {'met' if aim.holds(value, wanted) else by}")
    return lines


def ahead(row, found):
    """Who is ahead of the best of ours by more than noise, as lines."""
    mine = best(found, ours(found))
    lines = []
    for who in found:
        if not mine or LOOPS[who].is_ours or merit(found[who]) <= merit(found[mine]):
            continue
        figure = "per_second" if "per_second" in found[who] else "bytes"
        theirs, own = found[who][figure], found[mine][figure]
        by = abs(theirs["median"] / own["median"] - 1)
        if by > noise(theirs) + noise(own):
            lines.append(f"  {row:<24}{who:<20}{number(theirs['median']):>10} beside "
                         f"{number(own['median'])} of {mine}: {100 * by:.0f} %")
    return lines


def report(figures):
    """All that, as lines; nothing where none of ours took part."""
    if not any(map(ours, figures.values())):
        return []
    met = [line for row, found in figures.items() for line in verdicts(row, found)]
    behind = [line for row, found in figures.items() for line in ahead(row, found)]
    return ["", "aims:", *met, "",
            "ahead of eddyloop by more than noise:", *(behind or ["  nobody"])]
