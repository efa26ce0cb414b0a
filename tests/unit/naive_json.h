/* JSON read the slow way, to compare host/json with: a recursive reader of RFC 8259 into a tree of
 * its own, which can be edited too. Newlines are no blanks here, since a row holds none. Shared by
 * unit tests and fuzzers. */
#ifndef DM_TEST_NAIVE_JSON_H
#define DM_TEST_NAIVE_JSON_H

#include "lua/ffi.h"
#include "naive_utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Text of n bytes; p[n] is NUL. */
struct naive_text {
    char *p;
    size_t n;
};

struct naive {
    int kind;                     /* DM_NULL ... DM_OBJECT */
    bool lone;                    /* string: has an unpaired surrogate */
    bool raw_known;               /* its spelling is that of `raw`, nothing in it was edited */
    struct naive_text text;       /* string: decoded */
    struct naive_text raw;        /* as it was spelled */
    struct naive_text key;        /* of a member, decoded */
    bool key_lone;                /* the key has an unpaired surrogate */
    struct naive *parent, *child; /* first member */
    struct naive *next, *made;    /* made: all values that one reader made */
};

/* A reader, and the owner of what it and naive_make made. */
struct naive_reader {
    const char *p, *end;
    unsigned depth, limit;
    struct naive *made;
};

static inline struct naive_text naive_copy(const char *p, size_t n)
{
    struct naive_text t = {malloc(n + 1), n};
    if (!t.p)
        abort();
    if (n)
        memcpy(t.p, p, n);
    t.p[n] = 0;
    return t;
}

static inline struct naive *naive_make(struct naive_reader *r, int kind)
{
    struct naive *v = calloc(1, sizeof *v);
    if (!v)
        abort();
    v->kind = kind;
    v->made = r->made;
    r->made = v;
    return v;
}

static inline void naive_finish(struct naive_reader *r)
{
    while (r->made) {
        struct naive *v = r->made;
        r->made = v->made;
        free(v->text.p);
        free(v->raw.p);
        free(v->key.p);
        free(v);
    }
}

static inline bool naive_container(const struct naive *v)
{
    return v->kind == DM_ARRAY || v->kind == DM_OBJECT;
}

static inline int naive_peek(const struct naive_reader *r)
{
    return r->p < r->end ? (unsigned char)*r->p : -1;
}

static inline bool naive_accept(struct naive_reader *r, int c)
{
    if (naive_peek(r) != c)
        return false;
    r->p++;
    return true;
}

static inline void naive_blanks(struct naive_reader *r)
{
    while (naive_accept(r, ' ') || naive_accept(r, '\t') || naive_accept(r, '\r'))
        ;
}

static inline bool naive_digits(struct naive_reader *r)
{
    const char *from = r->p;
    while (naive_peek(r) >= '0' && naive_peek(r) <= '9')
        r->p++;
    return r->p > from;
}

static inline bool naive_number(struct naive_reader *r)
{
    naive_accept(r, '-');
    if (!naive_accept(r, '0') && !naive_digits(r))
        return false;
    if (naive_accept(r, '.') && !naive_digits(r))
        return false;
    if (!naive_accept(r, 'e') && !naive_accept(r, 'E'))
        return true;
    if (!naive_accept(r, '+'))
        naive_accept(r, '-');
    return naive_digits(r);
}

/* Four hexadecimal digits; -1 when they are not there. */
static inline long naive_hex(struct naive_reader *r)
{
    long c = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        int d = naive_peek(r);
        const char *at = d > 0 ? strchr(digits, d) : NULL;
        if (!at)
            return -1;
        c = c * 16 + (at - digits) % 16;
        r->p++;
    }
    return c;
}

static inline size_t naive_encode(char *out, long c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (n == 1) {
        *out = (char)c;
        return 1;
    }
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 + c % 64);
        c /= 64;
    }
    out[0] = (char)((0xF00 >> n & 0xFF) + c);
    return n;
}

/* What follows a backslash, decoded to out; 0 when that is no escape. */
static inline size_t naive_escape(struct naive_reader *r, char *out, bool *lone)
{
    static const char names[] = "\"\\/bfnrt", stand_for[] = "\"\\/\b\f\n\r\t";
    int c = naive_peek(r);
    const char *at = c > 0 ? strchr(names, c) : NULL;
    if (at) {
        r->p++;
        *out = stand_for[at - names];
        return 1;
    }
    if (!naive_accept(r, 'u'))
        return 0;
    long unit = naive_hex(r);
    if (unit < 0)
        return 0;
    if (unit >= 0xD800 && unit < 0xDC00 && r->end - r->p >= 2 && r->p[0] == '\\' &&
        r->p[1] == 'u') {
        struct naive_reader ahead = *r;
        ahead.p += 2;
        long low = naive_hex(&ahead);
        if (low >= 0xDC00 && low < 0xE000) {
            r->p = ahead.p;
            unit = 0x10000 + (unit - 0xD800) * 1024 + (low - 0xDC00);
        }
    }
    *lone |= unit >= 0xD800 && unit < 0xE000;
    return naive_encode(out, unit);
}

/* Reads a string with its quotes. out->p is the caller's, also when it is none. */
static inline bool naive_string(struct naive_reader *r, struct naive_text *out, bool *lone)
{
    if (!naive_accept(r, '"'))
        return false;
    *out = naive_copy(r->p, (size_t)(r->end - r->p));
    out->n = 0;
    while (!naive_accept(r, '"')) {
        int c = naive_peek(r);
        if (c < 0x20)
            return false;
        r->p++;
        if (c != '\\') {
            out->p[out->n++] = (char)c;
            continue;
        }
        size_t n = naive_escape(r, out->p + out->n, lone);
        if (!n)
            return false;
        out->n += n;
    }
    out->p[out->n] = 0;
    return true;
}

static inline struct naive *naive_value(struct naive_reader *r);

static inline void naive_append(struct naive *container, struct naive *v)
{
    struct naive **end = &container->child;
    while (*end)
        end = &(*end)->next;
    *end = v;
    v->parent = container;
    v->next = NULL;
}

static inline bool naive_members(struct naive_reader *r, struct naive *v)
{
    char close = v->kind == DM_OBJECT ? '}' : ']';
    struct naive **end = &v->child;
    naive_blanks(r);
    if (naive_accept(r, close))
        return true;
    do {
        struct naive_text key = {0};
        bool lone = false, named = true;
        naive_blanks(r);
        if (v->kind == DM_OBJECT) {
            named = naive_string(r, &key, &lone);
            naive_blanks(r);
            named = named && naive_accept(r, ':');
            naive_blanks(r);
        }
        struct naive *member = named ? naive_value(r) : NULL;
        if (!member) {
            free(key.p);
            return false;
        }
        member->key = key;
        member->key_lone = lone;
        member->parent = v;
        *end = member;
        end = &member->next;
        naive_blanks(r);
    } while (naive_accept(r, ','));
    return naive_accept(r, close);
}

static inline bool naive_word(struct naive_reader *r, const char *word)
{
    while (*word && naive_accept(r, *word))
        word++;
    return !*word;
}

static inline bool naive_content(struct naive_reader *r, struct naive *v)
{
    switch (v->kind) {
    case DM_OBJECT:
    case DM_ARRAY:
        if (r->depth == r->limit)
            return false;
        r->depth++;
        r->p++;
        bool whole = naive_members(r, v);
        r->depth--;
        return whole;
    case DM_STRING:
        return naive_string(r, &v->text, &v->lone);
    case DM_NULL:
        return naive_word(r, "null");
    case DM_TRUE:
        return naive_word(r, "true");
    case DM_FALSE:
        return naive_word(r, "false");
    default:
        return naive_number(r);
    }
}

static inline struct naive *naive_value(struct naive_reader *r)
{
    const char *from = r->p;
    int c = naive_peek(r);
    int kind = c == '{'   ? DM_OBJECT
               : c == '[' ? DM_ARRAY
               : c == '"' ? DM_STRING
               : c == 'n' ? DM_NULL
               : c == 't' ? DM_TRUE
               : c == 'f' ? DM_FALSE
                          : DM_NUMBER;
    struct naive *v = naive_make(r, kind);
    if (!naive_content(r, v))
        return NULL;
    v->raw = naive_copy(from, (size_t)(r->p - from));
    v->raw_known = true;
    return v;
}

/* Reads a whole text; NULL when it is not valid JSON, UTF-8 and all, within the limit on nesting.
 * What it makes belongs to r, which must be empty or have read before. */
static inline struct naive *naive_parse(struct naive_reader *r, const char *p, size_t n,
                                        unsigned limit)
{
    r->p = p;
    r->end = p + n;
    r->depth = 0;
    r->limit = limit;
    if (naive_utf8(p, n) < n)
        return NULL;
    naive_blanks(r);
    struct naive *v = naive_value(r);
    naive_blanks(r);
    return v && r->p == r->end ? v : NULL;
}

#endif
