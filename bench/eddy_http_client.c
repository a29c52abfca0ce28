/* "hello, world!" asked of a server again and again, by so many coroutines of one client: eddy_http_client ROW, with URL in the
 * environment. */
#include "eddy_bench.h"
#include <eddy/http_client.h>

enum { WARM_UP = 1000, REQUESTS = 40000, SIZE = 13 };

static eddy_http_client *client;
static long left;

static intptr_t ask(void *url)
{
        while (left-- > 0) {
                char body[64];
                eddy_http_response response;
                ssize_t n = eddy_http_send(client, &(eddy_http_request){.url = url}, &response), size = 0;

                while (n == 0 && (n = eddy_http_response_read(&response, body, sizeof body)) > 0) {
                        size += n;
                        n = 0;
                }
                eddy_http_response_finish(&response);
                if (n < 0 || size != SIZE)
                        return n < 0 ? n : EDDY_EPROTOCOL;
        }
        return 0;
}

static int ask_together(int coroutines, long requests, char *url)
{
        eddy_group group;

        left = requests;
        eddy_group_open(&group);
        for (int i = 0; i < coroutines; i++)
                eddy_group_create_task(&group, ask, url, NULL);
        return eddy_group_close(&group);
}

static int measure(const char *row, int coroutines)
{
        char *url = getenv("URL");
        double began, cpu;
        int rc = eddy_http_client_create(&client, NULL);

        if (rc == 0)
                rc = ask_together(coroutines, WARM_UP, url);
        began = bench_now();
        cpu = bench_cpu();
        if (rc == 0)
                rc = ask_together(coroutines, REQUESTS, url);
        printf("%s_per_second %.1f 1/s\n", row, REQUESTS / (bench_now() - began));
        printf("%s_total_us %.3f us\n", row, (bench_cpu() - cpu) * 1e6 / REQUESTS);
        eddy_http_client_destroy(client);
        return rc;
}

static int measure_1(void)
{
        return measure("http_client_1", 1);
}

static int measure_100(void)
{
        return measure("http_client_100", 100);
}

int main(int argc, char **argv)
{
        static const bench_row rows[] = {
            {"http_client_1", measure_1},
            {"http_client_100", measure_100},
            {NULL, NULL},
        };

        (void)argc;
        return bench_run_rows(argv, rows);
}
