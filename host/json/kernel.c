#include "json/kernel_masks.h"

#define LOW_0_9 DM_DIGIT
#define LOW_1_6 (DM_DIGIT | DM_HEX_LETTER)

const uint8_t dm_json_by_low[16] = {
    [0x0] = LOW_0_9,
    [0x1] = LOW_1_6,
    [0x2] = LOW_1_6 | DM_ESCAPE_2 | DM_ESCAPE_6 | DM_ESCAPE_7,
    [0x3] = LOW_1_6,
    [0x4] = LOW_1_6 | DM_ESCAPE_7,
    [0x5] = LOW_1_6 | DM_ESCAPE_U,
    [0x6] = LOW_1_6 | DM_ESCAPE_6,
    [0x7] = LOW_0_9,
    [0x8] = LOW_0_9,
    [0x9] = LOW_0_9,
    [0xC] = DM_ESCAPE_5,
    [0xE] = DM_ESCAPE_6,
    [0xF] = DM_ESCAPE_2,
};

const uint8_t dm_json_by_high[16] = {
    [2] = DM_ESCAPE_2,
    [3] = DM_DIGIT,
    [4] = DM_HEX_LETTER,
    [5] = DM_ESCAPE_5,
    [6] = DM_HEX_LETTER | DM_ESCAPE_6,
    [7] = DM_ESCAPE_7 | DM_ESCAPE_U,
};

const char dm_json_unescaped[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

const char dm_json_letters[64] = {
    ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
};

#define SHORT(c)                                                                                   \
    {                                                                                              \
        '\\', c, [7] = 2                                                                           \
    }
#define UNIT(high, low)                                                                            \
    {                                                                                              \
        '\\', 'u', '0', '0', high, low, [7] = 6                                                    \
    }

const char dm_json_escaped[256][8] = {
    [0] = UNIT('0', '0'),  [1] = UNIT('0', '1'),  [2] = UNIT('0', '2'),  [3] = UNIT('0', '3'),
    [4] = UNIT('0', '4'),  [5] = UNIT('0', '5'),  [6] = UNIT('0', '6'),  [7] = UNIT('0', '7'),
    [8] = SHORT('b'),      [9] = SHORT('t'),      [10] = SHORT('n'),     [11] = UNIT('0', 'b'),
    [12] = SHORT('f'),     [13] = SHORT('r'),     [14] = UNIT('0', 'e'), [15] = UNIT('0', 'f'),
    [16] = UNIT('1', '0'), [17] = UNIT('1', '1'), [18] = UNIT('1', '2'), [19] = UNIT('1', '3'),
    [20] = UNIT('1', '4'), [21] = UNIT('1', '5'), [22] = UNIT('1', '6'), [23] = UNIT('1', '7'),
    [24] = UNIT('1', '8'), [25] = UNIT('1', '9'), [26] = UNIT('1', 'a'), [27] = UNIT('1', 'b'),
    [28] = UNIT('1', 'c'), [29] = UNIT('1', 'd'), [30] = UNIT('1', 'e'), [31] = UNIT('1', 'f'),
    ['"'] = SHORT('"'),    ['\\'] = SHORT('\\'),
};

static const struct dm_json_kernel *forced;

void dm_json_force_kernel(const struct dm_json_kernel *kernel)
{
    forced = kernel;
}

const struct dm_json_kernel *dm_json_kernel(void)
{
    if (forced)
        return forced;
#if defined(__x86_64__)
    bool bits = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    if (bits && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2"))
        return &dm_json_avx512;
    if (bits && __builtin_cpu_supports("avx2"))
        return &dm_json_avx2;
#endif
    return &dm_json_portable;
}
