// SPDX-License-Identifier: MIT
// A deploy as commands do it: the nodes that are meant, and what the project puts on them.
#ifndef PISDK_WORKSPACE_PROJECT_DEPLOY_H
#define PISDK_WORKSPACE_PROJECT_DEPLOY_H

#include <signal.h>

#include "deploy/abi.h"
#include "deploy/deploy.h"
#include "remote/remotes.h"
#include "workspace/node_choice.h"
#include "workspace/target_choice.h"

// What a deploy is asked to do, also one before a run.
struct deploy_request {
    struct target_request target;
    struct nodes_request nodes;
    const char *where;    // for those who have no other word; as nodes_choose has it, or NULL
    bool with_runtime;    // else as pisdk.ini says
    const char *bundle;   // the release of this file; "": the one that a bundle of the project has
    bool as_before;       // a bundle if the last deploy was of one
    bool no_deploy;       // run what is there
    const char *recorder; // a library that goes along, for `run --trace`; or NULL
    bool only_look;       // --list and --verify
};

struct project_deploy;

// Who shows how a deploy goes.
struct deploy_watcher {
    void *user;
    void (*progress)(void *user, const struct deploy_board *boards, size_t n);
    void (*tell)(void *user, const struct project_deploy *d); // at its end: what failed, and why
};

struct project_deploy {
    const struct workspace *w;
    const struct deploy_request *request;
    struct remotes nodes;
    struct payload release;
    const struct deploy_watcher *watcher;
    char *cache, *scripts, *who;
    char date[32];
    char *work;                     // a folder for what is made for the release
    char *bundle;                   // as in the request, or of the last deploy; or NULL
    char bundle_id[PAYLOAD_ID + 1]; // of the release in that file, else ""
    struct lock *lock;              // of the sysroot
    struct abi_needs needs;         // of the release
    struct abi_report report;       // what does not fit
    struct strbuf question;
    struct deploy_options options;
    struct deploy_result result;
    sigset_t saved;
};

// Chooses the nodes: `where` as nodes_choose has it (node_choice.h). From here to
// project_deploy_end, which is always called, signals are held back.
int project_deploy_begin(struct project_deploy *d, const struct workspace *w, const char *where,
                         const struct deploy_request *request, const struct deploy_watcher *watcher,
                         struct err *err) ERR_MUST_CHECK;
// The same for these nodes, which are its own then.
int project_deploy_begin_at(struct project_deploy *d, const struct workspace *w,
                            struct remotes *nodes, const struct deploy_request *request,
                            const struct deploy_watcher *watcher, struct err *err) ERR_MUST_CHECK;
// Builds the project and makes the release of it, or takes that of a bundle.
int project_deploy_collect(struct project_deploy *d, struct err *err) ERR_MUST_CHECK;
// The folder of the release, as it is seen from the one that programs run in; it stays the same one
// when something else is deployed meanwhile. The caller frees it.
char *project_deploy_folder(const struct project_deploy *d);
// A program of the release, an absolute path here, as it is seen from the folder that programs run
// in there; the caller's to free. NULL: it is not one.
char *project_deploy_find(const struct project_deploy *d, const char *program, struct err *err);
// Brings it to the nodes; `result` tells how that went, also when it fails.
int project_deploy_send(struct project_deploy *d, struct err *err) ERR_MUST_CHECK;
// Has the watcher say what failed. `r` is what was returned, as this returns, with what it means
// for the boards put in front of the error.
int project_deploy_tell(struct project_deploy *d, int r, struct err *err) ERR_MUST_CHECK;
void project_deploy_end(struct project_deploy *d);

#endif
