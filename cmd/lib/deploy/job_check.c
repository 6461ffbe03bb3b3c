// SPDX-License-Identifier: MIT
// The check before copying: what boards have of what the release needs.

#include <string.h>

#include "deploy/job.h"

static bool is_unchecked(const struct job *j, size_t node)
{
    return j->boards[node].state == DEPLOY_ANSWERED && j->stations[node].answer.len == 0;
}

// Boards with the same libraries answer alike.
static void share_answer(struct job *j, size_t node)
{
    const struct station *s = &j->stations[node];
    for (size_t i = 0; i < j->n; i++) {
        struct station *other = &j->stations[i];
        if (is_unchecked(j, i) && s->key && strcmp(s->key, "-") != 0 &&
            str_eq(s->key, other->key)) {
            strbuf_adds(&other->answer, s->answer.data);
        }
    }
}

bool job_check_next(struct job *j)
{
    if (!j->o->question) {
        return false;
    }
    if (j->phase == PHASE_CHECK && j->checking < j->n &&
        j->boards[j->checking].state == DEPLOY_ANSWERED) {
        strbuf_adds(&j->stations[j->checking].answer, "\n"); // also an empty one is an answer
        share_answer(j, j->checking);
        j->checking = j->n;
    }
    for (size_t i = 0; i < j->n; i++) {
        if (is_unchecked(j, i)) {
            j->checking = i;
            j->boards[i].state = DEPLOY_ASKED;
            fleet_send(j->fleet, i, j->o->question);
            return true;
        }
    }
    return false;
}

int job_check_compare(struct job *j, struct err *err)
{
    int mismatches = 0;
    for (size_t i = 0; i < j->n; i++) {
        if (j->boards[i].state == DEPLOY_ANSWERED && j->o->question) {
            int n = j->o->check(j->o->user, i, j->stations[i].answer.data, err);
            if (n < 0) {
                return -1;
            }
            mismatches += n;
        }
    }
    return mismatches == 0 ? 0
                           : err_set(err, ERR_VERIFY,
                                     "the programs cannot run on all boards; nothing was sent");
}
