// SPDX-License-Identifier: MIT
// Where the desktop's own apt finds Debian.
//
// Reads the configuration of sources.list(5), one-line and deb822 style, and lists the mirrors that
// look like Debian's own archive. Whether one really is, its signature tells.
#ifndef PISDK_DEB_APTCONF_H
#define PISDK_DEB_APTCONF_H

#include "base/err.h"
#include "base/str.h"

// Adds to `mirrors` the URIs of enabled binary sources whose suite is one of Debian's code names or
// stages with `ending` ("", or "-security") and whose components include main; http, https and file
// only. `etc_apt` is /etc/apt, or a folder made like it. Unreadable and malformed files are left
// out, as a desktop may have some.
void aptconf_mirrors(const char *etc_apt, const char *ending, struct strv *mirrors);

// The two parsers, each for the text of one file.
void aptconf_parse_list(const char *text, size_t n, const char *ending, struct strv *mirrors);
void aptconf_parse_sources(const char *text, size_t n, const char *ending, struct strv *mirrors);

#endif
