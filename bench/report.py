"""What is shown and kept: one table, one list of figures in JSON."""
import itertools
import json
from statistics import median

import rows

QUOTED = " (quoted)"


def collect(samples):
    """{row: {contestant: [figure, ...]}} as a list of rows for JSON, quoted figures included."""
    figures = []
    for name, row in rows.ROWS.items():
        if name not in samples:
            continue
        for contestant, values in samples[name].items():
            if values:
                figures.append(entry(name, contestant, values, row.unit))
        for contestant, value in row.quoted.items():
            if samples[name].get(contestant):
                continue  # measured here
            values = value if isinstance(value, tuple) else (value,)
            figures.append(entry(name, contestant + QUOTED, values, row.unit))
    return figures


def entry(row, contestant, values, unit):
    return {"row": row, "contestant": contestant, "median": median(values), "min": min(values),
            "max": max(values), "unit": unit}


def write_json(figures, path):
    path.write_text("[\n" + ",\n".join("  " + json.dumps(figure) for figure in figures) + "\n]\n")


def number(value):
    """About three digits, without an exponent."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 100 else f"{value:.2f}"


def medians_of(figures):
    medians = {}
    for figure in figures:
        medians.setdefault(figure["row"], {})[figure["contestant"]] = figure["median"]
    return medians


def verdict(row, figure, medians):
    """Whether one of eddy's figures meets the row's aim: what to show, and True, False, or None where it is not
    known."""
    aim = row.aim(medians, figure["contestant"]) if callable(row.aim) else row.aim
    if aim is None:
        return ("aim unknown" if row.aim else ""), None
    wish = f"aim {'>=' if row.more_is_better else '<='} {number(aim)}"
    by = figure["median"] / aim - 1
    if (by >= 0) if row.more_is_better else (by <= 0):
        return f"{wish} met", True
    return f"{wish} MISSED by {100 * abs(by):.0f} %", False


def is_eddy(figure):
    return figure["contestant"].startswith("eddy-")


def ranking(name, figures):
    """A row's figures, the best first."""
    return sorted((figure for figure in figures if figure["row"] == name), key=lambda figure: figure["median"],
                  reverse=rows.ROWS[name].more_is_better)


def line(figure, ours, remark):
    spread = f"{number(figure['min'])} .. {number(figure['max'])}" if figure["min"] != figure["max"] else ""
    ratio = f"{figure['median'] / ours:.2f}" if ours else ""
    return f"  {figure['contestant']:<28}{number(figure['median']):>10}   {spread:<22}{ratio:>8}   {remark}".rstrip()


def table(figures, status, selected):
    """The report as lines; `status` says of contestants without figures why: {(row, contestant): text}."""
    out = [f"  {'contestant':<28}{'median':>10}   {'min .. max':<22}{'x eddy':>8}"]
    tally = {True: 0, False: 0, None: 0}
    medians = medians_of(figures)
    for name in selected:
        row, mine = rows.ROWS[name], ranking(name, figures)
        best = next((figure["median"] for figure in mine if is_eddy(figure)), None)
        out += ["", f"{name} [{row.unit}]  {row.workload}"]
        if row.note:
            out.append(f"  ({row.note})")
        outcomes = []
        for figure in mine:
            remark = ""
            if is_eddy(figure):
                remark, outcome = verdict(row, figure, medians)
                outcomes.append(outcome)
            out.append(line(figure, best, remark))
        out += [f"  {who:<28}{text}" for (which, who), text in status.items() if which == name]
        if row.aim is not None:
            tally[None if not outcomes or None in outcomes else all(outcomes)] += 1
    out += ["", f"aims: {tally[True]} met, {tally[False]} missed, {tally[None]} not measured"]
    return out


def ahead(figures, selected):
    """Who is ahead of eddy's best in which row, and why, as lines."""
    out = []
    for name in selected:
        leaders = list(itertools.takewhile(lambda figure: not is_eddy(figure), ranking(name, figures)))
        if len(leaders) == len(ranking(name, figures)):
            continue  # no figure of eddy's
        reasons = {}
        for figure in leaders:
            why = rows.ROWS[name].behind.get(figure["contestant"].removesuffix(QUOTED), "no reason is known yet")
            reasons.setdefault(why, []).append(f"{figure['contestant']} {number(figure['median'])}")
        out += [f"  {name}, {', '.join(who)}: {why}" for why, who in reasons.items()]
    return ["", "ahead of eddy:", *out] if out else []
