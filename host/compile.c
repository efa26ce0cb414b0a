/* Part of the build: writes what the binary carries as an assembler file, the Lua files both as
 * they are and compiled, since compiling them costs more than all else that a process does at its
 * start.
 *
 *   compile OUT.S OUT.bin FILE...     bytecode goes to OUT.bin, which OUT.S includes
 *
 * The files come in the order of their names, in which they are looked up.
 */
#include <lauxlib.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    FILE *list, *code;
    long at; /* bytes of code written */
} out;

/* The order of constants in bytecode depends on random numbers. The same binary is to come out of
 * the same sources, so LuaJIT gets a seed that stays the same, and an allocator that, unlike its
 * own, does not draw numbers as addresses happen to be. */
__attribute__((visibility("default"))) long syscall(long number, ...)
{
    va_list args;
    if (number != SYS_getrandom)
        return -1;
    va_start(args, number);
    void *p = va_arg(args, void *);
    size_t n = va_arg(args, size_t);
    va_end(args);
    memset(p, 0x5a, n);
    return (long)n;
}

static void *allocate(void *ud, void *p, size_t old, size_t size)
{
    (void)ud, (void)old;
    if (size)
        return realloc(p, size);
    free(p);
    return NULL;
}

static int write_code(lua_State *L, const void *p, size_t n, void *to)
{
    (void)L;
    out.at += (long)n;
    return fwrite(p, 1, n, to) != n;
}

/* The text of a file, on the stack. */
static int read_text(lua_State *L, const char *path)
{
    FILE *file = fopen(path, "r");
    char block[4096];
    luaL_Buffer b;
    size_t n;
    if (!file)
        return -1;
    luaL_buffinit(L, &b);
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        luaL_addlstring(&b, block, n);
    luaL_pushresult(&b);
    int rc = ferror(file);
    return fclose(file) || rc ? -1 : 0;
}

/* Compiles a file under the name that lua/dm/boot.lua gives it in messages; in a state of its own,
 * so that what it becomes does not depend on the files before. */
static int compile(const char *path)
{
    char name[4096];
    lua_State *L = lua_newstate(allocate, NULL);
    if (!L || read_text(L, path))
        return -1;
    luaL_openlibs(L); /* FFI is needed for numbers such as 1ULL */
    size_t n;
    const char *text = lua_tolstring(L, 1, &n);
    snprintf(name, sizeof name, "=%s", path);
    int rc = luaL_loadbuffer(L, text, n, name) || lua_dump(L, write_code, out.code);
    if (rc)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return rc;
}

/* One row of dm_embed_table (lua/embed.h), and before it what it points to. */
static int add(int i, const char *path)
{
    size_t n = strlen(path);
    long from = out.at;
    if (n > 4 && strcmp(path + n - 4, ".lua") == 0 && compile(path))
        return -1;
    fprintf(out.list, "n%d: .asciz \"%s\"\nt%d: .incbin \"%s\"\ne%d: .byte 0\n", i, path, i, path,
            i);
    fprintf(out.list, ".pushsection .data.rel.ro\n.quad n%d, t%d, e%d - t%d, code + %ld, %ld\n", i,
            i, i, i, from, out.at - from);
    fprintf(out.list, ".popsection\n");
    return 0;
}

int main(int argc, char **argv)
{
    out.list = argc > 2 ? fopen(argv[1], "w") : NULL;
    out.code = argc > 2 ? fopen(argv[2], "w") : NULL;
    if (!out.list || !out.code)
        return 2;
    fputs(".section .note.GNU-stack,\"\",@progbits\n.section .data.rel.ro,\"aw\"\n.balign 8\n"
          ".globl dm_embed_table\n.hidden dm_embed_table\ndm_embed_table:\n.section .rodata\n",
          out.list);
    for (int i = 3; i < argc; i++)
        if (add(i, argv[i])) {
            fprintf(stderr, "compile: cannot take in %s\n", argv[i]);
            return 1;
        }
    fprintf(out.list,
            "code: .incbin \"%s\"\n.balign 8\n.globl dm_embed_count\n.hidden dm_embed_count\n"
            "dm_embed_count: .quad %d\n",
            argv[2], argc - 3);
    int rc = ferror(out.list) || ferror(out.code);
    return fclose(out.list) || fclose(out.code) || rc;
}
