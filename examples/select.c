/*
 * Fan-in with a deadline: whoever has something to say is heard, until time is up.
 *
 *         select {                                               // Go
 *         case line := <-left:
 *         case line := <-right:
 *         case <-deadline:
 *         }
 */
#include <eddy.h>
#include <stdio.h>

struct speaker {
        eddy_queue lines; /* unbuffered: nobody speaks who is not heard */
        const char *line;
        eddy_duration pause;
};

static intptr_t speak(void *arg)
{
        struct speaker *self = arg;
        for (;;) {
                int rc = eddy_sleep(self->pause);
                if (rc == 0)
                        rc = eddy_queue_put(&self->lines, &self->line);
                if (rc < 0)
                        return rc;
        }
}

static int listen_to(struct speaker *left, struct speaker *right, eddy_duration patience)
{
        const char *line;
        eddy_case cases[] = {
            eddy_case_get(&left->lines, &line),
            eddy_case_get(&right->lines, &line),
            eddy_case_at(eddy_now() + patience),
        };
        int heard[2] = {0, 0};
        for (;;) {
                int rc = eddy_select(cases, 3);
                if (rc < 0)
                        return rc;
                if (rc == 2) /* the deadline */
                        break;
                if (heard[rc]++ == 0)
                        printf("%s\n", line);
        }
        printf("enough: %s was heard more often\n", heard[0] > heard[1] ? "left" : "right");
        return 0;
}

static intptr_t app(void *arg)
{
        (void)arg;
        struct speaker left = {.line = "left says tick", .pause = eddy_ms(3)};
        struct speaker right = {.line = "right says tock", .pause = eddy_ms(30)};
        eddy_unbuffered_queue_init(&left.lines, sizeof(char *));
        eddy_unbuffered_queue_init(&right.lines, sizeof(char *));

        eddy_group speakers;
        eddy_group_open(&speakers);
        eddy_group_create_task(&speakers, speak, &left, NULL);
        eddy_group_create_task(&speakers, speak, &right, NULL);
        int rc = listen_to(&left, &right, eddy_seconds(1));
        eddy_group_cancel(&speakers); /* they would go on for ever */
        int closed = eddy_group_close(&speakers);

        eddy_queue_finish(&left.lines);
        eddy_queue_finish(&right.lines);
        return closed < 0 ? closed : rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "select: %s\n", eddy_strerror(rc));
        return rc < 0;
}
