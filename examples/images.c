/*
 * Download many images at once, eight connections at a time: images FOLDER URL...
 *
 *         async def download(album, url):                        # asyncio and aiohttp
 *                 async with album.client.get(url) as response:
 *                         data = await response.read()
 *                 (album.folder / name_of(url)).write_bytes(data)
 *
 *         async with asyncio.TaskGroup() as group:
 *                 for url in urls:
 *                         group.create_task(download(album, url))
 */
#include <eddy/http.h>
#include <stdio.h>
#include <string.h>

struct album {
        eddy_http_client *client;
        const char *folder;
        char **urls;
        int count, missing;
        int64_t bytes;
};

struct image {
        struct album *album;
        const char *url;
};

static intptr_t download(void *arg)
{
        struct image *image = arg;
        const char *slash = strrchr(image->url, '/');
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", image->album->folder, slash ? slash + 1 : image->url);

        /* The file appears under its name when it is whole; a transfer that breaks is continued. */
        eddy_http_request request = {.url = image->url, .stall_timeout = eddy_seconds(10)};
        eddy_http_download_options options = {.retries = 3, .overwrite = true};
        eddy_http_response response;
        int rc = eddy_http_download(image->album->client, &request, path, &options, &response);
        if (rc == 0) {
                image->album->bytes += response.received;
        } else {
                fprintf(stderr, "%s: %s\n", image->url, eddy_explain(rc));
                image->album->missing++;
        }
        eddy_http_response_finish(&response);
        return rc == EDDY_CANCELLED ? rc : 0; /* an image that cannot be had does not stop the others */
}

static intptr_t app(void *arg)
{
        struct album *album = arg;
        eddy_http_client_options options = {.max_connections = 8};
        int rc = eddy_http_client_create(&album->client, &options);
        if (rc < 0)
                return rc;
        eddy_group group;
        eddy_group_open(&group);
        for (int i = 0; i < album->count; i++)
                eddy_group_spawn(&group, download, &(struct image){album, album->urls[i]});
        rc = eddy_group_close(&group);
        eddy_http_client_destroy(album->client);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc < 3) {
                fprintf(stderr, "usage: %s FOLDER URL...\n", argv[0]);
                return 2;
        }
        struct album album = {.folder = argv[1], .urls = argv + 2, .count = argc - 2};
        intptr_t rc = eddy_run(app, &album);
        if (rc < 0)
                fprintf(stderr, "images: %s\n", eddy_strerror(rc));
        else
                printf("%d images, %lld bytes\n", album.count - album.missing, (long long)album.bytes);
        return rc < 0 || album.missing;
}
