// SPDX-License-Identifier: MIT
// What a board is asked first, and whether a release that it has is what was deployed.

#include <string.h>

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

void job_ask(struct job *j, size_t node)
{
    struct deploy_board *b = &j->boards[node];
    b->state = DEPLOY_ASKED;
    if (j->goal == JOB_VERIFY && b->current[0]) {
        job_inspect(j, node, b->current);
    } else if (j->goal == JOB_VERIFY) {
        b->state = DEPLOY_ANSWERED;
    } else if (j->goal != JOB_RELEASE) {
        job_command(j, node, "history");
    } else if (strcmp(b->current, j->id) == 0 && !j->o->again) {
        b->state = DEPLOY_DONE;
        job_switch(j, node); // it tidies up there
    } else if (strv_has(&b->releases, j->id)) {
        job_inspect(j, node, j->id);
    } else {
        job_command(j, node, "facts");
    }
}
