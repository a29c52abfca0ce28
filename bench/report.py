"""What is shown and kept: one table, one list of figures in JSON."""
import json
from statistics import median

import rows


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
            values = value if isinstance(value, tuple) else (value,)
            figures.append(entry(name, f"{contestant} (quoted)", values, row.unit))
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


def aim_of(row, figures):
    aim = rows.ROWS[row].aim
    if not callable(aim):
        return aim
    medians = {}
    for figure in figures:
        medians.setdefault(figure["row"], {})[figure["contestant"]] = figure["median"]
    return aim(medians)


def verdict(figure, aim):
    if aim is None:
        return ""
    if figure["median"] <= aim:
        return "aim met"
    return f"AIM MISSED by {100 * (figure['median'] / aim - 1):.0f} %"


def line(contestant, figure, ours, remark):
    spread = f"{number(figure['min'])} .. {number(figure['max'])}" if figure["min"] != figure["max"] else ""
    ratio = f"{figure['median'] / ours:.2f}" if ours else ""
    return f"  {contestant:<28}{number(figure['median']):>10}   {spread:<22}{ratio:>8}   {remark}".rstrip()


def table(figures, status, selected):
    """The report as lines; `status` says of contestants without figures why: {(row, contestant): text}."""
    out = [f"  {'contestant':<28}{'median':>10}   {'min .. max':<22}{'x eddy':>8}"]
    tally = {"met": 0, "missed": 0, "not measured": 0}
    for name in selected:
        row, aim = rows.ROWS[name], aim_of(name, figures)
        mine = sorted((f for f in figures if f["row"] == name), key=lambda f: f["median"],
                      reverse=row.unit == "1/s")
        eddies = [f for f in mine if f["contestant"].startswith("eddy-")]
        ours = eddies[0]["median"] if eddies else None
        wish = f"aim <= {number(aim)} {row.unit}" if aim else "no aim" if row.aim is None else "aim unknown"
        out += ["", f"{name} [{row.unit}]  {row.workload};  {wish}"]
        if row.note:
            out.append(f"  ({row.note})")
        for figure in mine:
            remark = verdict(figure, aim) if figure in eddies else ""
            out.append(line(figure["contestant"], figure, ours, remark))
        out += [f"  {who:<28}{text}" for (which, who), text in status.items() if which == name]
        if row.aim is not None:
            met = [figure["median"] <= aim for figure in eddies] if aim else []
            tally["not measured" if not met else "met" if all(met) else "missed"] += 1
    out += ["", "aims: " + ", ".join(f"{count} {what}" for what, count in tally.items())]
    return out
