/* Pages of HTML with holes in them: files of one folder, in which
 *
 *         {{name}}     stands for a value, escaped, so that what people type is never taken for HTML
 *         {{{name}}}   stands for one that is HTML, of the site's own making
 */
#ifndef SITE_TEMPLATE_H
#define SITE_TEMPLATE_H

#include "text.h"

/* All templates there are, read once. */
struct templates;

/* What goes into a hole. A list of them ends with a name that is NULL. */
struct value {
        const char *name, *text;
};

/* Read every "*.html" of a folder. 0, or why that failed, with a detail. Suspends. */
int templates_load(struct templates **templates, const char *folder);

void templates_free(struct templates *templates);

/* Add a template, filled in, to a text. 0, -ENOMEM, or -EINVAL where there is no such template, or no value for a hole: then
 * the detail says which. */
int template_fill(struct text *out, const struct templates *templates, const char *name,
                  const struct value *values);

#endif
