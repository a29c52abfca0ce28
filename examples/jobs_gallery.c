/*
 * A master and its workers, as jobs: fetches all images of a page, by as many processes as there are.
 *
 *         jobs_gallery work [STORE] &                    # again and again, and on all machines that share FOLDER
 *         jobs_gallery fetch URL FOLDER [STORE]
 *
 * Kill whatever you like: what a worker had begun another one takes over, and who runs the master again adds nothing, but waits for
 * what is not there yet. STORE is as of eddy_jobs_open(); `eddy jobs web` shows how it goes on.
 *
 *         async def fetch(ctx, url, folder): ...                     # arq and aiohttp
 *         await Worker([fetch]).main()                               # a worker
 *
 *         for url in images_of(page):                                # the master
 *                 jobs.append(await redis.enqueue_job("fetch", url, folder, _job_id=name_of(url, folder)))
 *         await asyncio.gather(*[job.result() for job in jobs])
 */
#include <ctype.h>
#include <eddy/http_client.h>
#include <eddy/jobs.h>
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define A_HOST   4 /* images of a host that are fetched at a time, by all workers together */
#define TASKS    8 /* of the master: few, for any number of images */
#define URL_MOST 1024

/* The worker. */

/* What is gone is given up, who asks for a pause has it, and all else is tried again by itself, later and later. */
static int judge(eddy_job *job, int rc, const eddy_http_response *response)
{
        const char *after = eddy_http_response_header(response, "Retry-After");
        int status = response->status, pause = after ? atoi(after) : 0;

        if (pause > 0)
                return eddy_job_retry(job, eddy_seconds(pause < 3600 ? pause : 3600), "status %d", status);
        if (status >= 400 && status < 500 && status != 408 && status != 429)
                return eddy_job_give_up(job, "status %d", status);
        return rc;
}

static void tell_progress(int64_t received, int64_t total, void *job)
{
        eddy_job_progress(job, total > 0 ? (double)received / (double)total : -1, "%lld bytes",
                          (long long)received);
}

/* Done twice, and at once even, it leaves one file, which has its name only when it is whole. */
static int fetch(eddy_job *job, void *client)
{
        char url[URL_MOST], folder[PATH_MAX], path[PATH_MAX + EDDY_JOB_ID_SIZE];
        eddy_http_request request = {
            .url = url, .stall_timeout = eddy_seconds(30), .on_progress = tell_progress, .arg = job};
        eddy_http_response response;

        if (sscanf(eddy_job_payload(job, NULL), "%1023[^\n]%*1[\n]%4095[^\n]", url, folder) != 2)
                return eddy_job_give_up(job, "the payload is to be a URL and a folder");
        snprintf(path, sizeof path, "%s/%s", folder, eddy_job_id(job));
        printf("%s, attempt %d\n", url, eddy_job_attempt(job));
        int rc = eddy_http_download(client, &request, path, &(eddy_http_download_options){.overwrite = true},
                                    &response);
        if (rc == EDDY_EHTTP)
                rc = judge(job, rc, &response);
        eddy_http_response_finish(&response);
        return rc;
}

static int work(eddy_jobs *jobs, eddy_http_client *client)
{
        /* A lease is how long a worker's death goes unnoticed. */
        eddy_job_worker_options options = {.concurrency = 8, .lease = eddy_seconds(3)};
        eddy_job_worker *worker;

        int rc = eddy_job_worker_create(&worker, jobs, &options);
        if (rc == 0)
                rc = eddy_job_worker_handle(worker, "fetch", fetch, client);
        if (rc == 0)
                rc = eddy_job_worker_run(worker); /* until Ctrl-C or SIGTERM */
        eddy_job_worker_destroy(worker);
        return rc;
}

/* The master. */

struct gallery {
        eddy_jobs *jobs;
        char url[URL_MOST]; /* of the page, to its last slash */
        char folder[PATH_MAX];
        regex_t pattern;   /* finds an image's URL */
        char *page, *rest; /* its text, and what has not been searched of it */
        size_t count, added, finished, missing;
};

struct image {
        char url[URL_MOST];
        char payload[URL_MOST + PATH_MAX];
        char id[EDDY_JOB_ID_SIZE]; /* and the file's name */
        char key[100];
};

/* What is called `src` on the page, as a URL of its own. False: it is none, such as data:, names no host, or is too long. */
static bool resolve(const struct gallery *gallery, const char *src, size_t n, char url[URL_MOST])
{
        const char *page = gallery->url, *path = strchr(strstr(page, "://") + 3, '/');
        size_t keep = strlen(page);

        if (strncmp(src, "http://", 7) == 0 || strncmp(src, "https://", 8) == 0)
                keep = 0;
        else if (src[0] == '/')
                keep = src[1] == '/' ? strcspn(page, "/") : (size_t)(path - page);
        else if (memchr(src, ':', n))
                return false;
        int size = snprintf(url, URL_MOST, "%.*s%.*s", (int)keep, page, (int)n, src);
        for (char *p = url; (p = strstr(p, "&amp;")); p++)
                memmove(p + 1, p + 5, strlen(p + 5) + 1);
        return size < URL_MOST && strcspn(strstr(url, "://") + 3, "/?#") > 0;
}

/* One id for one file: who enqueues an image again adds nothing. */
static void describe(struct image *image, const char *folder)
{
        size_t size = strlen(image->url);
        uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
        char host[64] = "";

        snprintf(image->payload, sizeof image->payload, "%s\n%s", image->url, folder);
        for (const char *p = image->payload; *p; p++)
                hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
        snprintf(image->id, sizeof image->id, "%016llx-%s", (unsigned long long)hash,
                 image->url + (size > 40 ? size - 40 : 0));
        for (char *p = image->id; *p; p++)
                *p = isalnum((unsigned char)*p) || *p == '.' ? *p : '-';
        sscanf(image->url, "%*[^/]//%63[^/?#]", host);
        snprintf(image->key, sizeof image->key, "%s %u", host, (unsigned)(hash % A_HOST));
}

static bool next_image(struct gallery *gallery, struct image *image)
{
        regmatch_t match[2];

        while (regexec(&gallery->pattern, gallery->rest, 2, match, 0) == 0) {
                const char *src = gallery->rest + match[1].rm_so;
                gallery->rest += match[0].rm_eo;
                if (resolve(gallery, src, (size_t)(match[1].rm_eo - match[1].rm_so), image->url)) {
                        describe(image, gallery->folder);
                        return true;
                }
        }
        return false;
}

static intptr_t enqueue_images(void *arg)
{
        struct gallery *gallery = arg;
        struct image image;
        int rc = 0;

        while (rc == 0 && next_image(gallery, &image)) {
                eddy_job_spec spec = {.kind = "fetch",
                                      .id = image.id,
                                      .payload = image.payload,
                                      .size = strlen(image.payload),
                                      .key = image.key,
                                      .yields_key = true, /* while it waits for another attempt */
                                      .backoff = eddy_seconds(1),
                                      .attempts = 8}; /* some minutes: the master waits for a dead host, too */
                eddy_job_added added;
                rc = eddy_jobs_enqueue(gallery->jobs, &spec, &added);
                gallery->count++;
                gallery->added += rc == 0 && !added.was_there;
        }
        return rc;
}

static intptr_t await_images(void *arg)
{
        struct gallery *gallery = arg;
        struct image image;

        while (next_image(gallery, &image)) {
                eddy_job_info *info;
                int state = eddy_jobs_await(gallery->jobs, image.id, &info);
                if (state < 0 && state != EDDY_ENOJOB)
                        return state;
                gallery->finished++;
                fprintf(stderr, "%zu of %zu%c", gallery->finished, gallery->count,
                        gallery->finished < gallery->count ? '\r' : '\n');
                if (state != EDDY_JOB_DONE) { /* its history ends with why */
                        printf("%s: %s\n%s", image.url, info ? eddy_job_state_name(info->state) : "forgotten",
                               info ? info->history : "");
                        gallery->missing++;
                }
                eddy_free(info);
        }
        return 0;
}

static int load_page(struct gallery *gallery, eddy_http_client *client, const char *url)
{
        eddy_http_response response;

        int rc = eddy_http_send(client, &(eddy_http_request){.url = url, .retries = 3}, &response);
        if (rc == 0 && response.status != 200)
                rc = eddy_fail(EDDY_EHTTP, "%s: status %d", url, response.status);
        if (rc == 0)
                rc = (int)eddy_http_response_read_all(&response, &gallery->page, 1 << 24);
        if (rc >= 0) {
                snprintf(gallery->url, URL_MOST - 1, "%.*s", (int)strcspn(response.url, "?#"), response.url);
                char *host = strstr(gallery->url, "://") + 3, *slash = strrchr(host, '/');
                strcpy(slash ? slash : host + strlen(host), "/");
        }
        eddy_http_response_finish(&response);
        return rc < 0 ? rc : 0;
}

static int for_all_images(struct gallery *gallery, intptr_t (*function)(void *gallery))
{
        eddy_group group;

        gallery->rest = gallery->page;
        eddy_group_open(&group);
        for (int i = 0; i < TASKS; i++)
                eddy_group_create_task(&group, function, gallery, NULL);
        return eddy_group_close(&group);
}

static int fetch_all(struct gallery *gallery, eddy_http_client *client, const char *url, const char *folder)
{
        mkdir(folder, 0777);
        if (!realpath(folder, gallery->folder))
                return eddy_fail(-errno, "%s: %s", folder, strerror(errno));
        if (regcomp(&gallery->pattern, "<img[^>]*[[:space:]]src=[\"']([^\"'[:cntrl:]]+)",
                    REG_EXTENDED | REG_ICASE))
                return -ENOMEM;
        int rc = load_page(gallery, client, url);
        if (rc == 0)
                rc = for_all_images(gallery, enqueue_images);
        if (rc == 0)
                printf("%zu images, %zu of them new\n", gallery->count, gallery->added);
        if (rc == 0)
                rc = for_all_images(gallery, await_images);
        if (rc == 0)
                printf("%zu are there, %zu are missing\n", gallery->count - gallery->missing, gallery->missing);
        regfree(&gallery->pattern);
        eddy_free(gallery->page);
        return rc < 0 ? rc : gallery->missing > 0;
}

static intptr_t app(void *arg)
{
        char **words = arg;
        bool is_master = strcmp(words[1], "fetch") == 0;
        struct gallery gallery = {0};
        eddy_http_client *client = NULL;

        int rc = eddy_jobs_open(&gallery.jobs, words[is_master ? 4 : 2], NULL);
        if (rc == 0)
                rc = eddy_http_client_create(&client, NULL);
        if (rc == 0)
                rc = is_master ? fetch_all(&gallery, client, words[2], words[3]) : work(gallery.jobs, client);
        if (rc < 0)
                fprintf(stderr, "%s\n", eddy_explain(rc));
        eddy_http_client_destroy(client);
        eddy_jobs_close(gallery.jobs);
        return rc;
}

int main(int argc, char *argv[])
{
        const char *what = argc > 1 ? argv[1] : "";

        if (strcmp(what, "work") == 0 ? argc > 3 : strcmp(what, "fetch") != 0 || argc < 4 || argc > 5) {
                fprintf(stderr, "usage: %s work [STORE]\n       %s fetch URL FOLDER [STORE]\n", argv[0],
                        argv[0]);
                return 2;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        return eddy_run(app, argv) != 0;
}
