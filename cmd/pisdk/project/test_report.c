// SPDX-License-Identifier: MIT
#include "pisdk/project/test_report.h"

#include <string.h>

#include "base/fs.h"
#include "base/str.h"

enum { REPORT_MAX = 1 << 28 };

int test_report_copy_meson(const char *build_dir, const char *file, struct err *err)
{
    _cleanup_free_ char *from = fs_join(build_dir, "meson-logs/testlog.junit.xml");
    _cleanup_strbuf_ struct strbuf text = {0};
    if (fs_read_file(from, REPORT_MAX, &text, err) != 0) {
        return err_wrap(err, "meson wrote no results");
    }
    return fs_write_file(file, text.data, text.len, 0644, err);
}

static char *xml(const char *text)
{
    struct strbuf out = {0};
    for (; *text; text++) {
        const char *name = *text == '&'   ? "&amp;"
                           : *text == '<' ? "&lt;"
                           : *text == '>' ? "&gt;"
                           : *text == '"' ? "&quot;"
                                          : NULL;
        if (name) {
            strbuf_adds(&out, name);
        } else if ((unsigned char)*text >= ' ') { // XML has no other control characters
            strbuf_add(&out, text, 1);
        }
    }
    return strbuf_take(&out);
}

int test_report_write(const char *project, const char *command, double seconds, int status,
                      const char *file, struct err *err)
{
    _cleanup_free_ char *suite = xml(project);
    _cleanup_free_ char *name = xml(command);
    _cleanup_strbuf_ struct strbuf text = {0};

    strbuf_addf(&text,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<testsuites>\n"
                "  <testsuite name=\"%s\" tests=\"1\" failures=\"%d\" time=\"%.3f\">\n"
                "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">\n",
                suite, status != 0, seconds, suite, name, seconds);
    if (status != 0) {
        strbuf_addf(&text, "      <failure message=\"exit status %d\"/>\n", status);
    }
    strbuf_adds(&text, "    </testcase>\n  </testsuite>\n</testsuites>\n");
    return fs_write_file(file, text.data, text.len, 0644, err);
}
