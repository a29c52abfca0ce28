/* eddy in the rows of "hello, world!" by HTTP, as a user would write it. Prints its port and serves until killed. */
#include "eddy_http.h"

static int hello(eddy_http_exchange *exchange, void *arg)
{
        static const char text[] = "hello, world!";

        (void)arg;
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = sizeof text - 1});
}

static intptr_t app(void *arg)
{
        return bench_serve_http(hello, arg);
}

int main(void)
{
        return bench_run(app, NULL);
}
