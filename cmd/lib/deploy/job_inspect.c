// Is a release that a board has what was deployed?

#include "deploy/differences.h"
#include "deploy/job.h"

void job_inspect(struct job *j, size_t node, const char *id)
{
    j->boards[node].state = DEPLOY_ASKED;
    j->stations[node].differs = false;
    strv_release(&j->boards[node].differences);
    job_command(j, node, "inspect %s", id);
}

void job_inspected(struct job *j, size_t node)
{
    struct deploy_board *b = &j->boards[node];
    bool differs = j->stations[node].differs;
    if (b->state != DEPLOY_ASKED) {
        return;
    }
    if (j->goal == JOB_VERIFY) {
        b->state = DEPLOY_ANSWERED;
    } else if (!differs) {
        b->state = DEPLOY_READY;
    } else if (j->goal == JOB_RELEASE) { // it is sent again
        job_command(j, node, "facts");
    } else {
        struct differences found;
        differences_read(&b->differences, &found);
        job_fail(j, node, ERR_VERIFY, "its release %s differs from what was deployed: %s %s", j->id,
                 found.n ? found.items[0].file : "a file",
                 found.n ? found.items[0].what : "differs");
        differences_release(&found);
        err_hint(&b->err, "deploy that release again, or choose another: pisdk deploy --list");
    }
}
