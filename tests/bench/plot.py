"""A figure of grouped bars as SVG: medians, with a line from the least to the most."""
import statistics
from xml.sax.saxutils import escape

COLOURS = {'pptp-linux': '#9aa0a6', 'drop-in': '#f2a65a', 'daemon-pty': '#4e79a7', 'pty': '#4e79a7', 'tap': '#2a9d6f',
           'kernel': '#8c6bb1', 'floor': '#d8cfb8'}
OTHER_COLOUR = '#c05a6d'
WIDTH, MARGIN, LABEL = 860, 16, 170
BAR, GAP, GROUP_GAP, TITLE = 12, 2, 9, 30
VALUE = 60  # room for the figure after the longest bar
FONT = 'font-family="system-ui, sans-serif"'


class Panel:
    """A title and its groups: (label, case, metric)."""

    def __init__(self, title, groups, scale):
        self.title, self.groups, self.scale = title, groups, scale


def text(x, y, words, size=11, anchor='start', weight='normal', colour='#222'):
    return '<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" font-weight="%s" fill="%s" %s>%s</text>' % (
        x, y, size, anchor, weight, colour, FONT, escape(words))


def figure(value):
    return '%.0f' % value if value >= 100 else '%.1f' % value if value >= 10 else '%.2f' % value


def bar(y, values, scale, colour):
    """One program's bar; `scale` is pixels for each unit."""
    middle, least, most = statistics.median(values), min(values), max(values)
    x, centre = MARGIN + LABEL, y + BAR / 2
    parts = ['<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>' % (x, y, middle * scale, BAR, colour)]
    if most > least:
        parts.append('<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#222" stroke-width="1"/>' % (
            x + least * scale, x + most * scale, centre, centre))
    parts.append(text(x + most * scale + 4, centre + 4, figure(middle), 10))
    return parts


def draw_panel(panel, data, y):
    """Its elements, and where it ends; nothing when there are no figures for it."""
    groups = []
    for label, case, metric in panel.groups:
        rows = [(program, [value * panel.scale for value in data.get(program, case, metric)])
                for program in data.programs]
        rows = [(program, values) for program, values in rows if values]
        if rows:
            groups.append((label, rows))
    if not groups:
        return [], y
    most = max(max(values) for _, rows in groups for _, values in rows) or 1
    scale = (WIDTH - 2 * MARGIN - LABEL - VALUE) / most
    parts = [text(MARGIN, y + 18, panel.title, 13, weight='bold')]
    y += TITLE
    for label, rows in groups:
        height = len(rows) * (BAR + GAP)
        parts.append(text(MARGIN + LABEL - 8, y + height / 2 + 3, label, 11, 'end'))
        for program, values in rows:
            parts += bar(y, values, scale, COLOURS.get(program, OTHER_COLOUR))
            y += BAR + GAP
        y += GROUP_GAP
    return parts, y


def legend(data, y):
    parts, x = [], MARGIN
    for program in data.programs:
        parts.append('<rect x="%d" y="%d" width="12" height="12" fill="%s"/>' % (
            x, y, COLOURS.get(program, OTHER_COLOUR)))
        parts.append(text(x + 17, y + 10, program))
        x += 30 + 7 * len(program)
    return parts


def draw(title, panels, data):
    parts, y = [text(MARGIN, 24, title, 14, weight='bold')] + legend(data, 36), 56
    for panel in panels:
        more, y = draw_panel(panel, data, y)
        parts += more
    parts.append(text(MARGIN, y + 12, 'Bars: median of %d interleaved rounds; lines: from the least to the most.'
                      % data.count(), 10, colour='#555'))
    height = y + 24
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">' % (
        WIDTH, height, WIDTH, height)
    return '\n'.join([head, '<rect width="100%" height="100%" fill="#fff"/>'] + parts + ['</svg>', ''])
