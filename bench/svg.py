"""Charts as SVG, readable in light and dark: lines over logarithmic axes, and bars beside a reference."""
import math
from dataclasses import dataclass
from html import escape

WIDTH = 800
LINE_HEIGHT = 17
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 600 }
.quiet, .tick { fill: #656d76 }
.tick, .small { font-size: 12px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.strong { font-weight: 600 }
.paper { fill: #ffffff; stroke: #d0d7de }
.paper-only { fill: #ffffff }
.grid { stroke: #d8dee4; stroke-width: 1 }
.reference { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 3 3 }
.bar { fill: #afb8c1 }
.faster { fill: #e5a158 }
.quoted { fill-opacity: 0.35 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.thick { stroke-width: 3 }
.dashed { stroke-dasharray: 5 4 }
.spread { stroke-width: 1.5; stroke-opacity: 0.45 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.quiet, .tick { fill: #9198a1 }
.paper { fill: #0d1117; stroke: #30363d }
.paper-only { fill: #0d1117 }
.grid { stroke: #262c36 }
.reference { stroke: #6e7681 }
.bar { fill: #57606a }
.faster { fill: #b97a34 }
}
"""
# (in light, in dark) by contestant; others take what is left in turn
COLOURS = {
    "eddy": ("#0969da", "#58a6ff"), "eddy-epoll": ("#0969da", "#58a6ff"), "eddy-uring": ("#8250df", "#bc8cff"),
    "go": ("#bc4c00", "#f0883e"), "libuv": ("#1a7f37", "#3fb950"), "raw-epoll": ("#6e7781", "#8b949e"),
    "raw-uring": ("#57606a", "#b1bac4"), "ideal": ("#6e7781", "#8b949e"),
}
SPARE = (("#0969da", "#58a6ff"), ("#bf3989", "#f778ba"), ("#0a7d91", "#39c5cf"), ("#9a6700", "#d29922"),
         ("#cf222e", "#ff7b72"))
FLOORS = ("raw-epoll", "raw-uring", "ideal")


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    least: float
    greatest: float


@dataclass(frozen=True)
class Bar:
    name: str
    ratio: float   # to the reference; above 1 is worse
    label: str
    quoted: bool = False


class Canvas:
    """Elements in the order of drawing."""

    def __init__(self, height, title, description):
        self.height = height
        self.parts = [f'<title>{escape(title)}</title>', f'<desc>{escape(description)}</desc>']

    def text(self, x, y, text, *classes, colour=None):
        style = f' class="{" ".join(classes)}"' if classes else ""
        if colour is not None:
            style = f' class="{" ".join(classes + (f"text{colour}",))}"'
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}"{style}>{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, *classes):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'class="{" ".join(classes)}"/>')

    def rectangle(self, x, y, width, height, *classes):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" '
                          f'class="{" ".join(classes)}"/>')

    def path(self, points, *classes):
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{steps}" class="{" ".join(classes)}"/>')

    def dot(self, x, y, *classes):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="{" ".join(classes)}"/>')

    def svg(self, colours=()):
        """The document; colour i is of the classes stroke-i, fill-i and text-i."""
        rules, dark = [], []
        for i, pair in enumerate(colours):
            for out, colour in ((rules, pair[0]), (dark, pair[1])):
                out.append(f".stroke{i} {{ stroke: {colour} }} .fill{i} {{ fill: {colour} }} "
                           f"text.text{i} {{ fill: {colour} }}")
        style = STYLE + "\n".join(rules) + "\n@media (prefers-color-scheme: dark) {\n" + "\n".join(dark) + "\n}\n"
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
                f'height="{self.height}" role="img">\n{self.parts[0]}\n{self.parts[1]}\n<style>{style}</style>\n'
                f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{self.height - 1}" rx="6" class="paper"/>\n'
                + "\n".join(self.parts[2:]) + "\n</svg>\n")


def short(value):
    """A figure of two or three digits, with thousands set apart."""
    if value >= 1000:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(value)) if value > 0 else 0
    text = f"{value:.{min(max(digits, 0), 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def tick_text(value):
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.6f}".rstrip("0")


def log_ticks(least, greatest):
    """Round numbers that cover a range: powers of ten, or 1, 2 and 5 times them where it is short."""
    factors = (1,) if math.log10(greatest / least) > 2 else (1, 2, 5)
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(greatest))
    ticks = [factor * 10.0 ** power for power in range(first, last + 1) for factor in factors]
    below = max((tick for tick in ticks if tick <= least), default=ticks[0])
    above = min((tick for tick in ticks if tick >= greatest), default=ticks[-1])
    return [tick for tick in ticks if below <= tick <= above]


def linear_ticks(greatest):
    step = 10.0 ** math.floor(math.log10(greatest))
    step = next(each for each in (step / 5, step / 2, step) if greatest / each <= 6)
    return [step * i for i in range(math.ceil(greatest / step) + 1)]


def scale(ticks, begin, end, logarithmic=True):
    """A function from a value to a place between begin and end."""
    by = math.log if logarithmic else float
    low, high = by(ticks[0]), by(ticks[-1])
    return lambda value: begin + (end - begin) * (by(value) - low) / ((high - low) or 1)


def apart(wanted, least, top, bottom):
    """Places near those wanted, so far from each other at least that none hides another."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = [max(wanted[i], top) for i in order]
    for _ in range(200):
        moved = False
        for i in range(len(places) - 1):
            overlap = least - (places[i + 1] - places[i])
            if overlap > 0.01:
                places[i] -= overlap / 2
                places[i + 1] += overlap / 2
                moved = True
        if not moved:
            break
    shift = max(0.0, places[-1] - bottom) if places else 0.0
    return {which: place - shift for which, place in zip(order, places)}


def colours_of(names):
    spare = iter(SPARE * 4)
    return [COLOURS[name] if name in COLOURS else next(spare) for name in names]


def lines(title, subtitle, axis, unit, footer, series, x_ticks=None, x_text=tick_text, linear=False):
    """A chart of lines: series is {name: [Point]}; each is named where it ends, with its last figure."""
    labels = {name: f"{name}  {short(each[-1].y)}" for name, each in series.items()}
    left, top, bottom, height = 104, 88, 396, 478
    right = WIDTH - 44 - 7.6 * max(map(len, labels.values()))
    canvas = Canvas(height, title, f"{subtitle}; {', '.join(series)}")
    points = [point for each in series.values() for point in each]
    x_ticks = x_ticks or log_ticks(min(point.x for point in points), max(point.x for point in points))
    y_ticks = (linear_ticks(max(point.greatest for point in points)) if linear else
               log_ticks(min(point.least for point in points), max(point.greatest for point in points)))
    at_x, at_y = scale(x_ticks, left, right, not linear), scale(y_ticks, bottom, top, not linear)

    canvas.text(24, 34, title, "title")
    canvas.text(24, 56, subtitle, "quiet")
    for tick in y_ticks:
        canvas.line(left, at_y(tick), right, at_y(tick), "grid")
        text = tick_text(tick) + (unit if tick == y_ticks[-1] else "")
        canvas.text(left - 10, at_y(tick) + 4, text, "tick", "end")
    for tick in x_ticks:
        canvas.line(at_x(tick), bottom, at_x(tick), bottom + 4, "grid")
        canvas.text(at_x(tick), bottom + 20, x_text(tick), "tick", "middle")
    canvas.text((left + right) / 2, bottom + 42, axis, "quiet", "small", "middle")

    names = list(series)
    places = apart([at_y(series[name][-1].y) for name in names], LINE_HEIGHT, top, bottom)
    # The first is what the chart is about, so it is drawn last, above the others.
    for i in reversed(range(len(names))):
        name, each = names[i], series[names[i]]
        ours = name.startswith("eddy")
        kind = ("thick",) if ours else ("dashed",) if name in FLOORS else ()
        canvas.path([(at_x(point.x), at_y(point.y)) for point in each], "line", f"stroke{i}", *kind)
        for point in each:
            if point.greatest > point.least and not linear:
                canvas.line(at_x(point.x), at_y(point.least), at_x(point.x), at_y(point.greatest), "spread",
                            f"stroke{i}")
            canvas.dot(at_x(point.x), at_y(point.y), f"fill{i}")
        canvas.text(right + 14, places[i] + 4, labels[name], *(("strong",) if ours else ()), colour=i)
    canvas.text(24, height - 14, footer, "quiet", "small")
    return canvas.svg(colours_of(names))


def times(ratio):
    """A tick of a bar chart: "10×", "1/10"."""
    return f"{ratio:,.0f}×" if ratio >= 1 else f"1/{1 / ratio:,.0f}"


def bars(title, subtitle, footer, blocks):
    """A chart of bars: blocks are [(heading, the reference's label, [Bar])]. Each bar begins at the reference,
    which is 1, and goes to the right where a contestant is worse."""
    left, right, top = 180, WIDTH - 196, 96
    height = top + sum(LINE_HEIGHT * (len(each) + 1) + 34 for _, _, each in blocks) + 30
    canvas = Canvas(height, title, subtitle)
    ratios = [bar.ratio for _, _, each in blocks for bar in each] + [1.0]
    first, last = math.floor(math.log10(min(ratios))), math.ceil(math.log10(max(ratios)))
    ticks = [10.0 ** power for power in range(first, last + 1)]
    if len(ticks) == 1:
        ticks.append(10.0)
    at, values = scale(ticks, left, right), WIDTH - 88

    canvas.text(24, 34, title, "title")
    canvas.text(24, 56, subtitle, "quiet")
    for tick in ticks:
        canvas.line(at(tick), top - 4, at(tick), height - 40, "reference" if tick == 1 else "grid")
        canvas.text(at(tick), top - 10, times(tick) if tick != 1 else "eddy", "tick", "middle")
    y = top
    for heading, ours, each in blocks:
        # The grid does not run through words.
        canvas.rectangle(20, y + 2, min(WIDTH - 40, 12 + 7.2 * len(heading)), 22, "paper-only")
        canvas.text(24, y + 18, heading, "strong")
        y += 24
        canvas.rectangle(at(1) - 3, y + 3, 6, LINE_HEIGHT - 4, "fill0")
        canvas.text(left - 12, y + 14, "eddy", "small", "strong", "end", colour=0)
        canvas.text(values, y + 14, ours, "small", "strong", "end", colour=0)
        for bar in each:
            y += LINE_HEIGHT
            begin, end = sorted((at(1), at(bar.ratio)))
            kind = "fill1" if bar.name.startswith("eddy") else "bar" if bar.ratio >= 1 else "faster"
            canvas.rectangle(begin, y + 3, max(end - begin, 1.5), LINE_HEIGHT - 4, kind,
                             *(("quoted",) if bar.quoted else ()))
            canvas.text(left - 12, y + 14, bar.name, "small", "end")
            canvas.text(values, y + 14, bar.label, "small", "quiet", "end")
            canvas.text(WIDTH - 24, y + 14, f"{short(bar.ratio)}×", "small", "quiet", "end")
        y += LINE_HEIGHT + 10
    canvas.text(24, height - 14, footer, "quiet", "small")
    return canvas.svg([COLOURS["eddy"], COLOURS["eddy-uring"]])
