#include "http/multipart_head.h"

#include "http/parameters.h"
#include <string.h>
#include <strings.h>

/* The line behind this one; the last is empty. */
static const char *next_line(const char *line)
{
        return line + strlen(line) + 1;
}

static const char *value_of(const char *line, const char *name)
{
        size_t n = strlen(name);

        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
                return NULL;
        for (line += n + 1; *line == ' ' || *line == '\t';)
                line++;
        return line;
}

const char *multipart_header(const char *head, const char *name)
{
        for (const char *line = head; *line; line = next_line(line))
                if (value_of(line, name))
                        return value_of(line, name);
        return NULL;
}

/* The value of what there is once; NULL where it is not there, or more often. */
static const char *find_disposition(const char *head)
{
        const char *found = NULL;

        for (const char *line = head; *line; line = next_line(line)) {
                const char *value = value_of(line, "Content-Disposition");

                if (value && found)
                        return NULL;
                if (value)
                        found = value;
        }
        return found;
}

/* Copy a parameter that is wanted once to `*text`, which moves on. */
static int keep(const struct parameter *parameter, const char **value, char **text)
{
        if (*value)
                return eddy_fail(EDDY_EPROTOCOL, "a part with several names");
        *value = *text;
        *text += parameter_copy(parameter, *text) + 1;
        return 0;
}

/* "filename*" is not looked at: RFC 7578 forbids it, and who heeds it reads another name than who does not. */
static int read_parameters(eddy_http_part *part, const char *at, char *text)
{
        struct parameter parameter;
        int rc;

        while ((rc = parameters_next(&at, &parameter)) == 1) {
                if (parameter_is(&parameter, "name"))
                        rc = keep(&parameter, &part->name, &text);
                else if (parameter_is(&parameter, "filename"))
                        rc = keep(&parameter, &part->filename, &text);
                if (rc < 0)
                        return rc;
        }
        if (rc < 0 || !part->name)
                return eddy_fail(EDDY_EPROTOCOL, "a part without a name, or with one that is not well written");
        return 0;
}

int multipart_describe(eddy_http_part *part, const char *head, char *text)
{
        const char *disposition = find_disposition(head);
        const char *parameters = disposition ? parameters_begin(disposition, "form-data") : NULL;

        *part = (eddy_http_part){.content_type = multipart_header(head, "Content-Type")};
        if (!parameters)
                return eddy_fail(EDDY_EPROTOCOL, "a part that does not say once what it is, as form-data");
        return read_parameters(part, parameters, text);
}

int multipart_boundary(char *boundary, const char *type)
{
        const char *at = type ? parameters_begin(type, "multipart/form-data") : NULL;
        unsigned count = 0;
        struct parameter parameter;
        int rc;

        if (!at)
                return eddy_fail(-EINVAL, "a body of type %s, not a form with files", type ? type : "unknown");
        while ((rc = parameters_next(&at, &parameter)) == 1)
                if (parameter_is(&parameter, "boundary") && count++ == 0)
                        parameter_copy(&parameter, boundary);
        return rc == 0 && count == 1
                   ? 0
                   : eddy_fail(EDDY_EPROTOCOL, "a form with files whose boundary is not said, or not once");
}

const char *eddy_http_base_name(const char *filename)
{
        const char *name = filename;
        size_t n;

        for (const char *at = filename; at && *at; at++)
                if (*at == '/' || *at == '\\')
                        name = at + 1;
        n = name ? strlen(name) : 0;
        return n == 0 || n > 255 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? NULL : name;
}
