-- Runs on a real Ray of three nodes, see ray.sh; by tests/cluster/run.sh, which starts it.
local runs = require "tests.cluster.runs"

describe("on Ray, a run", function()
  local M = runs { script = "ray.sh", engine = "ray=$RAY_URL", nodes = { 2, 3 } }

  it("deletes its job when that has ended, and keeps its log", function()
    M.check(M.bash "$dmhost run pipeline.lua -o out.jsonl -q --engine ray=$RAY_URL --workers 1")
    local status, out, err = M.bash [[job=$(basename out.jsonl.run/hosts/*.log .log)
      cat out.jsonl.run/hosts/*.log
      curl -sf -m 9 -H "Authorization: Bearer $RAY_AUTH_TOKEN" $RAY_URL/api/jobs/ | grep -q "$job" && exit 1; exit 0]]
    assert.equal(0, status, err)
    assert.truthy(out:find("worker-host", 1, true), out)
  end)
  it("needs no shared binary: Ray has it as a package under the name of its content", function()
    local status = M.bash [[cp $dmhost other
      $dmhost run pipeline.lua -o out.jsonl -q --engine ray=$RAY_URL --workers 1 &&
      ./other run pipeline.lua -o again.jsonl -q --engine ray=$RAY_URL --workers 1 && cmp out.jsonl again.jsonl]]
    assert.equal(0, status)
  end)
  it("goes on when the head crashes, for its worker hosts need none", function()
    M.check(M.disturbed "cluster crash 1")
    assert.equal(0, (M.bash "for n in $nodes; do cluster crash $n; done; cluster up"))
  end)
  it("waits while there is no Ray, and goes on when it is there again", function()
    local status, out, err = M.disturbed [[for n in $nodes 1; do cluster crash $n; done
      until_ eval '$dmhost status out.jsonl | grep -q "can not be reached"'
      cluster up]]
    M.check(status, out, err)
  end)
  it("finds the token where Ray's tools do", function()
    local status, _, err = M.bash [[
      token=$RAY_AUTH_TOKEN; unset RAY_AUTH_TOKEN; export HOME=$PWD
      run() { $dmhost run pipeline.lua -o out.jsonl -q --force --engine ray=$RAY_URL --workers 1 "$@"; }
      run 2>none && exit 1
      mkdir .ray && echo $token >.ray/auth_token && run || exit 2
      echo wrong >.ray/auth_token; run 2>wrong && exit 3
      echo $token >here; RAY_AUTH_TOKEN_PATH=$PWD/here run || exit 4
      for why in none wrong; do grep -q "Ray wants another token" $why || { cat $why >&2; exit 5; }; done]]
    assert.equal(0, status, err)
  end)
  it("says that there is no Ray, or no address", function()
    local status, _, err = M.bash "$dmhost run pipeline.lua -o out.jsonl --engine ray=http://127.0.0.1:1 --workers 1"
    assert.equal(1, status == 2 and 1 or status)
    assert.truthy(err:find("can not be reached", 1, true), err)
    status, _, err = M.bash "$dmhost run pipeline.lua -o out.jsonl --engine ray --workers 1"
    assert.equal(1, status == 2 and 1 or status)
    assert.truthy(err:find("ray=http://head:8265", 1, true), err)
  end)
end)
