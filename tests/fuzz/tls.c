/* TLS beneath damage: both sides of it as filters, and between them somebody who flips, cuts, drops, repeats, swaps, forges and splits
 * records, as the input says byte by byte.
 *
 *         fuzz_tls COUNT SEED
 *
 * Whatever comes, nothing is read but what the other side has written, what fails says why, memory is bounded, and nothing goes on
 * for ever; where nothing is damaged all arrives. A failure names the seed; keys are new each time, so one may have to be tried again.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#define HAS_OWN_MAIN
#include "input.h"

#include "tls/connection.h"

#include <malloc.h>
#include <openssl/err.h>
#include <unistd.h>

enum {
        WRITTEN = 40 * 1000, /* by each side */
        WIRE = 512 * 1024,
        MOST_TURNS = 300,
        MOST_CALLS = 200 * 1000,
        MOST_MEMORY = 2 * 1024 * 1024, /* of OpenSSL's, for both sides */
        SECONDS = 20,
};

/* What OpenSSL has. */

static size_t memory, most_memory;

static void *note_allocated(void *place)
{
        memory += malloc_usable_size(place);
        if (memory > most_memory)
                most_memory = memory;
        return place;
}

static void *allocate(size_t size, const char *file, int line)
{
        (void)file, (void)line;
        return note_allocated(malloc(size));
}

static void release(void *place, const char *file, int line)
{
        (void)file, (void)line;
        memory -= malloc_usable_size(place);
        free(place);
}

static void *reallocate(void *place, size_t size, const char *file, int line)
{
        (void)file, (void)line;
        memory -= malloc_usable_size(place);
        return note_allocated(realloc(place, size));
}

/* Both sides. */

struct end {
        const eddy_filter *filter;
        struct tls_connection *self;
        size_t written, read;
        unsigned char in[WIRE]; /* came, and is not decoded */
        size_t in_size, in_total, out_total;
        int failure;
        bool has_ended, has_finished;
};

static eddy_tls *server, *clients[2];
static struct end ends[2];
static unsigned char wire[WIRE]; /* what one of them has said just now */
static size_t wire_size, calls;
static bool is_damaged;

static unsigned char pattern_at(size_t place)
{
        return (unsigned char)(place * 2654435761u >> 13);
}

static void say(struct end *end, ssize_t n)
{
        if (n > 0) {
                wire_size += (size_t)n;
                end->out_total += (size_t)n;
        }
}

/** A failure is a code, and says why. */
static void note_failure(struct end *end, ssize_t rc)
{
        end->failure = (int)rc;
        if (rc != EDDY_ETLS && rc != EDDY_ECERTIFICATE && rc != EDDY_EINCOMPLETE)
                fail("fails by", rc);
        if (rc != EDDY_EINCOMPLETE && !end->filter->explain(end->self))
                fail("does not say why", rc);
        if (!is_damaged)
                fail(end->filter->explain(end->self), rc);
}

/** Write a piece, and maybe the end. */
static void write_some(struct end *end)
{
        unsigned char bytes[16 * 1024];
        size_t n = draw(2) ? 1 + draw(250) : sizeof bytes;
        ssize_t rc;

        if (end->filter->is_greeting(end->self) || end->failure || end->has_finished || end->written == WRITTEN)
                return;
        n = n < WRITTEN - end->written ? n : WRITTEN - end->written;
        for (size_t i = 0; i < n; i++)
                bytes[i] = pattern_at(end->written + i);
        if (draw(16) == 1)
                SSL_key_update(end->self->ssl, SSL_KEY_UPDATE_REQUESTED);
        rc = end->filter->encode(end->self, bytes, &n, wire + wire_size, n + 1024);
        ERR_clear_error(); /* there is no such wish in TLS 1.2 */
        if (rc < 0)
                fail("does not encode", rc);
        say(end, rc);
        end->written += n;
        end->has_finished = end->written == WRITTEN;
        while (end->has_finished && (rc = end->filter->finish(end->self, wire + wire_size, 1024)) > 0)
                say(end, rc);
}

static void answer(struct end *end)
{
        ssize_t rc;

        while (!end->has_finished && (rc = end->filter->answer(end->self, wire + wire_size, 1024)) > 0)
                say(end, rc);
        if (end->out_total > 64 * 1024 + 2 * (end->in_total + end->written))
                fail("answers too much", (long)end->out_total);
}

/** Decode what came, into pieces of some size. */
static void read_some(struct end *end)
{
        unsigned char out[4096];
        size_t used = 0, size = draw(4) == 1 ? 1 + draw(64) : sizeof out;
        ssize_t got = 0;

        while (!end->failure && !end->has_ended) {
                size_t n = end->in_size - used;

                if (++calls > MOST_CALLS)
                        fail("goes on for ever", (long)calls);
                got = end->filter->decode(end->self, end->in + used, &n, out, size);
                used += n;
                if (used > end->in_size || got > (ssize_t)size)
                        fail("uses what is not there", (long)used);
                for (ssize_t i = 0; i < got; i++)
                        if (out[i] != pattern_at(end->read++))
                                fail("reads what was not written", (long)end->read);
                if (got == EDDY_EFINISHED && end->read != WRITTEN)
                        fail("ends where the other side has not", (long)end->read);
                if (got == EDDY_EFINISHED)
                        end->has_ended = true;
                else if (got < 0)
                        note_failure(end, got);
                else if (got == 0)
                        break;
        }
        memmove(end->in, end->in + used, end->in_size - used);
        end->in_size -= used;
}

/* Who is between them. */

static void pass(struct end *to, const void *bytes, size_t n)
{
        if (n > WIRE - to->in_size)
                n = WIRE - to->in_size;
        memcpy(to->in + to->in_size, bytes, n);
        to->in_size += n;
        to->in_total += n;
}

/** Records that nobody has said. */
static void forge(struct end *to)
{
        static const char *const bodies[] = {
            "",         "\1\0",         "\2\x28",           "\1\x5a",       "\1\x64",
            "\0\0\0\0", "\x18\0\0\1\1", "\x0b\xff\xff\xff", "\x14\0\0\x0c", "\1\0\0\2\3\3",
            "\1"};
        static const size_t sizes[] = {0, 2, 2, 2, 2, 4, 5, 4, 4, 6, 1};
        unsigned which = draw(sizeof sizes / sizeof sizes[0]);
        unsigned char header[] = {(unsigned char)(19 + draw(7)), 3, (unsigned char)draw(5), 0,
                                  (unsigned char)sizes[which]};

        for (unsigned count = 1 + (draw(4) == 1 ? draw(255) : 0); count > 0; count--) {
                pass(to, header, sizeof header);
                pass(to, bodies[which], sizes[which]);
        }
}

/** Pass a record on that is not what it was: how many of the bytes from there on were used. */
static size_t damage(struct end *to, unsigned char *record, size_t n, size_t rest)
{
        size_t at = (draw(256) << 8 | draw(256)) % n;

        is_damaged = true;
        switch (draw(10)) {
        case 0:
                record[at] ^= (unsigned char)(1 << draw(8));
                break;
        case 1:
                pass(to, record, at);
                return n;
        case 2:
                return n;
        case 3:
                pass(to, record, n);
                break;
        case 4: /* the next ones before it */
                pass(to, record + n, rest - n);
                pass(to, record, n);
                return rest;
        case 5:
                record[3 + draw(2)] = (unsigned char)draw(256);
                break;
        case 6:
                record[3] = record[4] = 0xff;
                break;
        case 7:
                record[0] = (unsigned char)(19 + draw(7));
                break;
        case 8:
                for (size_t i = at; i < n; i++)
                        record[i] = (unsigned char)draw(256);
                break;
        default:
                forge(to);
        }
        pass(to, record, n);
        return n;
}

/** Have the other side see what was said, in portions. */
static void deliver(struct end *to)
{
        for (size_t at = 0; at < wire_size;) {
                size_t rest = wire_size - at, n = rest;

                if (rest > 5 && (size_t)(wire[at + 3] << 8 | wire[at + 4]) + 5 < rest)
                        n = (size_t)(wire[at + 3] << 8 | wire[at + 4]) + 5;
                if (n >= 5 && draw(256) > 235) {
                        at += damage(to, wire + at, n, rest);
                } else {
                        if (draw(8) == 1)
                                n = 1 + draw(255) % n;
                        pass(to, wire + at, n);
                        at += n;
                }
                if (draw(4) != 1)
                        read_some(to);
        }
        wire_size = 0;
        read_some(to);
}

static void take_turn(struct end *end, struct end *other)
{
        answer(end);
        write_some(end);
        deliver(other);
}

static void open_end(struct end *end, eddy_tls *tls, const char *name)
{
        void *self;

        if (tls->impl->open(tls, name, &self) < 0)
                fail("does not open", 0);
        memset(end, 0, offsetof(struct end, in));
        memset(&end->in_size, 0, sizeof *end - offsetof(struct end, in_size));
        end->filter = tls->impl->filter;
        end->self = self;
}

static void close_end(struct end *end)
{
        unsigned char out[1024];
        size_t n = 0;
        ssize_t rc;

        while (end->filter->finish(end->self, out, sizeof out) > 0)
                ;
        rc = end->failure || end->has_ended ? 0 : end->filter->decode(end->self, NULL, &n, out, sizeof out);
        if (rc > 0)
                fail("reads behind the end", rc);
        if (rc < 0)
                note_failure(end, rc);
        end->filter->free(end->self);
        if (ERR_peek_error())
                fail("leaves errors of OpenSSL's", (long)ERR_peek_error());
}

static void create_contexts(void)
{
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE];

        if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1 ||
            eddy_tls_create_self_signed(&server, "example.org", fingerprint) < 0)
                fail("cannot begin", 0);
        for (int i = 0; i < 2; i++)
                if (eddy_tls_create_client(&clients[i],
                                           &(eddy_tls_options){.verify = EDDY_TLS_VERIFY_INSECURE,
                                                               .highest = i ? EDDY_TLS_1_2 : EDDY_TLS_1_3}) < 0)
                        fail("cannot begin", 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
        size_t before;

        if (!server)
                create_contexts();
        begin_input(data, size);
        calls = wire_size = 0;
        is_damaged = false;
        before = most_memory = memory;
        open_end(&ends[0], clients[draw(2)], draw(2) ? NULL : "example.org");
        open_end(&ends[1], server, NULL);
        alarm(SECONDS);
        for (int turn = 0; turn < MOST_TURNS && (!ends[0].has_ended || !ends[1].has_ended); turn++)
                take_turn(&ends[turn % 2], &ends[1 - turn % 2]);
        if (!is_damaged && (ends[0].read != WRITTEN || ends[1].read != WRITTEN))
                fail("not all arrives", (long)ends[0].read);
        if (most_memory - before > MOST_MEMORY)
                fail("needs much memory", (long)(most_memory - before));
        is_damaged = true; /* for who is left has not seen an end */
        for (int i = 0; i < 2; i++)
                close_end(&ends[i]);
        alarm(0);
        return 0;
}

#ifndef HAS_FUZZER_MAIN
int main(int argc, char **argv)
{
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
        unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
        unsigned long damaged = 0, agreed = 0;

        for (seed = first; seed < first + count; seed++) {
                unsigned char data[4096];
                uint64_t state = seed;
                size_t size = next_random(&state) % sizeof data;

                for (size_t i = 0; i < size; i++)
                        data[i] = (unsigned char)next_random(&state);
                is_damaged = false;
                LLVMFuzzerTestOneInput(data, size);
                agreed += ends[0].read > 0 && ends[1].read > 0;
                damaged += ends[0].failure || ends[1].failure;
        }
        printf("%lu conversations: %lu in which both have read something, %lu that have failed\n", count,
               agreed, damaged);
        for (int i = 0; i < 2; i++)
                eddy_tls_unref(clients[i]);
        eddy_tls_unref(server);
        return 0;
}
#endif
