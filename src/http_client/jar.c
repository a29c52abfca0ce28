/* The cookies that a client keeps: curl's, shared by all its transfers. */
#include "http_client/client.h"

#include "base/memory.h"
#include <string.h>

int jar_open(eddy_http_client *client)
{
        client->share = curl_share_init();
        client->jar = curl_easy_init();
        if (client->share && client->jar &&
            curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) == CURLSHE_OK &&
            curl_easy_setopt(client->jar, CURLOPT_SHARE, client->share) == CURLE_OK &&
            curl_easy_setopt(client->jar, CURLOPT_COOKIEFILE, "") == CURLE_OK)
                return 0;
        jar_close(client);
        return -ENOMEM;
}

void jar_close(eddy_http_client *client)
{
        curl_easy_cleanup(client->jar); /* first: a share that is in use stays */
        curl_share_cleanup(client->share);
        client->jar = NULL;
        client->share = NULL;
}

/* curl takes one line at a time. What is none is passed over, as in a file. */
int eddy_http_client_set_cookies(eddy_http_client *client, const char *cookies)
{
        if (!client->jar)
                return EDDY_ENOTSUP;
        while (*cookies) {
                size_t size = strcspn(cookies, "\r\n");
                char *line = memory_alloc(size + 1);
                CURLcode code = CURLE_OK;

                if (!line)
                        return -ENOMEM;
                memcpy(line, cookies, size);
                line[size] = '\0';
                if (size > 0 && (*line != '#' || strncmp(line, "#HttpOnly_", 10) == 0))
                        code = curl_easy_setopt(client->jar, CURLOPT_COOKIELIST, line);
                memory_free(line);
                if (code)
                        return -ENOMEM;
                cookies += size;
                cookies += strspn(cookies, "\r\n");
        }
        return 0;
}

static size_t size_of(const struct curl_slist *lines)
{
        size_t size = 0;

        for (; lines; lines = lines->next)
                size += strlen(lines->data) + 1;
        return size;
}

ssize_t eddy_http_client_cookies(eddy_http_client *client, char **cookies)
{
        struct curl_slist *lines = NULL;
        size_t size;
        char *to;

        if (!client->jar)
                return EDDY_ENOTSUP;
        if (curl_easy_getinfo(client->jar, CURLINFO_COOKIELIST, &lines))
                return -ENOMEM;
        size = size_of(lines);
        *cookies = to = memory_alloc(size + 1);
        if (to) {
                *to = '\0';
                for (const struct curl_slist *line = lines; line; line = line->next)
                        to = stpcpy(stpcpy(to, line->data), "\n");
        }
        curl_slist_free_all(lines);
        return *cookies ? (ssize_t)size : -ENOMEM;
}
