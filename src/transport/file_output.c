/* Files in what leaves by a flow: each behind what was written before it, and what was written after it behind that. */
#include "transport/file_part.h"
#include "transport/flow.h"
#include <string.h>

/** Take a part out, with nothing any more behind it. */
static void take_out(struct flow_output *output, struct file_part *part)
{
        struct file_part *before = NULL;

        for (struct file_part *other = output->files; other != part; other = other->next)
                before = other;
        *(before ? &before->next : &output->files) = part->next;
        if (output->last_file == part)
                output->last_file = before;
        part->flow = NULL;
        part->next = NULL;
}

int flow_add_file(struct flow *flow, struct file_part *part)
{
        struct flow_output *output;
        int rc = flow_check_adding(flow);

        if (rc == 0)
                rc = flow_have_output(flow);
        if (rc < 0)
                return rc;
        output = flow->output;
        part->flow = flow;
        *(output->files ? &output->last_file->next : &output->files) = part;
        output->last_file = part;
        if (output->files == part)
                file_part_cork(part);
        flow_flush(flow);
        flow_settle(flow);
        return 0;
}

void flow_begin_file(struct flow_output *output)
{
        if (!output->files->has_begun)
                file_part_begin(output->files);
}

/** What was written after a part, which is the caller's to place or give back. */
static struct buffer take_after(struct flow_output *output, struct file_part *part)
{
        struct buffer after = part->after;

        output->after_files -= buffer_size(&after);
        part->after = (struct buffer){.memory = NULL};
        return after;
}

static void drop_after(struct flow *flow, struct file_part *part)
{
        struct buffer after = take_after(flow->output, part);

        flow_give_back(flow, &after);
}

/** What was written after a part that is not sent comes behind what is before it. */
static void let_follow(struct flow *flow, struct file_part *part)
{
        struct flow_output *output = flow->output;
        struct buffer after = take_after(output, part), *before = &output->queued;
        size_t n = buffer_size(&after);
        int rc;

        for (struct file_part *other = output->files; other != part; other = other->next)
                before = &other->after;
        rc = n > 0 ? flow_reserve(flow, before, n) : 0;
        if (rc == 0 && n > 0) {
                memcpy(buffer_room(before), buffer_data(&after), n);
                flow_note_added(flow, before, n);
        }
        flow_give_back(flow, &after);
        if (rc < 0) /* what was promised to leave cannot */
                flow_fail(flow, rc);
}

void flow_cancel_file(struct file_part *part)
{
        struct flow *flow = part->flow;

        if (flow && !part->has_begun) {
                let_follow(flow, part);
                if (part->flow)
                        take_out(flow->output, part);
        }
        file_part_cancel(part, EDDY_CANCELLED);
}

void flow_finish_file(struct file_part *part)
{
        struct flow *flow = part->flow;
        struct flow_output *output;

        if (!flow)
                return;
        output = flow->output;
        flow_give_back(flow, &output->queued);
        output->queued = take_after(output, part);
        take_out(output, part);
        if (part->outcome < 0 && part->outcome != EDDY_CANCELLED && !part->file_failed)
                flow_fail(flow, (int)part->outcome);
        flow_flush(flow);
        flow_settle(flow);
}

void flow_drop_files(struct flow *flow)
{
        struct file_part *next;

        for (struct file_part *part = flow->output->files; part; part = next) {
                next = part->next;
                drop_after(flow, part);
                if (!part->has_begun)
                        take_out(flow->output, part);
                file_part_cancel(part, flow->write_error);
        }
}

void flow_close_files(struct flow *flow)
{
        struct flow_output *output = flow->output;
        struct file_part *files = output->files, *next;

        if (!files)
                return;
        if (!flow->write_error)
                flow->write_error = EDDY_ELOOPCLOSED;
        output->files = output->last_file = NULL;
        for (struct file_part *part = files; part; part = part->next) {
                drop_after(flow, part);
                part->flow = NULL;
        }
        for (struct file_part *part = files; part; part = next) {
                next = part->next;
                part->next = NULL;
                file_part_close(part);
        }
}
