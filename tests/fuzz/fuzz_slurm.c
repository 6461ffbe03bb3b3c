// SPDX-License-Identifier: MIT
// What sbatch and scontrol answer.

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "remote/slurm.h"

static void check(const char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~') {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *line = xstrndup((const char *)data, size);
    struct err err = ERR_INIT;
    struct slurm_job job;
    long id;
    int status;

    if (slurm_read_answer(line, &id, &err) == 0 && (id < 1 || id > SLURM_ID_MAX)) {
        abort();
    }
    if (slurm_read_job(line, &job, &err) != 0) {
        return 0;
    }
    const char *texts[] = {job.state, job.reason, job.time, job.limit, job.nodes, job.host};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        check(texts[i]);
    }
    if (slurm_job_status(&job, &status) && (status < 0 || status > 255)) {
        abort();
    }
    slurm_job_release(&job);
    return 0;
}
