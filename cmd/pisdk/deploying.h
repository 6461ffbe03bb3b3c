// A deploy as commands do it: the nodes that are meant, what the project puts on them, how it
// shows.
#ifndef PISDK_DEPLOYING_H
#define PISDK_DEPLOYING_H

#include <signal.h>

#include "app.h"
#include "deploy/abi.h"
#include "deploy/deploy.h"
#include "deploy_view.h"
#include "remote/remotes.h"

struct deploying {
    struct app *app;
    struct remotes nodes;
    struct payload release;
    struct deploy_view view;
    char *cache, *scripts, *who;
    char date[32];
    char *work;               // a folder for what is made for the release
    struct lock *lock;        // of the sysroot
    struct abi_needs needs;   // of the release
    struct abi_report report; // what does not fit
    struct strbuf question;
    struct deploy_options options;
    struct deploy_result result;
    sigset_t saved;
};

// Chooses the nodes: `where` as nodes_choose has it (node_choice.h). From here to deploying_end,
// which is always called, signals are held back.
int deploying_begin(struct deploying *d, struct app *app, const char *where,
                    struct err *err) ERR_MUST_CHECK;
// The same for these nodes, which are its own then.
int deploying_begin_at(struct deploying *d, struct app *app, struct remotes *nodes,
                       struct err *err) ERR_MUST_CHECK;
// Builds the project and makes the release of it.
int deploying_collect(struct deploying *d, struct err *err) ERR_MUST_CHECK;
// The folder of the release, as it is seen from the one that programs run in; it stays the same one
// when something else is deployed meanwhile. The caller frees it.
char *deploying_folder(const struct deploying *d);
// A program of the release, an absolute path here, as it is seen from the folder that programs run
// in there; the caller's to free. NULL: it is not one.
char *deploying_find(const struct deploying *d, const char *program, struct err *err);
// Brings it to the nodes; `result` tells how that went, also when it fails.
int deploying_send(struct deploying *d, struct err *err) ERR_MUST_CHECK;
// Says what failed, and why; the result's table is for the caller. `r` is what was returned, as
// this returns, with what it means for the boards put in front of the error.
int deploying_tell(struct deploying *d, int r, struct err *err) ERR_MUST_CHECK;
void deploying_end(struct deploying *d);

#endif
