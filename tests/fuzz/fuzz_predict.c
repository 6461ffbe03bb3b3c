// SPDX-License-Identifier: MIT
// What boards say of their speed: whatever it is, the file that is made of it can be read again.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "predict/figures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct predict_calibration said;
    struct predict_calibration again;
    struct predict_figures f = {.cores = 1};
    struct err err = ERR_INIT;
    struct strbuf text = {0};
    char path[] = "/tmp/fuzz-predict-XXXXXX";
    char *copy = xstrndup((const char *)data, size);
    int fd;

    if (predict_calibration_parse(copy, &said, &err) == 0 && (fd = mkstemp(path)) >= 0) {
        predict_calibration_format(&said, &text);
        if (write(fd, text.data, text.len) != (ssize_t)text.len ||
            predict_calibration_read(path, &again, &err) != 0 || again.n > said.n) {
            abort();
        }
        predict_calibration_apply(&again, &f);
        predict_calibration_release(&again);
        close(fd);
        unlink(path);
    }
    predict_calibration_release(&said);
    strbuf_release(&text);
    free(copy);
    return 0;
}
