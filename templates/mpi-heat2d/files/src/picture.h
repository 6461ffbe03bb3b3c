// A plate as a file. All ranks write into the same file at once, each the part that it has.
#ifndef PICTURE_H
#define PICTURE_H

#include "plate.h"

struct colour {
    unsigned char red, green, blue;
};

// From black over red and yellow to white. What is outside of 0 to 100 gets the colour of the end.
struct colour picture_colour(double temperature);

// The temperatures as a picture: a binary PPM, which most image viewers and converters can read.
// Returns 0, or -1 on all ranks when it cannot be written.
int picture_write(const struct plate *p, const char *path);

// The temperatures as they are: double after double, row after row, without a header.
int picture_write_raw(const struct plate *p, const char *path);

#endif
