/* A file of jobs on a disk that is full: who enqueues is told so, nothing is there by half, workers go on when there is room again, and
 * what became of jobs meanwhile is not lost. The disk is one of memory, which a namespace of this test's own has mounted. */
#include "../store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { SIZE = 512 * 1024 };

static char place[] = "/tmp/eddy-jobs-disk-XXXXXX", filler[64];

/* Write a line to one of the system's files. */
static bool tell_system(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        bool is_written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

        close(fd);
        return is_written;
}

/* As who may mount within a namespace of its own. */
static bool enter_namespace(void)
{
        char users[32], groups[32];

        snprintf(users, sizeof users, "0 %u 1", (unsigned)getuid());
        snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getgid());
        return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && tell_system("/proc/self/setgroups", "deny") &&
               tell_system("/proc/self/uid_map", users) && tell_system("/proc/self/gid_map", groups);
}

static int mount_disk(void **state)
{
        (void)state;
        snprintf(filler, sizeof filler, "%s/filler", place);
        setenv("TMPDIR", place, 1);
        return 0;
}

/* Leave no room but what is there already in files. */
static void fill(void)
{
        int fd = open(filler, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        char page[4096] = {0};

        assert_true(fd >= 0);
        while (write(fd, page, sizeof page) > 0)
                ;
        assert_int_equal(errno, ENOSPC);
        close(fd);
}

static void make_room(void)
{
        assert_int_equal(unlink(filler), 0);
}

/* Fill the store until it says that it is full: how many of these jobs it has. Each is larger than a page. */
static int enqueue_until_full(eddy_jobs *jobs)
{
        static char payload[6000];
        char id[16];
        int rc = 0, n = 0;

        memset(payload, 'x', sizeof payload);
        while (rc == 0) {
                eddy_job_spec spec = {.kind = "work", .id = id, .payload = payload, .size = sizeof payload};
                snprintf(id, sizeof id, "j%d", n);
                rc = eddy_jobs_enqueue(jobs, &spec, NULL);
                n += rc == 0;
        }
        assert_int_equal(rc, -ENOSPC);
        assert_non_null(strstr(eddy_error_detail(), "full"));
        return n;
}

static size_t count_jobs(eddy_jobs *jobs)
{
        eddy_job_list list;
        size_t n;

        assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.most = 10000}, &list), 0);
        n = list.count;
        eddy_job_list_free(&list);
        return n;
}

COROUTINE_TEST(enqueueing_on_a_full_disk_adds_nothing_and_says_so)
{
        eddy_jobs *jobs = open_new_store(), *again;
        eddy_job_spec many[50];
        static char payload[6000];
        int n;

        fill();
        n = enqueue_until_full(jobs);
        assert_int_equal(count_jobs(jobs), n);
        for (int i = 0; i < 50; i++)
                many[i] = (eddy_job_spec){.kind = "work", .payload = payload, .size = sizeof payload};
        assert_int_equal(eddy_jobs_enqueue_many(jobs, many, 50, NULL), -ENOSPC);
        assert_int_equal(count_jobs(jobs), n);
        again = open_store(); /* who comes on a full disk sees the same */
        assert_int_equal(count_jobs(again), n);
        eddy_jobs_close(again);
        make_room();
        assert_int_equal(eddy_jobs_enqueue_many(jobs, many, 10, NULL), 0);
        assert_int_equal(count_jobs(jobs), n + 10);
        close_store(jobs);
}

/* Workers. */

static eddy_job_worker *worker;
static int begun, done, failures;
static eddy_event changed;

static int do_job(eddy_job *job, void *arg)
{
        static char result[20000]; /* which has no room on a full disk */

        (void)arg;
        begun++;
        if (*eddy_job_id(job) == 'w')
                fill();
        memset(result, 'r', sizeof result);
        return eddy_job_set_result(job, result, sizeof result);
}

static void on_event(eddy_job *job, eddy_job_event event, const char *text, void *arg)
{
        (void)job, (void)text, (void)arg;
        done += event == EDDY_JOB_EVENT_DONE;
        failures += event != EDDY_JOB_EVENT_DONE && event != EDDY_JOB_EVENT_BEGUN;
        eddy_event_set(&changed);
}

static intptr_t run_worker(void *arg)
{
        (void)arg;
        return eddy_job_worker_run(worker);
}

/* Until the store has refused a turn, which nobody tells: one more write than there is room for is refused, too. */
static void wait_until_refused(eddy_jobs *jobs)
{
        while (begun == 0)
                assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        enqueue_until_full(jobs);
        assert_int_equal(done, 0);
}

COROUTINE_TEST(a_worker_outlasts_a_full_disk_and_its_verdicts_are_told_once_there_is_room)
{
        eddy_jobs *jobs = open_new_store();
        eddy_task *task;
        eddy_job_info *info;
        intptr_t rc;

        begun = done = failures = 0;
        assert_int_equal(eddy_job_worker_create(
                             &worker, jobs, &(eddy_job_worker_options){.concurrency = 1, .on_event = on_event}),
                         0);
        assert_int_equal(eddy_job_worker_handle(worker, "work", do_job, NULL), 0);
        enqueue(jobs, "w", (eddy_job_spec){0});
        task = eddy_create_task(run_worker, NULL);
        wait_until_refused(jobs);
        make_room();
        EDDY_TIMEOUT_SCOPE(eddy_seconds(60))
                while (done == 0 && eddy_interrupted() == 0) {
                        eddy_event_clear(&changed);
                        eddy_event_wait(&changed);
                }
        assert_true(done >= 1);
        assert_int_equal(failures, 0);
        eddy_job_worker_stop(worker);
        assert_int_equal(eddy_join(task, &rc), 0);
        assert_int_equal(rc, 0);
        info = look(jobs, "w");
        assert_int_equal(info->state, EDDY_JOB_DONE);
        assert_int_equal(info->attempt, 1);
        assert_int_equal(info->result_size, 20000);
        eddy_free(info);
        eddy_job_worker_destroy(worker);
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(enqueueing_on_a_full_disk_adds_nothing_and_says_so),
            cmocka_unit_test(a_worker_outlasts_a_full_disk_and_its_verdicts_are_told_once_there_is_room),
        };
        char options[32];
        int rc;

        snprintf(options, sizeof options, "size=%d", SIZE);
        setenv("EDDY_TEST_JOBS", "sqlite:", 1);
        if (!mkdtemp(place))
                return 1;
        if (!enter_namespace() || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("eddy-test", place, "tmpfs", 0, options) < 0) {
                printf("skipped: no file system can be mounted here: %s\n", strerror(errno));
                rmdir(place);
                return 77;
        }
        rc = cmocka_run_group_tests(tests, mount_disk, NULL);
        umount(place);
        rmdir(place);
        return rc;
}
