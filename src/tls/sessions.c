#include "tls/sessions.h"

#include "base/memory.h"
#include <string.h>

/** Hosts that are remembered: those that were connected to last. */
enum { MOST_SESSIONS = 1024 };

struct kept_session {
        eddy_link link;
        SSL_SESSION *session;
        char name[];
};

static struct kept_session *kept_of(eddy_link *link)
{
        return container_of(link, struct kept_session, link);
}

void sessions_init(struct sessions *sessions)
{
        pthread_mutex_init(&sessions->lock, NULL);
        list_init(&sessions->list);
        sessions->count = 0;
}

static void drop(struct sessions *sessions, struct kept_session *kept)
{
        list_remove(&kept->link);
        sessions->count--;
        SSL_SESSION_free(kept->session);
        memory_free(kept);
}

void sessions_forget(struct sessions *sessions)
{
        pthread_mutex_lock(&sessions->lock);
        while (!list_is_empty(&sessions->list))
                drop(sessions, kept_of(sessions->list.next));
        pthread_mutex_unlock(&sessions->lock);
}

void sessions_finish(struct sessions *sessions)
{
        sessions_forget(sessions);
        pthread_mutex_destroy(&sessions->lock);
}

static struct kept_session *find(struct sessions *sessions, const char *name)
{
        for (eddy_link *link = sessions->list.next; link != &sessions->list; link = link->next)
                if (strcmp(kept_of(link)->name, name) == 0)
                        return kept_of(link);
        return NULL;
}

bool sessions_keep(struct sessions *sessions, const char *name, SSL_SESSION *session)
{
        struct kept_session *kept = memory_alloc(sizeof *kept + strlen(name) + 1), *before;

        if (!kept)
                return false;
        kept->session = session;
        memcpy(kept->name, name, strlen(name) + 1);
        pthread_mutex_lock(&sessions->lock);
        before = find(sessions, name);
        if (!before && sessions->count == MOST_SESSIONS)
                before = kept_of(sessions->list.prev);
        if (before)
                drop(sessions, before);
        list_prepend(&sessions->list, &kept->link);
        sessions->count++;
        pthread_mutex_unlock(&sessions->lock);
        return true;
}

SSL_SESSION *sessions_find(struct sessions *sessions, const char *name)
{
        struct kept_session *kept;
        SSL_SESSION *session = NULL;

        pthread_mutex_lock(&sessions->lock);
        kept = find(sessions, name);
        if (kept) {
                list_remove(&kept->link);
                list_prepend(&sessions->list, &kept->link);
                session = SSL_SESSION_dup(kept->session); /* which connections in other threads write to */
        }
        pthread_mutex_unlock(&sessions->lock);
        return session;
}
