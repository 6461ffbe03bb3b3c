// How a deploy shows itself: a line a board on a terminal, lines one after the other elsewhere, and
// a table at the end.
#ifndef PISDK_DEPLOY_VIEW_H
#define PISDK_DEPLOY_VIEW_H

#include "deploy/deploy.h"
#include "pisdk/app.h"

struct deploy_view {
    struct app *app;
    bool quiet;              // shows nothing until something is sent
    size_t lines;            // that are on the terminal now
    enum deploy_state *last; // of each board, as told
    size_t n;
    double began;
};

void deploy_view_begin(struct deploy_view *v, struct app *app);
void deploy_view_show(struct deploy_view *v, const struct deploy_board *boards, size_t n);
// Takes the lines away again.
void deploy_view_end(struct deploy_view *v);

// What failed, each with its cause; the hint of each cause once.
void deploy_view_failures(struct app *app, const struct deploy_result *r);
void deploy_view_table(struct app *app, const struct deploy_result *r);

#endif
