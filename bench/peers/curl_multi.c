/* As eddy_http_client.c, by curl's multi interface in the way of its own examples: easy handles that are used again, one
 * curl_multi_perform() for each curl_multi_poll(). */
#include "../bench.h"
#include <curl/curl.h>

enum { WARM_UP = 1000, REQUESTS = 40000, SIZE = 13 };

static CURLM *multi;
static size_t received;

static size_t take(char *data, size_t one, size_t size, void *arg)
{
        (void)data, (void)one, (void)arg;
        received += size;
        return size;
}

/* Whether there is one. */
static bool begin(CURL *easy, long *left)
{
        if (*left == 0 || curl_multi_add_handle(multi, easy))
                return false;
        --*left;
        return true;
}

static void ask_together(CURL *easies[], int count, long requests)
{
        long left = requests;
        size_t before = received;
        int running = 1, ignored;
        CURLMsg *message;

        for (int i = 0; i < count; i++)
                begin(easies[i], &left);
        while (running > 0) {
                curl_multi_perform(multi, &running);
                while ((message = curl_multi_info_read(multi, &ignored))) {
                        CURL *easy = message->easy_handle;

                        curl_multi_remove_handle(multi, easy);
                        running += begin(easy, &left);
                }
                if (running > 0)
                        curl_multi_poll(multi, NULL, 0, 1000, NULL);
        }
        if (received - before != (size_t)requests * SIZE)
                bench_skip("not every answer was the one that was asked for");
}

static void measure(const char *row, int count)
{
        CURL *easies[100];
        double began, cpu;

        multi = curl_multi_init();
        for (int i = 0; i < count; i++) {
                easies[i] = curl_easy_init();
                curl_easy_setopt(easies[i], CURLOPT_URL, getenv("URL"));
                curl_easy_setopt(easies[i], CURLOPT_WRITEFUNCTION, take);
        }
        ask_together(easies, count, WARM_UP);
        began = bench_now();
        cpu = bench_cpu();
        ask_together(easies, count, REQUESTS);
        printf("%s_per_second %.1f 1/s\n", row, REQUESTS / (bench_now() - began));
        printf("%s_total_us %.3f us\n", row, (bench_cpu() - cpu) * 1e6 / REQUESTS);
        for (int i = 0; i < count; i++)
                curl_easy_cleanup(easies[i]);
        curl_multi_cleanup(multi);
}

int main(int argc, char **argv)
{
        curl_global_init(CURL_GLOBAL_DEFAULT);
        if (bench_wants(argc, argv, "http_client_1"))
                measure("http_client_1", 1);
        if (bench_wants(argc, argv, "http_client_100"))
                measure("http_client_100", 100);
        curl_global_cleanup();
        return 0;
}
