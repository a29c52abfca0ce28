/* eddy jobs web: plots, as SVG in the page. */
#include "jobs_web.h"

enum { STEP = 2, WIDTH = STEP * (WEB_SAMPLES - 1), HEIGHT = 48 };

static double find_most(const struct web_line *lines, size_t line_count, size_t n)
{
        double most = 0;

        for (size_t i = 0; i < line_count; i++)
                for (size_t k = 0; k < n; k++)
                        most = lines[i].values[k] > most ? lines[i].values[k] : most;
        return most;
}

static bool is_there(const double *values, size_t n, size_t i)
{
        return i < n && values[i] >= 0;
}

/* The newest is at the right edge, and a line grows from there. */
static void add_point(struct text *text, const double *values, size_t n, size_t i, double most)
{
        text_print(text, "%zu,%.1f ", WIDTH - STEP * (n - 1 - i),
                   HEIGHT - 1 - (HEIGHT - 4) * (most > 0 ? values[i] / most : 0));
}

/* Where there is nothing it is interrupted, and what stands alone is as wide as a point. What goes straight on needs no point, and what was 0 all
 * the time no line. */
static void add_line(struct text *text, const struct web_line *line, size_t n, double most)
{
        const double *values = line->values;

        if (find_most(line, 1, n) <= 0)
                return;
        for (size_t i = 0; i < n; i++) {
                bool begins = !is_there(values, n, i - 1), ends = !is_there(values, n, i + 1);
                if (!is_there(values, n, i))
                        continue;
                if (begins)
                        text_print(text, "<polyline class=\"%s\" points=\"", line->class);
                if (begins || ends || values[i - 1] != values[i] || values[i] != values[i + 1])
                        add_point(text, values, n, i, most);
                if (begins && ends)
                        add_point(text, values, n, i, most);
                if (ends)
                        text_print(text, "\"/>");
        }
}

void web_add_plot(struct text *text, const char *title, const struct web_line *lines, size_t line_count,
                  size_t n)
{
        double most = find_most(lines, line_count, n);

        text_put(text, "<svg class=\"plot\" role=\"img\" aria-label=\"$\" ", title);
        text_print(text, "viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">", WIDTH, HEIGHT);
        text_print(text, "<line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", WIDTH, HEIGHT - 1, HEIGHT - 1);
        for (size_t i = 0; i < line_count; i++)
                add_line(text, &lines[i], n, most);
        text_print(text, "</svg>");
}
