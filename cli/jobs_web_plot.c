/* eddy jobs web: plots, as SVG in the page. */
#include "jobs_web.h"

enum { WIDTH = 240, HEIGHT = 48 };

static double find_most(const double *values, size_t n)
{
        double most = 0;

        for (size_t i = 0; values && i < n; i++)
                most = values[i] > most ? values[i] : most;
        return most;
}

/* The newest is at the right edge, and a line grows from there. */
static void add_line(struct text *text, const char *class, const double *values, size_t n, double most)
{
        const double step = (double)WIDTH / (WEB_SAMPLES - 1);

        if (!values || n == 0)
                return;
        text_print(text, "<polyline class=\"%s\" points=\"", class);
        for (size_t i = 0; i < n; i++)
                text_print(text, "%.1f,%.1f ", WIDTH - step * (double)(n - 1 - i),
                           HEIGHT - 1 - (HEIGHT - 4) * (most > 0 ? values[i] / most : 0));
        text_print(text, "\"/>");
}

void web_add_plot(struct text *text, const char *title, const double *first, const double *second, size_t n)
{
        double most = find_most(first, n), other = find_most(second, n);

        most = other > most ? other : most;
        text_put(text, "<svg class=\"plot\" role=\"img\" aria-label=\"$\" ", title);
        text_print(text, "viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">", WIDTH, HEIGHT);
        text_print(text, "<line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", WIDTH, HEIGHT - 1, HEIGHT - 1);
        add_line(text, "first", first, n, most);
        add_line(text, "second", second, n, most);
        text_print(text, "</svg>");
}
