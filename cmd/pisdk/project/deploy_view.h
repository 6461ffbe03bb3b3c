// SPDX-License-Identifier: MIT
// How a deploy shows itself: a line a board on a terminal, lines one after the other elsewhere, and
// a table at the end.
#ifndef PISDK_DEPLOY_VIEW_H
#define PISDK_DEPLOY_VIEW_H

#include "pisdk/app.h"
#include "workspace/project_deploy.h"

struct deploy_view {
    struct app *app;
    bool quiet;              // shows nothing until something is sent
    size_t lines;            // that are on the terminal now
    enum deploy_state *last; // of each board, as told
    size_t n;
    double began;
};

void deploy_view_begin(struct deploy_view *v, struct app *app);
// What makes a deploy show itself here. `v` must stay where it is.
struct deploy_watcher deploy_view_watcher(struct deploy_view *v);
// Takes the lines away again.
void deploy_view_end(struct deploy_view *v);

void deploy_view_table(struct app *app, const struct deploy_result *r);

#endif
