// SPDX-License-Identifier: MIT
// A deploy that is going on. Not for others than this folder.
#ifndef PISDK_DEPLOY_JOB_H
#define PISDK_DEPLOY_JOB_H

#include "deploy/deploy.h"
#include "deploy/pack.h"
#include "deploy/transfer.h"
#include "remote/fleet.h"

enum job_goal { JOB_RELEASE, JOB_ROLLBACK, JOB_REMOVE, JOB_LIST, JOB_VERIFY };

enum job_phase {
    PHASE_LOCK,
    PHASE_FACTS,
    PHASE_CHECK,
    PHASE_INSPECT,
    PHASE_SEND,
    PHASE_SWITCH,
    PHASE_END
};

// Boards that get the same: they have the same to build upon.
struct group {
    char base[PAYLOAD_ID + 1]; // "": nothing
    struct pack pack;
    struct transfer transfer;
    struct strbuf list; // of its pieces, as boards get it
};

// What a deploy knows of a board besides what it shows.
struct station {
    bool rsync;
    uint64_t free;        // bytes
    char *key;            // of its libraries: boards with the same need to be asked once
    struct strbuf answer; // to the question
    char *place;          // its folder for the project, absolute
    size_t group;
    int retries;
    double heard;   // when it said something last
    bool *had;      // pieces that were there before
    size_t *by;     // how many pieces it got from each board, and last from the desktop
    size_t channel; // number of the feed that it gets from the desktop; transfer_nobody: none
    char *said;     // by that connection, last, about an error
    bool differs;   // a release that it has is not what was deployed
};

struct job {
    const struct deploy_options *o;
    const struct payload *release; // or NULL
    enum job_goal goal;
    enum job_phase phase;
    const char *wanted;         // JOB_ROLLBACK: the beginning of an ID, or NULL
    char id[PAYLOAD_ID + 1];    // what should be current
    char token[STR_UNIQUE + 1]; // the same on all boards, and no other deploy's
    struct remotes wide;        // the nodes twice: for commands, and for data
    struct fleet *fleet;
    struct strbuf script, receiver; // what boards run; the second as a command to the first
    struct deploy_board *boards;
    struct station *stations;
    size_t n;
    struct group *groups;
    size_t n_groups;
    struct strv lost_bases; // releases of boards that could not be fetched
    size_t checking;        // node that is asked for its libraries
    double paused_until;    // before the next try to get all locks; 0: not paused
    bool told_waiting;
    bool mismatch;
    double beaten; // when the boards were last told that we are there
    double shown;
    double parted; // when all was said
    bool stopped;  // a phase failed: nothing is changed any more
    struct deploy_result *result;
    struct err err; // why, when it is not the boards' fault
};

// What all parts do to a board (job.c). Marks it as failed: nothing more is said to it, and what
// it was to pass on is passed on by others (job_send_tick).
void job_fail(struct job *j, size_t node, enum err_code code, const char *fmt, ...)
    ERR_PRINTF(4, 5);
// The same, with what a program on the board said as the cause.
void job_fail_said(struct job *j, size_t node, const char *text);
// Does it say that the board cannot write?
bool job_is_storage(const char *text);
void job_command(struct job *j, size_t node, const char *fmt, ...) ERR_PRINTF(3, 4);
// Makes the release current.
void job_switch(struct job *j, size_t node);

// What a board says (job_answers.c).
void job_on_line(void *user, size_t channel, enum fleet_stream stream, const char *line);

// What a board that is ours is asked first, whenever that comes to be (job_ask.c).
void job_ask(struct job *j, size_t node);
// Has a release of the board compared with what was deployed; and that is done.
void job_inspect(struct job *j, size_t node, const char *id);
void job_inspected(struct job *j, size_t node);

// The check before copying (job_check.c). Asks the next board that was not asked, nor one like it;
// false when there is none.
bool job_check_next(struct job *j);
// What all have answered. ERR_VERIFY when something does not fit.
int job_check_compare(struct job *j, struct err *err) ERR_MUST_CHECK;

// What a board has that the difference to it can be sent instead of all (job_base.c): a release
// that is here as well, fetched from the board when it was deployed from elsewhere. Four boards
// behind links of 4 Mbit/s, 8 MB, and a file changed on a second desktop: 3.2 s instead of 22 s.
// "": nothing.
const char *job_base_get(struct job *j, size_t node);

// Transfer (job_send.c): the plan of deploy/transfer.h, carried out. Begins for all boards that
// need it, or for one that came back; the rest is news.
int job_send_begin(struct job *j, struct err *err) ERR_MUST_CHECK;
void job_send_prepare(struct job *j, size_t node);
// Sends all of it, since what the difference builds upon is not on the board as it should be. False
// when that was done already.
bool job_send_whole(struct job *j, size_t node);
// The board has said what it has, and can take more.
void job_send_prepared(struct job *j, size_t node);
// It has this piece, from feed `feed`, "GROUP.NUMBER".
void job_send_got(struct job *j, size_t node, const char *sha256, const char *feed);
void job_send_opened(struct job *j, const char *feed);
// `status` is that of ssh; 255: no connection; -1: it was not started.
void job_send_ended(struct job *j, const char *feed, int status, const char *said);
// The desktop's own feed: the board wants this piece; it is over.
void job_send_wanted(struct job *j, size_t node, const char *sha256);
void job_send_channel_ended(struct job *j, size_t node, int status, const char *said);
void job_send_lost(struct job *j, size_t node);
void job_send_tick(struct job *j);
void job_send_release(struct job *j);

#endif
