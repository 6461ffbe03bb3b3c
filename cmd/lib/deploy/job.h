// A deploy that is going on. Not for others than this folder.
#ifndef PISDK_DEPLOY_JOB_H
#define PISDK_DEPLOY_JOB_H

#include "deploy/deploy.h"
#include "deploy/fanout.h"
#include "deploy/pack.h"
#include "remote/fleet.h"

enum job_goal { JOB_RELEASE, JOB_ROLLBACK, JOB_REMOVE, JOB_LIST };

enum job_phase { PHASE_LOCK, PHASE_FACTS, PHASE_CHECK, PHASE_SEND, PHASE_SWITCH, PHASE_END };

// Boards that get the same: they have the same to build upon.
struct group {
    char base[PAYLOAD_ID + 1]; // "": nothing
    struct pack pack;
    struct fanout fanout;
};

// What a deploy knows of a board besides what it shows.
struct station {
    bool rsync;
    uint64_t free;        // bytes
    char *key;            // of its libraries: boards with the same need to be asked once
    struct strbuf answer; // to the question
    size_t group;
    int retries;
    double heard; // when it said something last
    double asked; // when it was asked for what it has
    bool channel; // the desktop feeds it
    char *said;   // by that connection, last, about an error
};

struct job {
    const struct deploy_options *o;
    const struct payload *release; // or NULL
    enum job_goal goal;
    enum job_phase phase;
    const char *wanted;         // JOB_ROLLBACK: the beginning of an ID, or NULL
    char id[PAYLOAD_ID + 1];    // what shall be current
    char token[STR_UNIQUE + 1]; // the same on all boards, and no other deploy's
    struct remotes wide;        // the nodes twice: for commands, and for data
    struct fleet *fleet;
    struct strbuf script, receiver;
    struct deploy_board *boards;
    struct station *stations;
    size_t n;
    struct group *groups;
    size_t n_groups;
    size_t checking;     // node that is asked for its libraries
    double paused_until; // before the next try to get all locks; 0: not paused
    bool told_waiting;
    bool mismatch;
    double beaten; // when the boards were last told that we are there
    double shown;
    bool stopped; // a phase failed: nothing is changed any more
    struct deploy_result *result;
    struct err err; // why, when it is not the boards' fault
};

// What a board says (job_lines.c).
void job_on_line(void *user, size_t channel, enum fleet_stream stream, const char *line);

// What a board that is ours is asked first, whenever that comes to be.
void job_ask(struct job *j, size_t node);

// The check before copying (job_check.c). Asks the next board that was not asked, nor one like it;
// false when there is none.
bool job_check_next(struct job *j);
// What all have answered. ERR_VERIFY when something does not fit.
int job_check_compare(struct job *j, struct err *err) ERR_MUST_CHECK;

// Transfer (job_send.c): starts it for all boards that need it; for one that came back; the ends of
// feeds; and what is to be done from time to time.
int job_send_begin(struct job *j, struct err *err) ERR_MUST_CHECK;
void job_send_prepare(struct job *j, size_t node);
// Sends all of it, since what the difference builds upon is not on the board as it should be. False
// when that was done already.
bool job_send_whole(struct job *j, size_t node);
void job_send_have(struct job *j, size_t node, uint64_t have);
void job_send_lost(struct job *j, size_t node);
void job_send_feed_ended(struct job *j, size_t node, int status, const char *said);
void job_send_tick(struct job *j);
void job_send_release(struct job *j);

// Marks it as failed, and says nothing more to it.
void job_fail(struct job *j, size_t node, enum err_code code, const char *fmt, ...)
    ERR_PRINTF(4, 5);
// The same, with what a program on the board said as the cause.
void job_fail_said(struct job *j, size_t node, const char *text);
// Does it say that the board cannot write?
bool job_is_storage(const char *text);
void job_command(struct job *j, size_t node, const char *fmt, ...) ERR_PRINTF(3, 4);

#endif
