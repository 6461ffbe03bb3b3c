// SPDX-License-Identifier: MIT
// What predictions say to somebody who thinks of buying boards: numbers, a sentence, a picture.
#ifndef PISDK_PREDICT_ADVICE_H
#define PISDK_PREDICT_ADVICE_H

#include "predict/simulate.h"

// Of the first of the predictions.
double predict_speedup(const struct prediction *first, const struct prediction *p);
// The speed-up's share of what so many more boards could bring.
double predict_efficiency(const struct prediction *first, const struct prediction *p);

// Would a faster network help so much that it is worth a simulation?
bool predict_needs_network(const struct prediction *p, size_t n);

// A time that may be short: "35 us", "4.1 ms", "0.42 s". Writes to `out`, returns it.
const char *predict_time(char out[32], double seconds);

// One sentence about `n` predictions, at least one, by rising numbers of boards. `faster` is one
// more of the last of them, on a network that is called `network`; or NULL. Where that is not
// clearly faster, it is not mentioned. The caller frees it.
char *predict_advice(const struct prediction *p, size_t n, const struct prediction *faster,
                     const char *network);

// The speed-up over the boards, as an SVG picture with `title` above it.
void predict_plot(const struct prediction *p, size_t n, const char *title, struct strbuf *out);

#endif
