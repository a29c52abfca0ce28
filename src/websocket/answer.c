#include "websocket/answer.h"

#include "websocket/tokens.h"
#include <ctype.h>
#include <eddy/error.h>
#include <string.h>

static int refuse(const char *why)
{
        return eddy_fail(EDDY_EPROTOCOL, "the server's answer is no HTTP/1.1: %s", why);
}

static int read_status(struct answer *answer, const char *line)
{
        const char *status = line + sizeof "HTTP/1.1 " - 1;

        if ((strncmp(line, "HTTP/1.1 ", 9) != 0 && strncmp(line, "HTTP/1.0 ", 9) != 0) ||
            strspn(status, "0123456789") != 3 || (status[3] && status[3] != ' '))
                return refuse("its first line is none");
        answer->status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
        answer->reason = status + 3;
        return 0;
}

/** End a line by a NUL, behind its last character that is not blank. False where it has some that are not allowed. */
static bool end_line(char *line, char *end)
{
        for (const char *c = line; c < end; c++) {
                if (iscntrl((unsigned char)*c) && *c != '\t')
                        return false;
        }
        *end = '\0';
        while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
                *--end = '\0';
        return true;
}

/** Take a header, if it is one that matters. */
static int take_header(struct answer *answer, const char *line)
{
        static const char *const names[ANSWER_HEADERS] = {
            "Upgrade",
            "Connection",
            "Sec-WebSocket-Accept",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Extensions",
            "Location",
        };
        bool is_indented = *line == ' ' || *line == '\t';
        struct token name;

        if (is_indented || !token_take(&line, &name) || *line != ':')
                return refuse("a header is none");
        line++;
        line += strspn(line, " \t");
        for (int i = 0; i < ANSWER_HEADERS; i++) {
                if (!token_is(&name, names[i]))
                        continue;
                if (answer->headers[i])
                        return refuse("a header is there twice");
                answer->headers[i] = line;
        }
        return 0;
}

int answer_read(struct answer *answer, char *head, size_t size)
{
        const char *end = head + size;
        int rc = 0;

        *answer = (struct answer){.status = 0};
        for (char *line = head, *line_end; line < end && rc == 0; line = line_end + 2) {
                line_end = memmem(line, (size_t)(end - line), "\r\n", 2);
                if (!line_end || !end_line(line, line_end))
                        return refuse("it has characters that do not belong there");
                if (line == head)
                        rc = read_status(answer, line);
                else if (*line)
                        rc = take_header(answer, line);
        }
        return rc;
}
