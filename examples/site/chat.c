/*
 * One room, by WebSocket. Each person has two coroutines: the handler receives what he says, and a task sends him what is said, from
 * a queue of his own. So whoever speaks waits for nobody: where somebody's queue is full, he takes nothing, and is dropped.
 *
 * No lock: between two functions that suspend, no other coroutine runs.
 */
#include "site.h"

#include <eddy/websocket_server.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 500, BACKLOG = 64, REMEMBERED = 20, PEOPLE_MAX = 200 };

/* What is said, as JSON; it lies in several queues at a time. */
struct line {
        unsigned users;
        size_t size;
        char json[];
};

/* Somebody in the room; on his handler's stack. */
struct person {
        struct person *next;
        eddy_websocket *ws;
        eddy_queue lines; /* of struct line * */
        const char *name;
};

struct chat {
        struct person *people;
        struct line *remembered[REMEMBERED]; /* what was said last, in a ring */
        unsigned said;
        bool has_ended;
};

static void give_back(struct line *line)
{
        if (line && --line->users == 0)
                free(line);
}

/* Takes the JSON. NULL without memory: then it was not said. */
static struct line *make_line(json_t *json)
{
        char *text = json_dumps(json, JSON_COMPACT);
        size_t size = text ? strlen(text) : 0;
        struct line *line = text ? malloc(sizeof *line + size) : NULL;
        if (line) {
                *line = (struct line){.users = 1, .size = size};
                memcpy(line->json, text, size);
        }
        free(text);
        json_decref(json);
        return line;
}

static void hand_to(struct person *person, struct line *line)
{
        int rc = eddy_queue_put_nowait(&person->lines, &line);
        if (rc == 0)
                line->users++;
        else if (rc == EDDY_EQUEUEFULL) /* and not because he is saying goodbye */
                eddy_stream_abort(
                    eddy_websocket_stream(person->ws)); /* his handler sees that, and he is gone */
}

/* Takes the line. */
static void say(struct chat *chat, struct line *line)
{
        for (struct person *person = line ? chat->people : NULL; person; person = person->next)
                hand_to(person, line);
        give_back(line);
}

/* Tell everybody who is there. */
static void say_names(struct chat *chat)
{
        json_t *names = json_array();
        for (const struct person *person = chat->people; person; person = person->next)
                json_array_insert_new(names, 0, json_string(person->name));
        say(chat, make_line(json_pack("{s:o}", "people", names)));
}

static void say_message(struct chat *chat, const char *name, const char *text, size_t n)
{
        struct line *line = make_line(json_pack("{s:s, s:s%}", "name", name, "text", text, n));
        if (!line)
                return;
        struct line **place = &chat->remembered[chat->said++ % REMEMBERED];
        give_back(*place);
        line->users++;
        *place = line;
        say(chat, line);
}

static void enter(struct chat *chat, struct person *person)
{
        for (unsigned i = 0; i < REMEMBERED; i++) {
                struct line *line = chat->remembered[(chat->said + i) % REMEMBERED];
                if (line)
                        hand_to(person, line);
        }
        person->next = chat->people;
        chat->people = person;
        say_names(chat);
}

static void leave(struct chat *chat, struct person *person)
{
        struct line *line;
        struct person **place = &chat->people;
        while (*place != person)
                place = &(*place)->next;
        *place = person->next;
        while (eddy_queue_get_nowait(&person->lines, &line) == 0)
                give_back(line);
        eddy_queue_finish(&person->lines);
        say_names(chat);
}

/* Send what is said; when the room ends, goodbye. */
static intptr_t send_lines(void *arg)
{
        struct person *person = arg;
        struct line *line;
        int rc;
        while ((rc = eddy_queue_get(&person->lines, &line)) == 0) {
                rc = eddy_websocket_send(person->ws, EDDY_WEBSOCKET_TEXT, line->json, line->size);
                give_back(line);
                if (rc < 0)
                        return 0; /* the connection is lost, as the handler will see */
        }
        if (rc == EDDY_ESHUTDOWN)
                eddy_websocket_close(person->ws, 1001, "The site goes down.");
        return 0;
}

static void listen_to(struct chat *chat, const struct person *person)
{
        eddy_websocket_message message;
        while (eddy_websocket_receive(person->ws, &message) > 0) {
                size_t n;
                const char *text = text_trim(message.data, &n);
                if (message.type != EDDY_WEBSOCKET_TEXT || text_fault(text, n, 4 * MESSAGE_MAX) ||
                    text_letters(text, n) > MESSAGE_MAX)
                        continue; /* the page sends no such thing */
                say_message(chat, person->name, text, n);
                if (eddy_sleep(eddy_ms(10)) < 0) /* nobody talks all others down */
                        return;
        }
}

static int meet(struct chat *chat, struct person *person)
{
        int rc = eddy_queue_init(&person->lines, sizeof(struct line *), BACKLOG);
        if (rc < 0)
                return rc;
        enter(chat, person);
        eddy_task *sender = eddy_create_task(send_lines, person);
        if (sender)
                listen_to(chat, person);
        /* He has gone, or is interrupted: his task must not outlive what it looks at. */
        EDDY_SHIELD_SCOPE {
                eddy_cancel(sender);
                eddy_join(sender, NULL);
                leave(chat, person);
        }
        return 0;
}

int chat_socket(eddy_http_exchange *exchange, void *arg)
{
        const struct site *site = arg;
        struct chat *chat = site->chat;
        struct person person = {.name = session()->name};
        if (!person.name[0])
                return page_error(exchange, site, 403, "Please sign in first.");
        if (chat->has_ended || chat_people(chat) >= PEOPLE_MAX)
                return page_error(exchange, site, 503, "The room is full.");
        /* A page of another site is refused by this: of its own accord it has only our own host's come in. */
        int rc = eddy_websocket_accept(
            &person.ws, exchange,
            &(eddy_websocket_options){.max_message = 4 * MESSAGE_MAX, .close_timeout = eddy_seconds(2)});
        if (rc < 0)
                return rc == EDDY_EWEBSOCKET ? 0 : rc;
        rc = meet(chat, &person);
        eddy_websocket_destroy(person.ws);
        return rc;
}

int chat_page(eddy_http_exchange *exchange, void *arg)
{
        const struct site *site = arg;
        return page_reply(exchange, site, 200, "Chat", session()->name[0] ? "chat" : "chat-door", NULL);
}

unsigned chat_people(const struct chat *chat)
{
        unsigned count = 0;
        for (const struct person *person = chat->people; person; person = person->next)
                count++;
        return count;
}

void chat_stop(struct chat *chat)
{
        chat->has_ended = true;
        for (struct person *person = chat->people; person; person = person->next)
                eddy_queue_shutdown(&person->lines, false);
}

int chat_create(struct chat **chat)
{
        *chat = calloc(1, sizeof **chat);
        return *chat ? 0 : -ENOMEM;
}

void chat_destroy(struct chat *chat)
{
        for (unsigned i = 0; chat && i < REMEMBERED; i++)
                give_back(chat->remembered[i]);
        free(chat);
}
