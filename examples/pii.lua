-- Takes what tells of persons out of texts, and puts marks in its place: addresses of mail and of machines, numbers of
-- telephones, cards and identity cards.
--   dmhost run examples/pii.lua -i YOUR.jsonl -o clean.jsonl
-- Patterns find what is written as such; names and places need a model. Numbers of telephones and identity cards are
-- those of China, as DataMate knows them. Mail goes first, so that no part of an address looks like something else.
local dm = require "dm"

return dm.pipeline {
  input = "build/demo/corpus.jsonl",
  output = "out/",
  operators = {
    { "EmailNumberCleaner" },
    { "clean_email_mapper", repl = "<email>" }, -- what the stricter one leaves
    { "AnonymizedIdNumber" },
    { "AnonymizedCreditCardNumber" },
    { "AnonymizedPhoneNumber" },
    { "clean_ip_mapper", repl = "<ip>" },
  },
}
