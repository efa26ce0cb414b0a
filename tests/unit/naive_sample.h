/* Whether a sample and a tree of naive_json.h are the same, seen through what Lua may call. */
#ifndef DM_TEST_NAIVE_SAMPLE_H
#define DM_TEST_NAIVE_SAMPLE_H

#include "json/sample.h"
#include "naive_json.h"

/* An integer beyond 2^53, by its digits. */
static inline bool naive_beyond(const struct naive_text *raw)
{
    const char *limit = "9007199254740992", *p = raw->p + (*raw->p == '-');
    size_t n = strlen(p);
    if (strcspn(p, ".eE") < n)
        return false;
    return n > 16 || (n == 16 && strcmp(p, limit) > 0);
}

static inline bool naive_same_number(struct dm_sample *s, uint32_t i, const struct naive *want)
{
    double x, y = strtod(want->raw.p, NULL);
    int rc = dm_sample_number(s, i, &x, NULL);
    if (naive_beyond(&want->raw))
        return rc == 1;
    if (y - y != 0)
        return rc == DM_EINPUT;
    return rc == DM_OK && memcmp(&x, &y, sizeof x) == 0;
}

static inline bool naive_same_string(struct dm_sample *s, uint32_t i, const struct naive *want)
{
    struct dm_span span;
    int rc = dm_sample_string(s, i, &span, NULL);
    if (want->lone)
        return rc == DM_EINPUT;
    return rc == DM_OK && span.n == want->text.n && memcmp(span.p, want->text.p, span.n) == 0 &&
           dm_sample_is_string(s, i, want->text.p, want->text.n);
}

static inline bool naive_same_key(struct dm_sample *s, uint32_t i, const struct naive *want)
{
    struct dm_span span;
    int rc = dm_sample_key(s, i, &span, NULL);
    if (want->key_lone)
        return rc == DM_EINPUT;
    return rc == DM_OK && span.n == want->key.n && memcmp(span.p, want->key.p, span.n) == 0;
}

/* The last member of that name. */
static inline struct naive *naive_find(const struct naive *object, const char *key, size_t n)
{
    struct naive *found = NULL;
    for (struct naive *v = object->child; v; v = v->next)
        if (!v->key_lone && v->key.n == n && memcmp(v->key.p, key, n) == 0)
            found = v;
    return found;
}

static inline uint32_t naive_count(const struct naive *container)
{
    uint32_t n = 0;
    for (const struct naive *v = container->child; v; v = v->next)
        n++;
    return n;
}

/* NULL when value i is `want`, else what differs. */
static inline const char *naive_differs(struct dm_sample *s, uint32_t i, const struct naive *want)
{
    if (s->values[i].kind != want->kind)
        return "kind";
    if (want->kind == DM_STRING)
        return naive_same_string(s, i, want) ? NULL : "string";
    if (want->kind == DM_NUMBER)
        return naive_same_number(s, i, want) ? NULL : "number";
    if (!naive_container(want))
        return NULL;
    if (dm_sample_count(s, i) != naive_count(want))
        return "count";
    uint32_t member = s->values[i].child;
    double position = 1;
    for (const struct naive *v = want->child; v; v = v->next, position++) {
        if (!member || s->values[member].parent != i)
            return "members";
        if (want->kind == DM_OBJECT && !naive_same_key(s, member, v))
            return "key";
        if (want->kind == DM_ARRAY && dm_sample_at(s, i, position) != member)
            return "element";
        const char *what = naive_differs(s, member, v);
        if (what)
            return what;
        if (want->kind == DM_OBJECT && !v->key_lone) {
            uint32_t found = dm_sample_find(s, i, v->key.p, v->key.n);
            if ((found == member) != (naive_find(want, v->key.p, v->key.n) == v))
                return "member found by name";
        }
        member = s->values[member].next;
    }
    return member ? "too many members" : NULL;
}

#endif
