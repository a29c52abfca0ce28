/* The way to the client, from the right: each trusted proxy tells of the one before it, and nobody tells of himself. */
#include "http/networks.h"

#include "http/parameters.h"
#include "http/strict.h"
#include <stdio.h>
#include <string.h>

/* A stretch of a header. */
struct stretch {
        const char *at;
        size_t size;
};

/* The members of a list, which may take several lines, from the last one on. */
struct list {
        eddy_http_header_fn header;
        void *of;
        const char *name;
        unsigned lines;   /* that are left */
        const char *line; /* and what is left of the one before them; NULL: nothing */
        size_t left;
};

static void list_begin(struct list *list, const char *name, eddy_http_header_fn header, void *of)
{
        *list = (struct list){.header = header, .of = of, .name = name};
        while (header(of, name, list->lines))
                list->lines++;
}

static bool is_blank(char byte)
{
        return byte == ' ' || byte == '\t';
}

/* Members end at commas, be they in quotes: so nobody takes those of others into a quote that he opens. */
static bool list_previous(struct list *list, struct stretch *member)
{
        const char *begin, *end;

        if (!list->line) {
                if (list->lines == 0)
                        return false;
                list->line = list->header(list->of, list->name, --list->lines);
                list->left = strlen(list->line);
        }
        end = list->line + list->left;
        for (begin = end; begin > list->line && begin[-1] != ',';)
                begin--;
        list->left = begin > list->line ? (size_t)(begin - list->line - 1) : 0;
        if (begin == list->line)
                list->line = NULL;
        while (begin < end && is_blank(*begin))
                begin++;
        while (begin < end && is_blank(end[-1]))
                end--;
        *member = (struct stretch){begin, (size_t)(end - begin)};
        return true;
}

static bool is(struct stretch text, const char *other)
{
        return http_is_text(text.at, text.size, other);
}

static void set_scheme(eddy_http_forwarded *from, struct stretch text)
{
        from->scheme = is(text, "https") ? "https" : is(text, "http") ? "http" : NULL;
}

static void set_host(eddy_http_forwarded *from, struct stretch text)
{
        from->host[0] = '\0';
        if (text.size >= sizeof from->host || !http_is_host(text.at, text.size))
                return;
        memcpy(from->host, text.at, text.size);
        from->host[text.size] = '\0';
}

/* Go on to whom a proxy tells of: false where that is no address. */
static bool go_to(eddy_http_forwarded *from, struct stretch text)
{
        eddy_address address;

        if (networks_parse_address(&address, text.at, text.size) < 0)
                return false;
        from->client = address;
        from->proxies++;
        return true;
}

/* What the outermost proxy on the way has said: as far from the right as that is, or the first there is, where proxies
 * inside do not add to it. */
static struct stretch said_outside(const eddy_http_forwarded *from, const char *name,
                                   eddy_http_header_fn header, void *of)
{
        struct list list;
        struct stretch member = {"", 0}, next;

        list_begin(&list, name, header, of);
        for (unsigned i = 0; (i == 0 || i < from->proxies) && list_previous(&list, &next); i++)
                member = next;
        return member;
}

static void walk_common(eddy_http_forwarded *from, const eddy_http_networks *trusted,
                        eddy_http_header_fn header, void *of)
{
        struct list list;
        struct stretch member;

        list_begin(&list, "X-Forwarded-For", header, of);
        while (eddy_http_networks_contain(trusted, &from->client) && list_previous(&list, &member) &&
               go_to(from, member))
                ;
        set_scheme(from, said_outside(from, "X-Forwarded-Proto", header, of));
        set_host(from, said_outside(from, "X-Forwarded-Host", header, of));
}

/* What a member of Forwarded says. */
struct element {
        char text[512], scratch[512];
        struct stretch client, scheme, host;
};

static bool set_once(struct stretch *into, const struct parameter *parameter, char **scratch)
{
        if (into->at)
                return false;
        *into = (struct stretch){*scratch, parameter_copy(parameter, *scratch)};
        *scratch += into->size + 1;
        return true;
}

/* False where it is none. */
static bool read_element(struct element *element, struct stretch member)
{
        const char *at = element->text;
        char *scratch = element->scratch;
        struct parameter parameter;
        bool is_good = member.size > 0 && member.size + 2 <= sizeof element->text;
        int rc = 0;

        element->client = element->scheme = element->host = (struct stretch){NULL, 0};
        if (is_good)
                snprintf(element->text, sizeof element->text, ";%.*s", (int)member.size, member.at);
        while (is_good && (rc = parameters_next(&at, &parameter)) == 1) {
                if (parameter_is(&parameter, "for"))
                        is_good = set_once(&element->client, &parameter, &scratch);
                else if (parameter_is(&parameter, "proto"))
                        is_good = set_once(&element->scheme, &parameter, &scratch);
                else if (parameter_is(&parameter, "host"))
                        is_good = set_once(&element->host, &parameter, &scratch);
        }
        return is_good && rc == 0;
}

static void walk_standard(eddy_http_forwarded *from, const eddy_http_networks *trusted,
                          eddy_http_header_fn header, void *of)
{
        struct list list;
        struct stretch member;
        struct element element;

        list_begin(&list, "Forwarded", header, of);
        while (eddy_http_networks_contain(trusted, &from->client) && list_previous(&list, &member) &&
               read_element(&element, member)) {
                set_scheme(from, element.scheme);
                set_host(from, element.host);
                if (!element.client.at || !go_to(from, element.client))
                        return;
        }
}

void eddy_http_forwarded_resolve(eddy_http_forwarded *from, const eddy_http_forwarded_options *options,
                                 const eddy_address *peer, eddy_http_header_fn header, void *of)
{
        const eddy_http_networks *trusted = options ? options->trusted : NULL;

        *from = (eddy_http_forwarded){.client = networks_plain(peer)};
        if (!eddy_http_networks_contain(trusted, peer))
                return;
        if (options->standard)
                walk_standard(from, trusted, header, of);
        else
                walk_common(from, trusted, header, of);
}
