// SPDX-License-Identifier: MIT
#include "target/arm.h"

#include <string.h>

enum {
    FORMAT_VERSION = 'A',
    SCOPE_FILE = 1,
    TAG_RAW_NAME = 4,
    TAG_NAME = 5,
    TAG_CPU_ARCH = 6,
    TAG_FP_ARCH = 10,
    TAG_SIMD_ARCH = 12,
    TAG_COMPATIBILITY = 32,
    TAG_HALF_PRECISION = 36,
    TAG_DIV_USE = 44,
    ARCH_V8_A = 14,
    DIV_EXPLICIT = 2,
};

static int damaged(struct err *err)
{
    return err_set(err, ERR_VERIFY, "damaged ELF file: bad build attributes");
}

static bool take_uleb(struct slice *in, unsigned *out)
{
    unsigned value = 0;
    for (unsigned shift = 0; in->n > 0; shift += 7) {
        unsigned char byte = (unsigned char)*in->p++;
        in->n--;
        if (shift < 28) { // no attribute has more; the rest is read and dropped
            value |= (byte & 0x7fU) << shift;
        }
        if (!(byte & 0x80U)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool take_text(struct slice *in, struct slice *text)
{
    const char *end = in->n ? memchr(in->p, '\0', in->n) : NULL;
    if (!end) {
        return false;
    }
    *text = (struct slice){in->p, (size_t)(end - in->p)};
    in->n -= text->n + 1;
    in->p = end + 1;
    return true;
}

// A block that begins with its own length, `before` bytes of which are already taken.
static bool take_block(struct slice *in, size_t before, struct slice *block)
{
    if (in->n < 4) {
        return false;
    }
    const unsigned char *p = (const unsigned char *)in->p;
    size_t length = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
    if (length < before + 4 || length - before > in->n) {
        return false;
    }
    *block = (struct slice){in->p + 4, length - before - 4};
    in->p += length - before;
    in->n -= length - before;
    return true;
}

static void set_value(struct arm_needs *out, unsigned tag, unsigned value)
{
    const struct {
        unsigned tag;
        unsigned *to;
    } known[] = {{TAG_CPU_ARCH, &out->arch},
                 {TAG_FP_ARCH, &out->fp},
                 {TAG_SIMD_ARCH, &out->simd},
                 {TAG_HALF_PRECISION, &out->half},
                 {TAG_DIV_USE, &out->div}};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (known[i].tag == tag) {
            *known[i].to = value;
        }
    }
}

static bool read_attributes(struct slice in, struct arm_needs *out)
{
    while (in.n > 0) {
        unsigned tag;
        unsigned value = 0;
        struct slice text;
        if (!take_uleb(&in, &tag)) {
            return false;
        }
        // From 32 on, odd tags have texts and even ones numbers.
        bool is_text =
            tag == TAG_RAW_NAME || tag == TAG_NAME || (tag > TAG_COMPATIBILITY && tag % 2 == 1);
        if (!is_text && !take_uleb(&in, &value)) {
            return false;
        }
        if ((is_text || tag == TAG_COMPATIBILITY) && !take_text(&in, &text)) {
            return false;
        }
        if (!is_text) {
            set_value(out, tag, value);
        }
    }
    return true;
}

// What the vendor "aeabi" says of the whole file.
static bool read_public(struct slice in, struct arm_needs *out)
{
    while (in.n > 0) {
        char scope = *in.p++;
        struct slice block;
        in.n--;
        if (!take_block(&in, 1, &block) || (scope == SCOPE_FILE && !read_attributes(block, out))) {
            return false;
        }
    }
    return true;
}

int arm_parse_needs(const void *data, size_t n, struct arm_needs *out, struct err *err)
{
    struct slice in = {data, n};

    *out = (struct arm_needs){0};
    if (n == 0 || in.p[0] != FORMAT_VERSION) {
        return n == 0 ? 0 : damaged(err);
    }
    in.p++;
    in.n--;
    while (in.n > 0) {
        struct slice block;
        struct slice vendor;
        if (!take_block(&in, 0, &block) || !take_text(&block, &vendor)) {
            return damaged(err);
        }
        if (slice_is(vendor, "aeabi") && !read_public(block, out)) {
            return damaged(err);
        }
    }
    return 0;
}

static void say(struct strbuf *what, const char *text)
{
    if (what) {
        strbuf_addf(what, "%s%s", what->len ? ", " : "", text);
    }
}

static unsigned fp_version(unsigned fp)
{
    static const unsigned versions[] = {0, 1, 2, 3, 3, 4, 4, 8, 8};
    return versions[fp < ARRAY_SIZE(versions) ? fp : ARRAY_SIZE(versions) - 1];
}

static bool has_32_registers(unsigned fp)
{
    return fp == 3 || fp == 5 || fp == 7;
}

bool arm_needs_more(const struct arm_needs *needs, const struct arm_needs *limit,
                    struct strbuf *what)
{
    static const char *const simd[] = {"", "NEON", "NEON with fused multiply-add", "NEON of ARMv8",
                                       "NEON of ARMv8.1"};
    bool more = false;

    if (needs->arch > limit->arch) {
        say(what, needs->arch > ARCH_V8_A    ? "instructions newer than ARMv8"
                  : needs->arch == ARCH_V8_A ? "ARMv8"
                                             : "instructions newer than its own");
        more = true;
    }
    unsigned version = fp_version(needs->fp);
    if (version > fp_version(limit->fp)) {
        say(what, version >= 8 ? "floating point of ARMv8" : version == 4 ? "VFPv4" : "VFPv3");
        more = true;
    } else if (has_32_registers(needs->fp) && !has_32_registers(limit->fp)) {
        say(what, "32 floating-point registers");
        more = true;
    }
    if (needs->simd > limit->simd) {
        say(what, simd[needs->simd < ARRAY_SIZE(simd) ? needs->simd : ARRAY_SIZE(simd) - 1]);
        more = true;
    }
    if (needs->div == DIV_EXPLICIT && limit->div != DIV_EXPLICIT && limit->arch < ARCH_V8_A) {
        say(what, "integer division");
        more = true;
    }
    if (needs->half > limit->half) {
        say(what, "half-precision floating point");
        more = true;
    }
    return more;
}
