"""What is shown and kept."""
import json
from statistics import median

HEADS = {"per_second": "a second", "user_us": "user us", "system_us": "system us", "p99_us": "p99 us"}
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
                  for who, runs in contestants.items() if runs} for row, contestants in samples.items()}


def spread(figure):
    """Half of the distance between the least and the most, as a part of the median."""
    return f"±{50 * (figure['max'] - figure['min']) / figure['median']:.0f} %" if figure["median"] else ""


def ratio(found, yardstick):
    if not yardstick or not yardstick["user_us"]["median"]:
        return ""
    return f"{found['user_us']['median'] / yardstick['user_us']['median']:.2f}"


def table(rows, figures, failures):
    """The report as lines; `failures` says why one has no figures: {(row, contestant): text}."""
    out = []
    for row in rows:
        found = figures[row.name]
        heads = [head for name, head in HEADS.items() if any(name in each for each in found.values())]
        out += ["", f"{row.name}  {row.workload}",
                f"  {'':<24}" + "".join(f"{head:>12}{'':>7}" for head in heads) + f"{'x ' + YARDSTICK:>10}"]
        for who, each in sorted(found.items(), key=lambda item: item[1]["per_second"]["median"], reverse=True):
            columns = "".join(f"{number(each[name]['median']):>12}{spread(each[name]):>7}" for name in HEADS
                              if name in each)
            out.append(f"  {who:<24}{columns}{ratio(each, found.get(YARDSTICK)):>10}")
        out += [f"  {who:<24}{why}" for (name, who), why in failures.items() if name == row.name]
    return out


def write_json(path, about, rows, figures, failures):
    kept = about | {"rows": [{"row": row.name, "workload": row.workload, "contestants": figures[row.name],
                              "failures": {who: why for (name, who), why in failures.items() if name == row.name}}
                             for row in rows]}
    path.write_text(json.dumps(kept, indent=1) + "\n")
