/* What OpenSSL reads from and writes to, in place of a socket: what decode() is shown, and what encode() is to fill; or what is kept for
 * later. */
#include "base/memory.h"
#include "tls/connection.h"
#include <string.h>

static int take(BIO *bio, char *memory, size_t size, size_t *got)
{
        struct tls_connection *connection = BIO_get_data(bio);

        BIO_clear_retry_flags(bio);
        *got = connection->in_size < size ? connection->in_size : size;
        if (*got == 0) {
                BIO_set_retry_read(bio);
                return 0;
        }
        memcpy(memory, connection->in, *got);
        connection->in += *got;
        connection->in_size -= *got;
        return 1;
}

/** Keep what there is no room for: whether there was memory. */
static bool say_later(struct tls_connection *connection, const char *data, size_t n)
{
        char *longer = memory_realloc(connection->said, connection->said_end + n);

        if (!longer)
                return false;
        memcpy(longer + connection->said_end, data, n);
        connection->said = longer;
        connection->said_end += n;
        connection->holds_back = false; /* or what is said behind tickets would pile up */
        return true;
}

static int put(BIO *bio, const char *data, size_t n, size_t *written)
{
        struct tls_connection *connection = BIO_get_data(bio);

        BIO_clear_retry_flags(bio);
        *written = n;
        if (connection->said || n > connection->out_size)
                return say_later(connection, data, n);
        memcpy(connection->out, data, n);
        connection->out += n;
        connection->out_size -= n;
        return 1;
}

static long control(BIO *bio, int what, long number, void *pointer)
{
        (void)bio, (void)number, (void)pointer;
        return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method;

/** Made when the first context is, so that a program may replace OpenSSL's allocator before. */
int connection_prepare(void)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        BIO_METHOD *made = NULL;

        pthread_mutex_lock(&lock);
        if (!bio_method)
                made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "eddy");
        if (made) {
                BIO_meth_set_read_ex(made, take);
                BIO_meth_set_write_ex(made, put);
                BIO_meth_set_ctrl(made, control);
                bio_method = made;
        }
        pthread_mutex_unlock(&lock);
        return bio_method ? 0 : -ENOMEM;
}

__attribute__((destructor)) static void forget(void)
{
        BIO_meth_free(bio_method);
}

BIO *connection_bio(struct tls_connection *connection)
{
        BIO *bio = BIO_new(bio_method);

        if (bio) {
                BIO_set_data(bio, connection);
                BIO_set_init(bio, 1);
        }
        return bio;
}

ssize_t connection_move_said(struct tls_connection *connection, void *out, size_t size)
{
        size_t n = connection->said_end - connection->said_begin;

        if (!connection->said)
                return 0;
        if (n > size)
                n = size;
        memcpy(out, connection->said + connection->said_begin, n);
        connection->said_begin += n;
        if (connection->said_begin == connection->said_end) {
                memory_free(connection->said);
                connection->said = NULL;
                connection->said_begin = connection->said_end = 0;
        }
        return (ssize_t)n;
}
