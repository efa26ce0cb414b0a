/* Part of kernel_body.h: parses a value into a tree, in one pass. */

struct parser {
    struct dm_sample *s;
    const char *base, *p;
    uint32_t *link;      /* where the index of the next value goes */
    uint32_t top, depth; /* the open container */
    uint32_t koff, klen; /* the next value's key */
    uint8_t kflags, own;
    bool in_object;
    enum dm_json_fault fault;
};

INLINE uint32_t offset_of(const struct parser *x, const char *p)
{
    return (uint32_t)(p - x->base);
}

INLINE bool stop(struct parser *x, enum dm_json_fault fault)
{
    x->fault = fault;
    return false;
}

INLINE void skip_blanks(struct parser *x)
{
    while (*x->p == ' ' || *x->p == '\t' || *x->p == '\r')
        x->p++;
}

/* Makes room for more values; the link points into them. */
TARGET static __attribute__((noinline)) bool grow(struct parser *x)
{
    struct dm_value *old = x->s->values;
    bool inside = x->depth > 0;
    size_t at = inside ? (size_t)((char *)x->link - (char *)old) : 0;
    if (!dm_sample_grow(x->s))
        return stop(x, DM_JSON_MEMORY);
    if (inside)
        x->link = (uint32_t *)(void *)((char *)x->s->values + at);
    return true;
}

/* Adds the value whose text starts at `from`, with its quote if it has one. */
INLINE struct dm_value *add(struct parser *x, const char *from, uint8_t kind)
{
    struct dm_sample *s = x->s;
    if (s->nvalues == s->cap && !grow(x))
        return NULL;
    uint32_t i = s->nvalues++;
    struct dm_value *v = &s->values[i];
    *v = (struct dm_value){.off = offset_of(x, from),
                           .koff = x->in_object ? x->koff : offset_of(x, from),
                           .klen = x->klen,
                           .parent = x->top,
                           .kind = kind,
                           .flags = x->own,
                           .kflags = x->kflags};
    *x->link = i;
    x->link = &v->next;
    return v;
}

INLINE bool string_value(struct parser *x)
{
    const char *from = x->p;
    struct scan scan = scan_string(from + 1);
    x->p = scan.end;
    if (__builtin_expect(scan.fault != DM_JSON_OK, 0))
        return stop(x, scan.fault);
    struct dm_value *v = add(x, from, DM_STRING);
    if (!v)
        return false;
    v->off++;
    v->len = (uint32_t)(scan.end - from - 1);
    v->flags = (uint8_t)(v->flags | (scan.escaped ? DM_VALUE_ESCAPED : 0));
    x->p++;
    return true;
}

INLINE bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

INLINE bool digits(struct parser *x)
{
    if (!is_digit(*x->p))
        return stop(x, DM_JSON_NUMBER);
    while (is_digit(*x->p))
        x->p++;
    return true;
}

/* The part of a number behind its integer. */
INLINE bool fraction(struct parser *x)
{
    if (*x->p == '.') {
        x->p++;
        if (!digits(x))
            return false;
    }
    if (*x->p == 'e' || *x->p == 'E') {
        x->p++;
        if (*x->p == '+' || *x->p == '-')
            x->p++;
        return digits(x);
    }
    return true;
}

TARGET static bool number_value(struct parser *x)
{
    const char *from = x->p;
    if (*x->p == '-')
        x->p++;
    if (*x->p == '0')
        x->p++;
    else if (!digits(x))
        return false;
    const char *integer = x->p;
    if (!fraction(x))
        return false;
    if (is_digit(*x->p))
        return stop(x, DM_JSON_NUMBER);
    struct dm_value *v = add(x, from, DM_NUMBER);
    if (!v)
        return false;
    v->len = (uint32_t)(x->p - from);
    v->flags = (uint8_t)(v->flags | (integer == x->p ? DM_VALUE_INTEGER : 0));
    return true;
}

INLINE bool word_value(struct parser *x, const char *word, size_t n, uint8_t kind)
{
    if (memcmp(x->p, word, n) != 0)
        return stop(x, DM_JSON_WORD);
    struct dm_value *v = add(x, x->p, kind);
    if (!v)
        return false;
    v->len = (uint32_t)n;
    x->p += n;
    return true;
}

/* Reads a key and its colon; stands at the value then. */
INLINE bool key(struct parser *x)
{
    if (*x->p != '"')
        return stop(x, DM_JSON_KEY);
    const char *from = x->p + 1;
    struct scan scan = scan_string(from);
    x->p = scan.end;
    if (__builtin_expect(scan.fault != DM_JSON_OK, 0))
        return stop(x, scan.fault);
    x->koff = offset_of(x, from);
    x->klen = (uint32_t)(scan.end - from);
    x->kflags = (uint8_t)(x->own | DM_VALUE_INNER | (scan.escaped ? DM_VALUE_ESCAPED : 0));
    x->p++;
    skip_blanks(x);
    if (*x->p != ':')
        return stop(x, DM_JSON_COLON);
    x->p++;
    skip_blanks(x);
    return true;
}

INLINE void enter(struct parser *x, bool object)
{
    x->in_object = object;
    x->klen = 0;
    x->kflags = (uint8_t)(x->own | DM_VALUE_INNER);
}

/* Ends the open container at its closing bracket. */
INLINE void leave(struct parser *x)
{
    struct dm_value *values = x->s->values, *v = &values[x->top];
    x->p++;
    v->len = offset_of(x, x->p) - v->off;
    x->link = &v->next;
    x->top = v->parent;
    if (--x->depth)
        enter(x, values[x->top].kind == DM_OBJECT);
}

/* Goes into the container at p, up to its first value; out again when it is empty (*ended). */
INLINE bool open(struct parser *x, bool object, bool *ended)
{
    if (x->depth == x->s->depth)
        return stop(x, DM_JSON_DEEP);
    struct dm_value *v = add(x, x->p, object ? DM_OBJECT : DM_ARRAY);
    if (!v)
        return false;
    x->top = (uint32_t)(v - x->s->values);
    x->link = &v->child;
    x->depth++;
    enter(x, object);
    x->p++;
    skip_blanks(x);
    *ended = *x->p == (object ? '}' : ']');
    if (*ended)
        leave(x);
    else if (object)
        return key(x);
    return true;
}

/* Takes the value at p; *ended unless it is a container with something inside. */
INLINE bool value(struct parser *x, bool *ended)
{
    *ended = true;
    switch (*x->p) {
    case '"':
        return string_value(x);
    case '{':
        return open(x, true, ended);
    case '[':
        return open(x, false, ended);
    case 't':
        return word_value(x, "true", 4, DM_TRUE);
    case 'f':
        return word_value(x, "false", 5, DM_FALSE);
    case 'n':
        return word_value(x, "null", 4, DM_NULL);
    default:
        if (*x->p == '-' || is_digit(*x->p))
            return number_value(x);
        return stop(x, DM_JSON_VALUE);
    }
}

/* From the end of a value to the start of the next one, leaving containers; *done at the very end.
 */
INLINE bool next_value(struct parser *x, bool *done)
{
    while (x->depth) {
        skip_blanks(x);
        if (*x->p == ',') {
            x->p++;
            skip_blanks(x);
            return x->in_object ? key(x) : true;
        }
        if (*x->p != (x->in_object ? '}' : ']'))
            return stop(x, DM_JSON_COMMA);
        leave(x);
    }
    *done = true;
    return true;
}

TARGET static enum dm_json_fault parse(struct dm_sample *s, const char *base, const char *p,
                                       uint8_t flags, const char **at)
{
    uint32_t nowhere;
    struct parser x = {.s = s, .base = base, .p = p, .link = &nowhere, .own = flags};
    bool done = false, ended = true;
    while (!done && value(&x, &ended) && (!ended || next_value(&x, &done)))
        ;
    *at = x.p;
    return x.fault;
}
