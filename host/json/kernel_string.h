/* Part of kernel_body.h: finds the end of a string and checks it. */

struct scan {
    const char *end; /* the closing quote, or where the fault is */
    enum dm_json_fault fault;
    bool escaped;
};

/* The same when there are runs of backslashes, which are told apart by where they start: an
 * addition carries through those that start at odd places. After simdjson (Langdale, Lemire,
 * "Parsing gigabytes of JSON per second", 2019). */
INLINE uint64_t escaped_by_runs(uint64_t backslash, uint64_t *carry)
{
    const uint64_t even = 0x5555555555555555u;
    backslash &= ~*carry;
    uint64_t follows = backslash << 1 | *carry;
    uint64_t odd_starts = backslash & ~even & ~follows;
    unsigned long long sequences;
    *carry = __builtin_uaddll_overflow(odd_starts, backslash, &sequences);
    return (even ^ (sequences << 1)) & follows;
}

/* Which bytes stand behind a backslash that is not itself escaped. *carry: the next block's first
 * byte is escaped. Few texts have runs, and without them a block need not wait for the one before
 * it. */
INLINE uint64_t escaped_bytes(uint64_t backslash, uint64_t *carry)
{
    uint64_t follows = backslash << 1 | *carry;
    if (__builtin_expect((backslash & follows) != 0, 0))
        return escaped_by_runs(backslash, carry);
    *carry = backslash >> 63;
    return follows;
}

INLINE enum dm_json_fault fault_of(const char *p, uint64_t control, uint64_t escape, uint64_t at)
{
    if (*p == '\n')
        return DM_JSON_OPEN;
    if (control & at)
        return DM_JSON_CONTROL;
    return escape & at ? DM_JSON_ESCAPE : DM_JSON_HEX;
}

/* Goes on from a block that has a backslash before its first quote. Most blocks of such a string
 * have more of them, so none of them is passed over by a branch that would be guessed wrong. What
 * only few blocks need is found out for those. */
TARGET static __attribute__((noinline)) struct scan scan_escaped(const char *p)
{
    uint64_t carry = 0, hex_carry = 0;
    for (;; p += 64) {
        struct marks k = marks_of(p);
        uint64_t escaped = escaped_bytes(k.backslash, &carry), odd = escaped & ~k.simple;
        if (__builtin_expect(((k.stop & ~escaped) | odd | hex_carry) == 0, 1))
            continue;
        struct masks m = masks_of(p);
        struct escapes e = escapes_of(p);
        uint64_t quote = m.quote & ~escaped, u = odd & e.u, bad_escape = odd & ~u;
        uint64_t bad_hex = (u << 1 | u << 2 | u << 3 | u << 4 | hex_carry) & ~e.hex;
        hex_carry = u >> 63 | u >> 62 | u >> 61 | u >> 60;
        uint64_t bad = m.control | bad_escape | bad_hex;
        uint64_t first = quote & -quote, inside = first | (first - 1);
        if (bad & inside) {
            p += __builtin_ctzll(bad);
            return (struct scan){p, fault_of(p, m.control, bad_escape, bad & -bad), true};
        }
        if (first)
            return (struct scan){p + __builtin_ctzll(first), DM_JSON_OK, true};
    }
}

/* Scans from the byte behind the opening quote. */
INLINE struct scan scan_string(const char *p)
{
    for (;; p += 64) {
        struct masks m = masks_of(p);
        uint64_t other = m.backslash | m.control;
        uint64_t before = (m.quote & -m.quote) - 1;
        if (other & before) {
            if (m.backslash & before)
                return scan_escaped(p);
            p += __builtin_ctzll(other);
            return (struct scan){p, *p == '\n' ? DM_JSON_OPEN : DM_JSON_CONTROL, false};
        }
        if (m.quote)
            return (struct scan){p + __builtin_ctzll(m.quote), DM_JSON_OK, false};
    }
}
