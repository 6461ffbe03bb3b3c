// SPDX-License-Identifier: MIT
// `pisdk sysroot sbom`: what a sysroot is made of.

#include <stdio.h>

#include "pisdk/app.h"
#include "sysroot/store.h"
#include "workspace/sbom.h"
#include "workspace/target_choice.h"

int cmd_sysroot_sbom(struct app *app, struct err *err)
{
    struct sysroot s;
    _cleanup_strbuf_ struct strbuf text = {0};
    if (target_open_named(&app->work, app->input.args.n ? app->input.args.items[0] : NULL, &s,
                          err) != 0) {
        return -1;
    }
    const struct lock *lock = &s.lock;
    // One for each tree: the digest makes it unique.
    _cleanup_free_ char *space =
        xasprintf("urn:pisdk:sysroot:%s:%s", lock->name, lock->tree_sha256);
    sbom_format(&(struct sbom_subject){.kind = "Sysroot",
                                       .name = s.name,
                                       .version = lock->tree_sha256,
                                       .description = lock->title ? lock->title : lock->name,
                                       .space = space,
                                       .root = s.root,
                                       .packages = &lock->packages,
                                       .natives = lock->natives,
                                       .n_natives = lock->n_natives},
                &text);
    fputs(text.data, stdout); // main checks that it was written
    sysroot_release(&s);
    return EXIT_OK;
}
