/* libuv in the rows spawn_process_10mb and spawn_process_2gb. */
#include "../resident.h"
#include <uv.h>

static int ended;

static void on_exit_of(uv_process_t *process, int64_t status, int signum)
{
        ended += status == 0 && signum == 0;
        uv_close((uv_handle_t *)process, NULL);
}

static int spawn_and_wait(int count)
{
        char *arguments[] = {(char *)"/bin/true", NULL};
        uv_process_options_t options = {.exit_cb = on_exit_of, .file = "/bin/true", .args = arguments};

        ended = 0;
        for (int i = 0; i < count; i++) {
                uv_process_t process;

                if (uv_spawn(uv_default_loop(), &process, &options) < 0)
                        return -1;
                uv_run(uv_default_loop(), UV_RUN_DEFAULT);
        }
        return ended == count ? 0 : -1;
}

int main(int argc, char **argv)
{
        return resident_run(argc, argv, spawn_and_wait) < 0;
}
