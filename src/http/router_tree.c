/* The most specific pattern is found by going on with the most specific part first, and coming back where that leads to nothing:
 * each node of the tree is visited once at most, and in most trees only those of the path. */
#include "http/router_tree.h"

#include "base/memory.h"
#include <llhttp.h>
#include <string.h>

/* Where a text's child is, or belongs. */
static struct router_node **child_slot(const struct router_node *node, uint32_t hash, const char *text,
                                       size_t size)
{
        unsigned mask = node->room - 1, i = hash & mask;

        for (; node->children[i]; i = (i + 1) & mask) {
                const struct router_node *child = node->children[i];

                if (child->hash == hash && child->size == size && memcmp(child->text, text, size) == 0)
                        break;
        }
        return &node->children[i];
}

static const struct router_node *find_child(const struct router_node *node,
                                            const struct router_segment *segment)
{
        unsigned mask = node->room - 1;

        if (node->room == 0)
                return NULL;
        for (unsigned i = segment->hash & mask; node->children[i]; i = (i + 1) & mask) {
                const struct router_node *child = node->children[i];

                if (child->hash == segment->hash && router_path_equals(segment, child->text, child->size))
                        return child;
        }
        return NULL;
}

/* See that there is room for one more, with a quarter of the places empty. */
static int grow(struct router_node *node)
{
        struct router_node old = *node, **children;
        unsigned room = old.room ? old.room * 2 : 4;

        if ((old.child_count + 1) * 4 <= old.room * 3)
                return 0;
        children = memory_zalloc(room * sizeof *children);
        if (!children)
                return -ENOMEM;
        node->children = children;
        node->room = room;
        for (unsigned i = 0; i < old.room; i++) {
                struct router_node *child = old.children[i];

                if (child)
                        *child_slot(node, child->hash, child->text, child->size) = child;
        }
        memory_free(old.children);
        return 0;
}

static struct router_node *create_node(const char *text, size_t size)
{
        struct router_node *node = memory_zalloc(sizeof *node + size);

        if (node) {
                node->hash = router_path_hash(text, size);
                node->size = size;
                node->text = memcpy(node + 1, text, size);
        }
        return node;
}

static struct router_node *reach_child(struct router_node *node, const struct router_part *part)
{
        struct router_node **slot;

        if (grow(node) < 0)
                return NULL;
        slot = child_slot(node, router_path_hash(part->text, part->size), part->text, part->size);
        if (!*slot) {
                *slot = create_node(part->text, part->size);
                node->child_count += *slot != NULL;
        }
        return *slot;
}

static struct router_node *reach_part(struct router_node *node, const struct router_part *part)
{
        struct router_node **way = part->kind == ROUTER_PART_NAME ? &node->name : &node->rest;

        if (part->kind == ROUTER_PART_TEXT)
                return reach_child(node, part);
        if (!*way)
                *way = create_node("", 0);
        return *way;
}

struct router_node *router_tree_reach(struct router_node *node, const char *pattern)
{
        struct router_part part;

        while (node && pattern) {
                pattern = router_pattern_next(pattern, &part);
                node = reach_part(node, &part);
        }
        return node;
}

struct router_route *router_node_route(const struct router_node *node, int method)
{
        struct router_route *route = node->routes;

        while (route && route->method != method)
                route = route->next;
        return route;
}

/* The one that answers. A function for any method takes OPTIONS where nothing more specific is there: of that, the router itself
 * says what there is. */
static const struct router_route *choose(const struct router_lookup *lookup, const struct router_node *node)
{
        const struct router_route *route = router_node_route(node, lookup->method);

        if (!route && lookup->method == HTTP_HEAD)
                route = router_node_route(node, HTTP_GET);
        if (!route && (lookup->method != HTTP_OPTIONS || !lookup->nearest))
                route = router_node_route(node, ROUTER_ANY_METHOD);
        return route;
}

static bool end_at(const struct router_node *node, struct router_lookup *lookup)
{
        lookup->route = choose(lookup, node);
        if (!lookup->nearest)
                lookup->nearest = node->routes;
        for (const struct router_route *route = node->routes; route; route = route->next)
                if (route->method >= 0)
                        lookup->methods |= UINT64_C(1) << route->method;
        return lookup->route;
}

static bool find_below(const struct router_node *node, struct router_lookup *lookup, const char *at,
                       unsigned values);

/* Behind a segment that was taken: the path's end, or its next segment. */
static bool go_on(const struct router_node *node, struct router_lookup *lookup, const char *at, unsigned values)
{
        if (at < lookup->end || (at == lookup->end && lookup->has_further_slash))
                return find_below(node, lookup, at + 1, values);
        return end_at(node, lookup);
}

/* `at` is behind a slash, so it is further than the end where that slash is the further one. */
static bool find_below(const struct router_node *node, struct router_lookup *lookup, const char *at,
                       unsigned values)
{
        struct router_segment segment = router_path_segment(at, lookup->end);
        const struct router_node *child = find_child(node, &segment);

        if (child && go_on(child, lookup, segment.end, values))
                return true;
        lookup->values[values] = (struct router_value){at, segment.end};
        if (node->name && segment.end > at && go_on(node->name, lookup, segment.end, values + 1))
                return true;
        lookup->values[values] = (struct router_value){at, lookup->end};
        return node->rest && end_at(node->rest, lookup);
}

bool router_tree_find(const struct router_node *root, struct router_lookup *lookup, const char *path)
{
        return find_below(root, lookup, path + 1, 0);
}

static void destroy_node(struct router_node *node)
{
        if (node)
                router_tree_clear(node);
        memory_free(node);
}

void router_tree_clear(struct router_node *node)
{
        for (unsigned i = 0; i < node->room; i++)
                destroy_node(node->children[i]);
        memory_free(node->children);
        destroy_node(node->name);
        destroy_node(node->rest);
        while (node->routes) {
                struct router_route *route = node->routes;

                node->routes = route->next;
                memory_free(route);
        }
}
