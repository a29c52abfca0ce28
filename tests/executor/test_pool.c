/* The helper threads of a loop: every errand is done once, or dropped with the loop. */
#include "../stream/helpers.h"
#include "../stream/helpers_resolve.h"

#include "base/fault.h"
#include "base/sys.h"
#include "executor/pool.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { CHORES = 500 };

/** As Python's. */
static unsigned most_threads(void)
{
        unsigned count = (unsigned)sys_processor_count() + 4;

        return count < 32 ? count : 32;
}

/** Wait for what other threads do, and leave the processor to them. */
#define until_others(condition)                                                                                \
        while (!(condition))                                                                                   \
        assert_int_equal(eddy_sleep(eddy_us(100)), 0)

/** What chores have in common. */
struct shop {
        pthread_t loop_thread;
        atomic_uint begun, at_once, most_at_once;
        atomic_bool is_open; /* chores that wait for it may go on */
        unsigned done, dropped;
};

struct chore {
        struct errand errand;
        struct shop *shop;
        struct chore *other; /* whose work this one's waits for */
        atomic_bool was_worked;
};

static void run(struct errand *errand)
{
        struct chore *chore = container_of(errand, struct chore, errand);
        struct shop *shop = chore->shop;
        unsigned now = atomic_fetch_add(&shop->at_once, 1) + 1, most = atomic_load(&shop->most_at_once);

        assert_false(pthread_equal(pthread_self(), shop->loop_thread));
        while (now > most && !atomic_compare_exchange_weak(&shop->most_at_once, &most, now))
                ;
        atomic_fetch_add(&shop->begun, 1);
        while (!atomic_load(&shop->is_open) || (chore->other && !atomic_load(&chore->other->was_worked)))
                usleep(100);
        atomic_store(&chore->was_worked, true);
        atomic_fetch_sub(&shop->at_once, 1);
}

static void done(struct errand *errand)
{
        struct chore *chore = container_of(errand, struct chore, errand);

        assert_true(pthread_equal(pthread_self(), chore->shop->loop_thread));
        assert_true(atomic_load(&chore->was_worked));
        chore->shop->done++;
}

static void drop(struct errand *errand)
{
        container_of(errand, struct chore, errand)->shop->dropped++;
}

static void shop_init(struct shop *shop, bool is_open)
{
        memset(shop, 0, sizeof *shop);
        shop->loop_thread = pthread_self();
        atomic_store(&shop->is_open, is_open);
}

static void chore_init(struct chore *chore, struct shop *shop)
{
        memset(chore, 0, sizeof *chore);
        chore->errand = (struct errand){.run = run, .done = done, .drop = drop};
        chore->shop = shop;
}

static struct chore chores[CHORES];

static void submit_all(eddy_loop *loop, struct shop *shop, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                chore_init(&chores[i], shop);
                assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[i].errand), 0);
        }
}

static void more_chores_than_threads(void)
{
        struct shop shop;

        for (int round = 0; round < 3; round++) {
                shop_init(&shop, false);
                submit_all(eddy_running_loop(), &shop, CHORES);
                until_others(atomic_load(&shop.begun) == most_threads());
                assert_int_equal(shop.done, 0);
                atomic_store(&shop.is_open, true);
                until_others(shop.done == CHORES);
                assert_int_equal(shop.dropped, 0);
                assert_int_equal(atomic_load(&shop.most_at_once), most_threads());
        }
}

/** A thread that is idle takes one chore, and the next gets a thread of its own. */
static void none_waits_while_threads_can_be_had(void)
{
        struct shop shop;

        for (int round = 0; round < 200; round++) {
                eddy_loop *loop = eddy_running_loop();

                shop_init(&shop, true);
                submit_all(loop, &shop, 1);
                until_others(shop.done == 1);
                eddy_sleep(eddy_us(200)); /* for the thread to become idle */
                chore_init(&chores[0], &shop);
                chore_init(&chores[1], &shop);
                chores[0].other = &chores[1];
                assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[0].errand), 0);
                assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[1].errand), 0);
                until_others(shop.done == 3);
        }
}

static void *open_shop(void *arg)
{
        struct shop *shop = arg;

        atomic_store(&shop->is_open, true);
        return NULL;
}

/** Chores that are at work when the loop is closed end first, and those that wait are never begun or end too.
 */
static void loop_is_closed(void **state)
{
        (void)state;
        for (unsigned count = 1; count < 64; count += 7) {
                struct shop shop;
                eddy_loop *loop;
                pthread_t opener;

                shop_init(&shop, false);
                assert_int_equal(eddy_loop_create(&loop), 0);
                submit_all(loop, &shop, count);
                while (atomic_load(&shop.begun) == 0)
                        ;
                assert_int_equal(pthread_create(&opener, NULL, open_shop, &shop), 0);
                assert_int_equal(eddy_loop_close(loop), 0);
                pthread_join(opener, NULL);
                /* The loop did not run, so nobody was told but by being dropped. */
                assert_int_equal(shop.done, 0);
                assert_int_equal(shop.dropped, count);
                assert_int_equal(atomic_load(&shop.at_once), 0);
                eddy_loop_destroy(loop);
        }
}

static void no_thread_to_be_had(void)
{
        struct shop shop;
        eddy_loop *loop = eddy_running_loop();

        shop_init(&shop, true);
        chore_init(&chores[0], &shop);
        fault_arm(1, 1);
        assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[0].errand), -ENOMEM);
        fault_arm(2, 1);
        assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[0].errand), -ENOMEM);
        fault_arm(2, 1);
        assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[0].errand), -EAGAIN);
        fault_arm(0, 0);
        assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[0].errand), 0);
        until_others(shop.done == 1);
        /* With one thread there already, the chore waits for that. */
        atomic_store(&shop.is_open, false);
        assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[0].errand), 0);
        until_others(atomic_load(&shop.begun) == 2);
        chore_init(&chores[1], &shop);
        fault_arm(1, 1);
        assert_int_equal(thread_pool_submit(loop, POOL_DEFAULT, &chores[1].errand), 0);
        fault_arm(0, 0);
        atomic_store(&shop.is_open, true);
        until_others(shop.done == 3);
}

/* What is blocked, and what must go on. */

enum { HOGS = 100 };

static eddy_task *hogs[HOGS];
static atomic_bool hogs_may_go;
static char fifo[64];

static intptr_t block(void *arg)
{
        (void)arg;
        while (!atomic_load(&hogs_may_go))
                usleep(100);
        return 0;
}

static intptr_t call_block(void *arg)
{
        return eddy_to_thread(block, arg, NULL);
}

static intptr_t look_up(void *name)
{
        struct addrinfo *found;
        int rc = eddy_getaddrinfo(name, NULL, NULL, &found);

        if (rc == 0)
                eddy_freeaddrinfo(found);
        return rc;
}

/** Nobody writes to it. */
static intptr_t open_fifo(void *arg)
{
        eddy_file *file;
        int rc = eddy_file_open(&file, fifo, O_RDONLY, 0);

        (void)arg;
        return rc < 0 ? rc : eddy_file_close(file);
}

static void let_hogs_go(void)
{
        int writer = open(fifo, O_RDWR | O_CLOEXEC);

        atomic_store(&hogs_may_go, true);
        set_gate(true);
        for (int i = 0; i < HOGS; i++)
                join(hogs[i]);
        close(writer);
}

static const struct hog {
        const char *what;
        eddy_fn fn;
        void *arg;
} kinds_of_hogs[] = {
    {"users' calls", call_block, NULL},
    {"look-ups", look_up, "slow.test"},
    {"files", open_fifo, NULL},
};

static intptr_t look_up_address(void *arg)
{
        char host[NI_MAXHOST];
        eddy_address address;
        int rc = eddy_address_parse(&address, "127.0.0.1:80");

        (void)arg;
        return rc < 0 ? rc : eddy_getnameinfo(&address, host, sizeof host, NULL, 0, NI_NUMERICHOST);
}

static intptr_t connect_by_name(void *arg)
{
        uint16_t port;
        int listener = listen_on_loopback(1, &port);
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "two.test", port, NULL);

        (void)arg;
        eddy_stream_destroy(stream);
        close(listener);
        return rc;
}

static intptr_t serve_by_name(void *arg)
{
        eddy_server *server;
        int rc = eddy_start_server(&server, NULL, NULL, "localhost", 0, NULL);

        (void)arg;
        eddy_server_destroy(server);
        return rc;
}

static intptr_t read_whole(void *arg)
{
        char *data;
        ssize_t n = eddy_read_file("/proc/self/cmdline", &data, 1 << 20);

        (void)arg;
        eddy_free(data);
        return n < 0 ? n : 0;
}

static intptr_t stat_path(void *arg)
{
        struct stat status;

        (void)arg;
        return eddy_path_stat("/", &status);
}

static intptr_t open_and_close(void *arg)
{
        eddy_file *file;
        int rc = eddy_file_open(&file, "/", O_RDONLY | O_DIRECTORY, 0);

        (void)arg;
        return rc < 0 ? rc : eddy_file_close(file);
}

static intptr_t list_folder(void *arg)
{
        eddy_directory *directory;
        eddy_directory_entry entry;
        int rc = eddy_directory_open(&directory, "/");

        (void)arg;
        if (rc == 0)
                rc = eddy_directory_next(directory, &entry);
        eddy_directory_close(directory);
        return rc < 0 ? rc : 0;
}

static intptr_t call_nothing(void *arg)
{
        return arg ? 0 : eddy_to_thread(call_nothing, &call_nothing, NULL);
}

static const struct other {
        const char *what;
        eddy_fn fn;
} others[] = {
    {"getaddrinfo", NULL}, /* below: it has an argument */
    {"getnameinfo", look_up_address},
    {"open_connection", connect_by_name},
    {"start_server", serve_by_name},
    {"read_file", read_whole},
    {"stat", stat_path},
    {"file_open", open_and_close},
    {"directory", list_folder},
    {"to_thread", call_nothing},
};

/** More are blocked, of each kind, than there are threads at first. */
static void nobodys_blocked_work_holds_up_others(void)
{
        snprintf(fifo, sizeof fifo, "/tmp/eddy-fifo-%d", (int)getpid());
        unlink(fifo); /* of one that was killed, and had our number */
        assert_int_equal(mkfifo(fifo, 0600), 0);
        for (size_t k = 0; k < sizeof kinds_of_hogs / sizeof kinds_of_hogs[0]; k++) {
                const struct hog *hog = &kinds_of_hogs[k];

                atomic_store(&hogs_may_go, false);
                set_gate(false);
                for (int i = 0; i < HOGS; i++)
                        hogs[i] = eddy_create_task(hog->fn, hog->arg);
                give_way(); /* until all have asked */
                for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                        intptr_t rc;

                        /* Users' calls have as many threads as their executor, and no more. */
                        if (hog->fn == call_block && others[i].fn == call_nothing)
                                continue;
                        rc = others[i].fn ? others[i].fn(NULL) : look_up("two.test");
                        if (rc != 0)
                                fail_msg("%s behind blocked %s: %s", others[i].what, hog->what,
                                         eddy_explain(rc));
                }
                for (int i = 0; i < HOGS; i++)
                        assert_false(eddy_done(hogs[i]));
                let_hogs_go();
        }
        unlink(fifo);
}

static char logged[256];

static void keep_log(eddy_log_level level, const char *message, void *arg)
{
        (void)level;
        (void)arg;
        snprintf(logged, sizeof logged, "%s", message);
}

/** Its asker's deadline passes. */
static intptr_t give_up_looking_up(void *arg)
{
        eddy_task *task = eddy_create_task(look_up, arg);

        until_others(waiting_at_gate() == 1);
        eddy_cancel(task);
        return join(task);
}

/** No name server keeps a program from ending. */
static void a_look_up_that_nobody_waits_for_holds_up_no_end(void **state)
{
        (void)state;
        for (int debug = 0; debug < 2; debug++) {
                eddy_runner runner;

                set_gate(false);
                logged[0] = '\0';
                eddy_set_log_function(keep_log, NULL);
                assert_int_equal(eddy_runner_init(&runner, &(eddy_runner_options){.debug = debug}), 0);
                assert_int_equal(eddy_runner_run(&runner, give_up_looking_up, "slow.test"), EDDY_CANCELLED);
                eddy_runner_finish(&runner);
                eddy_set_log_function(NULL, NULL);
                assert_int_equal(waiting_at_gate(), 1);
                if (debug)
                        assert_non_null(strstr(logged, "look-up 'slow.test', which nobody waits for any more"));
                else
                        assert_string_equal(logged, "");
                set_gate(true);
                while (waiting_at_gate() > 0)
                        usleep(100);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(more_chores_than_threads),
            scene_test(none_waits_while_threads_can_be_had),
            cmocka_unit_test(loop_is_closed),
            scene_test(no_thread_to_be_had),
            scene_test(nobodys_blocked_work_holds_up_others),
            cmocka_unit_test(a_look_up_that_nobody_waits_for_holds_up_no_end),
        };

        return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
