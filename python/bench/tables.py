"""What is shown and kept."""
import json
from statistics import median

HEADS = {"per_second": "a second", "user_us": "user us", "system_us": "system us",
         "p99_us": "p99 us", "busy": "busy %", "bytes": "bytes"}
YARDSTICK = "uvloop"


def number(value):
    """About three digits, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def summary(values):
    return {"median": median(values), "min": min(values), "max": max(values), "values": values}


def collect(samples):
    """{row: {contestant: [{figure: value}]}} summed up: {row: {contestant: {figure: summary}}}."""
    return {row: {who: {name: summary([run[name] for run in runs]) for name in runs[0]}
                  for who, runs in contestants.items() if runs}
            for row, contestants in samples.items()}


def noise(figure):
    """Half of the distance between the least and the most, as a part of the median."""
    return (figure["max"] - figure["min"]) / 2 / figure["median"]


def spread(figure):
    if len(figure["values"]) == 1 or not figure["median"]:
        return ""
    return f"±{100 * noise(figure):.0f} %"


def merit(figures):
    """What contestants are ranked by; more is better."""
    if "per_second" in figures:
        return figures["per_second"]["median"]
    return -figures["bytes"]["median"]


def ratio(figures, yardstick):
    """What a request, or a connection, takes of one as compared with another."""
    name = "user_us" if "user_us" in figures else "bytes"
    if not yardstick or not yardstick[name]["median"]:
        return ""
    return f"{figures[name]['median'] / yardstick[name]['median']:.2f}"


def head(about):
    """What the figures were measured on and with, as lines."""
    lines = []
    for name, what in about.items():
        text = ", ".join(map(" ".join, what.items())) if isinstance(what, dict) else what
        lines.append(f"{name:<11}{text}")
    return lines


def contest(found):
    """The lines of those who have figures in a row, the best first."""
    names = [name for name in HEADS if any(name in each for each in found.values())]
    heads = "".join(f"{HEADS[name]:>12}{'':>7}" for name in names)
    lines = [f"  {'':<20}{heads}{'x ' + YARDSTICK:>10}"] if found else []
    for who, each in sorted(found.items(), key=lambda item: merit(item[1]), reverse=True):
        columns = "".join(f"{number(each[name]['median']):>12}{spread(each[name]):>7}"
                          for name in names)
        lines.append(f"  {who:<20}{columns}{ratio(each, found.get(YARDSTICK)):>10}")
    return lines


def table(rows, figures, failures):
    """The report as lines; `failures` says why one has no figures: {(row, contestant): text}."""
    out = []
    for row in rows:
        out += ["", f"{row.name}  {row.workload}", *contest(figures[row.name])]
        out += [f"  {who:<20}{why}" for (name, who), why in failures.items() if name == row.name]
    return out


def write_json(path, about, rows, figures, failures):
    kept = [{"row": row.name, "workload": row.workload, "contestants": figures[row.name],
             "failures": {who: why for (name, who), why in failures.items() if name == row.name}}
            for row in rows]
    path.write_text(json.dumps(about | {"rows": kept}, indent=1) + "\n")
