local utf8 = require "dm.utf8"

describe("dm.utf8.clean", function()
  it("leaves what is valid as it is, the same string", function()
    assert.equal("", utf8.clean "")
    assert.equal("naïve 數據 \0", utf8.clean "naïve 數據 \0")
  end)

  it("puts a mark in the place of each byte that is not, and keeps what stands around it", function()
    assert.equal("數?據??", utf8.clean "數\255據\240\159")
    assert.equal(("?"):rep(1e5), utf8.clean(("\128"):rep(1e5)))
  end)
end)
