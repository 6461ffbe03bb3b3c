// SPDX-License-Identifier: MIT
#include "project/edit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/ini.h"

// Of a link, the file that it leads to.
static char *find_file(const struct project *p)
{
    _cleanup_free_ char *path = fs_join(p->dir, PROJECT_FILE);
    char *real = fs_real_path(path);
    return real ? real : TAKE_PTR(path);
}

static int write_text(const struct project *p, const char *path, const struct strbuf *text,
                      struct err *err)
{
    enum { PERMISSIONS = 07777 };
    struct project tried;
    struct stat st;

    if (project_read_text(p->dir, text->data, &tried, err) != 0) {
        return -1;
    }
    project_release(&tried);
    if (stat(path, &st) != 0) {
        return err_sys(err, "cannot find %s", path);
    }
    return fs_write_file(path, text->data, text->len, st.st_mode & PERMISSIONS, err);
}

// Two that change the file at once would undo each other's change. -1: then it is changed all the
// same.
static int lock_folder(const struct project *p)
{
    int fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!flock(fd, LOCK_EX);
    }
    return fd;
}

int project_add_sections(const struct project *p, const char *sections, struct err *err)
{
    _cleanup_close_ int lock = lock_folder(p);
    _cleanup_free_ char *path = find_file(p);
    _cleanup_strbuf_ struct strbuf text = {0};

    (void)lock;
    if (ini_load(path, &text, err) != 0) {
        return -1;
    }
    if (text.len > 0 && text.data[text.len - 1] != '\n') {
        strbuf_adds(&text, "\n");
    }
    strbuf_addf(&text, "\n%s", sections);
    return write_text(p, path, &text, err);
}

static bool ends_with_empty_line(const struct strbuf *text)
{
    return text->len == 0 || strcmp(text->data, "\n") == 0 || str_ends(text->data, "\n\n");
}

// Adds `text`. Where something was `cut` out before it, one of the empty lines around that is
// enough.
static void add_kept(struct strbuf *to, bool cut, const char *text, size_t n)
{
    if (cut && ends_with_empty_line(to) && n > 0 && *text == '\n') {
        text++;
        n--;
    }
    strbuf_add(to, text, n);
}

int project_remove_sections(const struct project *p, const struct strv *names, struct err *err)
{
    _cleanup_close_ int lock = lock_folder(p);
    _cleanup_free_ char *path = find_file(p);
    _cleanup_(ini_sections_release) struct ini_sections sections = {0};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_strbuf_ struct strbuf kept = {0};
    size_t at = 0; // behind what was kept or cut

    (void)lock;
    if (ini_load(path, &text, err) != 0 ||
        ini_find_sections(path, text.data, &sections, err) != 0) {
        return -1;
    }
    strbuf_adds(&kept, "");
    for (size_t i = 0; i < sections.n; i++) {
        const struct ini_section *s = &sections.items[i];
        if (!strv_has(names, s->name)) {
            continue;
        }
        add_kept(&kept, at > 0, text.data + at, s->begin - at);
        at = s->end;
    }
    if (at == text.len && ends_with_empty_line(&kept) && kept.len > 0) {
        kept.data[--kept.len] = '\0'; // the one that was before the last section
    }
    add_kept(&kept, at > 0, text.data + at, text.len - at);
    return write_text(p, path, &kept, err);
}
