#include "io/crc64.h"
#include "test.h"

#include <string.h>

int main(void)
{
    /* the catalogue's check value: https://reveng.sourceforge.io/crc-catalogue/all.htm, CRC-64/XZ
     */
    ok(dm_crc64(0, "123456789", 9) == 0x995dc9bbdf1939fau, "check value");
    static char text[5000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * i >> 3);
    uint64_t whole = dm_crc64(0, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut += 7) {
        uint64_t first = dm_crc64(0, text, cut);
        uint64_t second = dm_crc64(0, text + cut, sizeof text - cut);
        ok(dm_crc64(first, text + cut, sizeof text - cut) == whole, "continued at %zu", cut);
        ok(dm_crc64_join(first, second, sizeof text - cut) == whole, "joined at %zu", cut);
    }
    return test_end("crc64");
}
