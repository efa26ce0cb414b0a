#include "lua/state.h"

#include "lua/embed.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the registry keeps `require`, which user code may set to something else. */
#define REQUIRE "dm.require"

struct dm_lua {
    lua_State *L;
    size_t used, limit;
    bool refused; /* memory was asked for that there was not */
};

int dm_abi(void)
{
    return 1;
}

bool dm_lua_versions(struct dm_buf *out)
{
    lua_State *L = luaL_newstate();
    if (!L)
        return false;
    lua_pushcfunction(L, luaopen_jit);
    bool ok = lua_pcall(L, 0, 0, 0) == 0;
    lua_getglobal(L, "jit");
    if (ok)
        lua_getfield(L, -1, "version");
    ok = ok && lua_isstring(L, -1) && dm_buf_printf(out, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return ok;
}

static void *count_alloc(void *ud, void *p, size_t old, size_t size)
{
    struct dm_lua *lua = ud;
    if (size == 0) {
        lua->used -= old;
        free(p);
        return NULL;
    }
    bool over = lua->limit && size > old && lua->used + (size - old) > lua->limit;
    void *q = over ? NULL : realloc(p, size);
    if (q)
        lua->used += size - old;
    else
        lua->refused = true;
    return q;
}

/* embedded(path) -> text or nil */
static int lua_embedded(lua_State *L)
{
    const struct dm_embed *e = dm_embed_find(luaL_checkstring(L, 1));
    if (!e)
        return 0;
    lua_pushlstring(L, e->text, e->size);
    return 1;
}

/* embedded_chunk(path) -> function or nil. Upvalue: whether there is bytecode for this LuaJIT. */
static int lua_embedded_chunk(lua_State *L)
{
    const struct dm_embed *e = dm_embed_find(luaL_checkstring(L, 1));
    bool compiled = lua_toboolean(L, lua_upvalueindex(1));
    if (!e)
        return 0;
    lua_pushfstring(L, "=%s", e->path);
    if (luaL_loadbuffer(L, compiled ? e->code : e->text, compiled ? e->code_size : e->size,
                        lua_tostring(L, -1)))
        return lua_error(L);
    return 1;
}

/* embedded_paths() -> array of paths */
static int lua_embedded_paths(lua_State *L)
{
    lua_newtable(L);
    const struct dm_embed *e;
    for (size_t i = 0; (e = dm_embed_at(i)); i++) {
        lua_pushstring(L, e->path);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* message -> message with traceback; what says itself how it reads (a dm.Problem) is taken at its
 * word */
static int traceback(lua_State *L)
{
    if (luaL_callmeta(L, 1, "__tostring"))
        return 1;
    const char *text = lua_tostring(L, 1);
    if (!text)
        return 1;
    luaL_traceback(L, L, text, 1);
    return 1;
}

/* Bytecode that is expected: as much as was seen goes off its beginning. */
struct expected {
    const char *p;
    size_t n;
};

static int expect_code(lua_State *L, const void *p, size_t n, void *arg)
{
    struct expected *e = arg;
    (void)L;
    if (n > e->n || memcmp(e->p, p, n) != 0)
        return 1;
    e->p += n;
    e->n -= n;
    return 0;
}

/* boot(embedded, embedded_chunk, compiled, embedded_paths). Its own file is compiled here: when
 * that makes the bytecode that it made at build, this LuaJIT takes the bytecode of the others. */
static int boot(lua_State *L)
{
    const struct dm_embed *e = dm_embed_find("lua/dm/boot.lua");
    luaL_openlibs(L);
    if (!e || luaL_loadbuffer(L, e->text, e->size, "=lua/dm/boot.lua"))
        return lua_error(L);
    struct expected rest = {e->code, e->code_size};
    bool compiled = lua_dump(L, expect_code, &rest) == 0 && rest.n == 0;
    lua_pushcfunction(L, lua_embedded);
    lua_pushboolean(L, compiled);
    lua_pushcclosure(L, lua_embedded_chunk, 1);
    lua_pushboolean(L, compiled);
    lua_pushcfunction(L, lua_embedded_paths);
    lua_call(L, 4, 0);
    lua_getglobal(L, "require");
    lua_setfield(L, LUA_REGISTRYINDEX, REQUIRE);
    return 0;
}

/* Memory that ran short is told by its message when Lua code has caught it and raised it again. */
static int fail_from_lua(lua_State *L, int rc, struct dm_error *err)
{
    static const char memory[] = "not enough memory";
    const char *text = lua_tostring(L, -1);
    bool short_of_memory =
        rc == LUA_ERRMEM || (text && strncmp(text, memory, sizeof memory - 1) == 0);
    return dm_fail(err, short_of_memory ? DM_EMEMORY : DM_EUSAGE, "%s",
                   text ? text : "(error is not a string)");
}

/* LuaJIT can not unwind, which happens when memory runs short in compiled code. Its own way is to
 * exit with status 1 and not a word. */
static int panic(lua_State *L)
{
    void *ud;
    lua_getallocf(L, &ud);
    const struct dm_lua *lua = ud;
    if (lua->refused)
        _exit(DM_EXIT_MEMORY);
    fputs("dmhost: LuaJIT can not go on\n", stderr);
    abort();
}

struct dm_lua *dm_lua_open(size_t limit, struct dm_error *err)
{
    struct dm_lua *lua = calloc(1, sizeof *lua);
    if (!lua) {
        dm_fail_memory(err);
        return NULL;
    }
    lua->limit = limit;
    lua->L = lua_newstate(count_alloc, lua);
    if (!lua->L) {
        dm_fail_memory(err);
        free(lua);
        return NULL;
    }
    lua_atpanic(lua->L, panic);
    int rc = lua_cpcall(lua->L, boot, NULL);
    if (rc) {
        fail_from_lua(lua->L, rc, err);
        dm_lua_close(lua);
        return NULL;
    }
    return lua;
}

void dm_lua_close(struct dm_lua *lua)
{
    if (!lua)
        return;
    lua_close(lua->L);
    free(lua);
}

/* traceback, require(module)[name] on the stack, under the caller's pcall */
static void push_function(lua_State *L, const char *module, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, REQUIRE);
    lua_pushstring(L, module);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

struct call {
    const char *module, *name;
    void *arg;
    int argc;
    char **argv;
    int result;
};

/* require(module)[name](arg | argv) */
static int protected_call(lua_State *L)
{
    struct call *c = lua_touserdata(L, 1);
    push_function(L, c->module, c->name);
    if (c->argv) {
        lua_createtable(L, c->argc, 0);
        for (int i = 1; i < c->argc; i++) {
            lua_pushstring(L, c->argv[i]);
            lua_rawseti(L, -2, i);
        }
    } else {
        lua_pushlightuserdata(L, c->arg);
    }
    lua_call(L, 1, 1);
    c->result = (int)lua_tointeger(L, -1);
    return 0;
}

static int call(struct dm_lua *lua, struct call *c, struct dm_error *err)
{
    lua_State *L = lua->L;
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, protected_call);
    lua_pushlightuserdata(L, c);
    int rc = lua_pcall(L, 1, 0, -3);
    int status = rc ? fail_from_lua(L, rc, err) : c->result;
    lua_settop(L, 0);
    return status;
}

int dm_lua_call(struct dm_lua *lua, const char *module, const char *name, void *arg,
                struct dm_error *err)
{
    struct call c = {.module = module, .name = name, .arg = arg};
    return call(lua, &c, err);
}

int dm_lua_main(struct dm_lua *lua, int argc, char **argv, struct dm_error *err)
{
    struct call c = {.module = "dm.cli.main", .name = "main", .argc = argc, .argv = argv};
    return call(lua, &c, err);
}
