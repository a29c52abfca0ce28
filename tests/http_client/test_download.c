/* Downloads, against a server in the same loop: in segments too, where everything fails once, and cancelled at every moment.
 * What servers answer wrongly is in tests/cli. */
#include "base/fault.h"

#include "files_world.h"

static const char *insist(const eddy_http_response *response, void *path)
{
        (void)response;
        return path;
}

/* Who is asked for a name and knows only one that is taken gets no second file, and an end. */
static intptr_t named_in_vain(void *arg)
{
        char path[128];
        struct world world = {0};

        (void)arg;
        assert_int_equal(world_open(&world, NULL), 0);
        const eddy_http_request request = {.url = url_of(world.server, "small.txt"), .arg = path};

        snprintf(path, sizeof path, "%s/taken", folder);
        fclose(fopen(path, "w"));
        assert_int_equal(eddy_http_download(world.client, &request, path,
                                            &(eddy_http_download_options){.choose_path = insist}, NULL),
                         -EEXIST);
        assert_int_equal(unlink(path), 0);
        world_close(&world);
        return 0;
}

static void test_named_in_vain(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(named_in_vain, NULL), 0);
}

static void assert_downloaded(const char *path)
{
        char *data = malloc(BIG);
        FILE *file = fopen(path, "r");

        assert_non_null(file);
        assert_int_equal(fread(data, 1, BIG, file), BIG);
        assert_memory_equal(data, big, BIG);
        fclose(file);
        free(data);
}

static void write_text(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");

        fputs(text, file);
        fclose(file);
}

static void assert_text(const char *path, const char *text)
{
        char found[16] = "";
        FILE *file = fopen(path, "r");

        assert_non_null(file);
        assert_int_equal(fread(found, 1, sizeof found - 1, file), strlen(text));
        assert_string_equal(found, text);
        fclose(file);
}

/* What is there in spite of what the caller says is found in the end, and stays. */
static intptr_t said_to_be_new(void *arg)
{
        const char *const names[] = {"small.txt", "big"};
        const eddy_http_download_options options = {.is_new = true};
        char path[128], part[128];
        struct world world = {0};

        (void)arg;
        assert_int_equal(world_open(&world, NULL), 0);
        for (int i = 0; i < 2; i++) {
                const eddy_http_request request = {.url = url_of(world.server, names[i])};

                snprintf(path, sizeof path, "%s/new", folder);
                snprintf(part, sizeof part, "%s/.new.part", folder);
                write_text(path, "mine");
                assert_int_equal(eddy_http_download(world.client, &request, path, &options, NULL), -EEXIST);
                assert_text(path, "mine");
                /* What is small is not kept for that. */
                assert_int_equal(access(part, F_OK), i == 0 ? -1 : 0);
                unlink(path);
                /* Of a part nothing is taken. */
                write_text(part, "other bytes");
                assert_int_equal(eddy_http_download(world.client, &request, path, &options, NULL), 0);
                if (i == 0)
                        assert_text(path, "small");
                assert_int_equal(access(part, F_OK), i == 0 ? 0 : -1);
                unlink(part);
                if (i == 0)
                        unlink(path);
        }
        world_close(&world);
        assert_downloaded(path);
        return 0;
}

static void test_said_to_be_new(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(said_to_be_new, NULL), 0);
}

/* Whatever fails inside, on either side: an error and no crash, no leak, no hanging. */
struct fault_play {
        unsigned long nth;
        unsigned segments;
};

static intptr_t play_fault(void *arg)
{
        const struct fault_play *play = arg;
        const eddy_http_download_options options = {.overwrite = true, .segments = play->segments};
        unsigned long nth = play->nth;
        struct world world = {0};
        bool was_used_up = false;
        char path[128];
        int rc = world_open(&world, NULL);

        assert_int_equal(rc, 0);
        const eddy_http_request request = {.url = url_of(world.server, "big"), .timeout = eddy_seconds(2)};

        snprintf(path, sizeof path, "%s/downloaded", folder);
        fault_arm(nth, 1);
        rc = eddy_http_download(world.client, &request, path, &options, NULL);
        was_used_up = fault_uses() >= nth;
        fault_arm(0, 0);
        if (!was_used_up)
                assert_int_equal(rc, 0);
        if (rc == 0)
                assert_downloaded(path);
        world_close(&world);
        return was_used_up;
}

static void ignore_exception(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop, (void)exception, (void)arg;
}

static intptr_t play_fault_quietly(void *arg)
{
        eddy_loop_set_exception_handler(eddy_running_loop(), ignore_exception, NULL);
        return play_fault(arg);
}

static void test_faults(void **state)
{
        struct fault_play play = {.nth = 1};

        (void)state;
        for (; eddy_run(play_fault_quietly, &play) == 1; play.nth++)
                ;
        assert_true(play.nth > 10);
}

static void test_faults_with_segments(void **state)
{
        struct fault_play play = {.nth = 1, .segments = 3};

        (void)state;
        for (; eddy_run(play_fault_quietly, &play) == 1; play.nth++)
                ;
        assert_true(play.nth > 10);
}

/* Over three connections. */
static intptr_t download_in_segments(void *arg)
{
        const eddy_http_download_options options = {.segments = 3};
        struct world world = {0};
        eddy_http_counts counts;
        char path[128];

        (void)arg;
        assert_int_equal(world_open(&world, NULL), 0);
        snprintf(path, sizeof path, "%s/downloaded", folder);
        unlink(path);
        assert_int_equal(eddy_http_download(world.client,
                                            &(eddy_http_request){.url = url_of(world.server, "big")}, path,
                                            &options, NULL),
                         0);
        assert_downloaded(path);
        eddy_http_service_count(eddy_http_files_service(world.files), &counts);
        assert_true(counts.requests >= 3);
        unlink(path);
        world_close(&world);
        return 0;
}

/** A download that is to be cancelled. */
struct cancelled {
        struct world *world;
        const char *path;
};

static intptr_t download_for_a_while(void *arg)
{
        const struct cancelled *cancelled = arg;

        return eddy_http_download(
            cancelled->world->client, &(eddy_http_request){.url = url_of(cancelled->world->server, "big")},
            cancelled->path, &(eddy_http_download_options){.segments = 3, .overwrite = true}, NULL);
}

/* Cancelled after ever more turns of the loop: no such file, or all of it; and what is left is gone on with. */
static intptr_t cancel_segments(void *arg)
{
        struct world world = {0};
        struct cancelled cancelled = {.world = &world};
        intptr_t outcome = EDDY_CANCELLED;
        char path[128];

        (void)arg;
        assert_int_equal(world_open(&world, NULL), 0);
        snprintf(path, sizeof path, "%s/downloaded", folder);
        cancelled.path = path;
        for (int turns = 0; outcome != 0; turns++) {
                eddy_task *task = eddy_create_task(download_for_a_while, &cancelled);

                unlink(path);
                for (int i = 0; i < turns; i++)
                        assert_int_equal(eddy_yield(), 0);
                eddy_cancel(task);
                eddy_join(task, &outcome);
                assert_true(outcome == EDDY_CANCELLED || outcome == 0);
                if (outcome == 0)
                        assert_downloaded(path);
                else
                        assert_int_equal(access(path, F_OK), -1);
        }
        unlink(path);
        world_close(&world);
        return 0;
}

static void test_cancelled_segments(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(cancel_segments, NULL), 0);
}

static void test_segments(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(download_in_segments, NULL), 0);
}

/* Where all tasks are eager, helpers begin within the head of the first answer, and help all the same. */
static intptr_t download_eagerly(void *arg)
{
        intptr_t rc;

        eddy_loop_set_task_factory(eddy_running_loop(), eddy_eager_task_factory, NULL);
        rc = download_in_segments(arg);
        eddy_loop_set_task_factory(eddy_running_loop(), NULL, NULL);
        return rc;
}

static void test_eager_segments(void **state)
{
        (void)state;
        assert_int_equal(eddy_run(download_eagerly, NULL), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_named_in_vain),  cmocka_unit_test(test_said_to_be_new),
            cmocka_unit_test(test_faults),         cmocka_unit_test(test_faults_with_segments),
            cmocka_unit_test(test_segments),       cmocka_unit_test(test_cancelled_segments),
            cmocka_unit_test(test_eager_segments),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
