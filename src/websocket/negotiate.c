/* A server's half of the handshake, without a connection: from a request's headers to the answer's. */
#include "websocket/accept_key.h"
#include "websocket/compression.h"
#include "websocket/options.h"
#include "websocket/tokens.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
        SWITCHING_PROTOCOLS = 101,
        BAD_REQUEST = 400,
        FORBIDDEN = 403,
        METHOD_NOT_ALLOWED = 405,
        UPGRADE_REQUIRED = 426,
        INTERNAL_ERROR = 500
};

static const char *header(const eddy_websocket_request *request, const char *name)
{
        return request->header(request->arg, name, 0);
}

/** Whether it comes in several lines, where one alone has a meaning. */
static bool is_repeated(const eddy_websocket_request *request, const char *name)
{
        return request->header(request->arg, name, 1);
}

/** Whether a header that is a list, in any number of lines, has a token. */
static bool is_listed(const eddy_websocket_request *request, const char *name, const char *text)
{
        const char *line;

        for (unsigned i = 0; (line = request->header(request->arg, name, i)); i++)
                if (token_is_listed(line, text))
                        return true;
        return false;
}

/** Where there is room: three lines at least are ours. */
static void add(eddy_websocket_handshake *handshake, const char *line)
{
        size_t i = 0;

        while (handshake->list_[i])
                i++;
        handshake->list_[i] = line;
}

/** Refuse. Headers, if not NULL, are those that the answer needs for it. */
static int refuse(eddy_websocket_handshake *handshake, int status, const char *reason,
                  const char *const *headers)
{
        handshake->status = status;
        handshake->reason = reason;
        for (; headers && *headers; headers++)
                add(handshake, *headers);
        return eddy_fail(EDDY_EWEBSOCKET, "%s", reason);
}

static int check_request(eddy_websocket_handshake *handshake, const eddy_websocket_request *request)
{
        static const char *const get[] = {"Allow: GET", NULL};
        static const char *const upgrade[] = {"Upgrade: websocket", "Connection: Upgrade",
                                              "Sec-WebSocket-Version: 13", NULL};
        const char *version = header(request, "Sec-WebSocket-Version");

        if (strcmp(request->method, "GET") != 0)
                return refuse(handshake, METHOD_NOT_ALLOWED, "a WebSocket is asked for by GET", get);
        if (!is_listed(request, "Upgrade", "websocket") || !is_listed(request, "Connection", "upgrade"))
                return refuse(handshake, UPGRADE_REQUIRED, "here is a WebSocket, and none was asked for",
                              upgrade);
        if (!version || strcmp(version, "13") != 0 || is_repeated(request, "Sec-WebSocket-Version"))
                return refuse(handshake, UPGRADE_REQUIRED, "the version of WebSocket is 13", upgrade);
        if (!key_is_valid(header(request, "Sec-WebSocket-Key")) || is_repeated(request, "Sec-WebSocket-Key"))
                return refuse(handshake, BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base64", NULL);
        return 0;
}

/** What of a host counts: its port does not where it is the scheme's. */
static size_t host_size(const char *host, const char *port)
{
        size_t size = strlen(host), tail = strlen(port);

        return size > tail && strcmp(host + size - tail, port) == 0 ? size - tail : size;
}

static bool is_same_host(const char *origin, const char *host)
{
        const char *scheme_end = strstr(origin, "://"), *port = "";
        size_t size;

        if (!scheme_end || !host)
                return false;
        if (strncasecmp(origin, "https:", 6) == 0)
                port = ":443";
        else if (strncasecmp(origin, "http:", 5) == 0)
                port = ":80";
        origin = scheme_end + 3;
        size = host_size(origin, port);
        return size > 0 && size == host_size(host, port) && strncasecmp(origin, host, size) == 0;
}

/** With or without the "/" that people put behind it. */
static bool is_listed_origin(const char *origin, const char *const *list)
{
        size_t size = strlen(origin);

        for (; *list; list++) {
                if (strcmp(*list, "*") == 0 || (strncasecmp(*list, origin, size) == 0 &&
                                                strcmp(*list + size + ((*list)[size] == '/'), "") == 0))
                        return true;
        }
        return false;
}

static bool is_allowed(const char *origin, const eddy_websocket_request *request,
                       const eddy_websocket_options *options)
{
        return options->origins ? is_listed_origin(origin, options->origins)
                                : is_same_host(origin, header(request, "Host"));
}

/** Browsers say whose page it is that connects, and send the user's cookies along. Other programs say nothing. */
static int check_origin(eddy_websocket_handshake *handshake, const eddy_websocket_request *request,
                        const eddy_websocket_options *options)
{
        const char *origin = header(request, "Origin");

        if (!origin || (!is_repeated(request, "Origin") && is_allowed(origin, request, options)))
                return 0;
        return refuse(handshake, FORBIDDEN, "pages of that origin may not connect", NULL);
}

/** The first of a line of those that the client would like that is spoken here. */
static const char *find_subprotocol(const char *wanted, const char *const *spoken)
{
        struct token token;

        while (token_take(&wanted, &token)) {
                for (const char *const *one = spoken; *one; one++) {
                        if (strlen(*one) == token.size && memcmp(*one, token.text, token.size) == 0)
                                return *one;
                }
                if (!token_take_mark(&wanted, ','))
                        break;
        }
        return NULL;
}

static const char *choose_subprotocol(const eddy_websocket_request *request, const char *const *spoken)
{
        const char *line, *chosen = NULL;

        for (unsigned i = 0;
             spoken && !chosen && (line = request->header(request->arg, "Sec-WebSocket-Protocol", i)); i++)
                chosen = find_subprotocol(line, spoken);
        return chosen;
}

/** The first line of offers that has one which is taken. */
static void choose_compression(eddy_websocket_handshake *handshake, char extension[COMPRESSION_MAX_TEXT],
                               const eddy_websocket_request *request, const eddy_websocket_options *options)
{
        const char *line;

        for (unsigned i = 0;
             !handshake->terms_.is_on && (line = request->header(request->arg, "Sec-WebSocket-Extensions", i));
             i++)
                compression_accept(&handshake->terms_, extension, line, options);
}

/** Add a line, if there is one: a name, and a value. */
static void add_line(eddy_websocket_handshake *handshake, char *line, size_t size, const char *name,
                     const char *value)
{
        if (!value)
                return;
        snprintf(line, size, "%s: %s", name, value);
        add(handshake, line);
}

static void agree(eddy_websocket_handshake *handshake, const eddy_websocket_request *request,
                  const eddy_websocket_options *options)
{
        char extension[COMPRESSION_MAX_TEXT], key[ACCEPT_KEY_TEXT + 1];

        accept_key(key, header(request, "Sec-WebSocket-Key"));
        choose_compression(handshake, extension, request, options);
        handshake->status = SWITCHING_PROTOCOLS;
        handshake->reason = "";
        handshake->subprotocol = choose_subprotocol(request, options->subprotocols);
        add(handshake, "Upgrade: websocket");
        add(handshake, "Connection: Upgrade");
        add_line(handshake, handshake->accept_, sizeof handshake->accept_, "Sec-WebSocket-Accept", key);
        add_line(handshake, handshake->chosen_, sizeof handshake->chosen_, "Sec-WebSocket-Protocol",
                 handshake->subprotocol);
        add_line(handshake, handshake->extension_, sizeof handshake->extension_, "Sec-WebSocket-Extensions",
                 handshake->terms_.is_on ? extension : NULL);
        for (const char *const *one = options->headers; one && *one; one++)
                add(handshake, *one);
}

int eddy_websocket_negotiate(eddy_websocket_handshake *handshake, const eddy_websocket_request *request,
                             const eddy_websocket_options *given)
{
        eddy_websocket_options options;
        int rc = options_read(&options, given);

        *handshake = (eddy_websocket_handshake){.status = INTERNAL_ERROR, .reason = "an option is wrong"};
        handshake->headers = handshake->list_;
        if (rc == 0)
                rc = check_request(handshake, request);
        if (rc == 0)
                rc = check_origin(handshake, request, &options);
        if (rc == 0)
                agree(handshake, request, &options);
        return rc;
}
