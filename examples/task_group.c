/*
 * A group: the first failure cancels the siblings; none outlives the group; all failures are listed.
 *
 *         try:                                                   # asyncio
 *                 async with asyncio.TaskGroup() as group:
 *                         group.create_task(lookup())
 *                         group.create_task(download())
 *                         group.create_task(upload())
 *         except* OSError as group:
 *                 for error in group.exceptions:
 *                         print(error)
 */
#include <eddy.h>
#include <stdio.h>

static intptr_t lookup(void *arg)
{
        (void)arg;
        int rc = eddy_sleep(eddy_ms(20));
        return rc < 0 ? rc : eddy_fail(-ENOENT, "no such host: %s", "example.invalid");
}

static intptr_t download(void *arg)
{
        (void)arg;
        int rc = eddy_sleep(eddy_seconds(3600));
        printf("download: %s\n", eddy_errname(rc));
        return rc;
}

static intptr_t upload(void *arg)
{
        (void)arg;
        int rc = eddy_sleep(eddy_seconds(3600));
        printf("upload: %s\n", eddy_errname(rc));
        return -EIO; /* its clean-up fails: that is a failure too */
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_group group;
        eddy_group_open(&group);
        eddy_group_create_task(&group, lookup, NULL, NULL);
        eddy_group_create_task(&group, download, NULL, NULL);
        eddy_group_create_task(&group, upload, NULL, NULL);
        int rc = eddy_group_wait(&group);

        printf("the group: %s: %s\n", eddy_errname(rc), eddy_error_detail());
        for (eddy_task *task = NULL; (task = eddy_group_failed(&group, task));) {
                intptr_t error;
                eddy_future_result(task, &error);
                printf("failed: %s: %s\n", eddy_task_name(task), eddy_strerror(error));
        }
        return eddy_group_close(&group);
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        return rc != -ENOENT; /* the failure that it wanted to show */
}
