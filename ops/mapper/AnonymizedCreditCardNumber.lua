-- Replaces the numbers of credit cards by <credit_card_number>, when their check sum is right. Eight digits in a row
-- count as a card too, with a space or hyphen before them, so that one date in ten goes; DataMate's pattern has it so.
-- Prefer replace_content_mapper with a pattern of 13 to 19 digits where dates must stay.
local datamate = require "dm.datamate"

local AnonymizedCreditCardNumber = datamate.TextMapper:extend {
  name = "AnonymizedCreditCardNumber",
  summary = "Replace the numbers of credit cards.",
  examples = {
    { input = { text = "pay 4111 1111 1111 1111 now" }, output = { text = "pay <credit_card_number> now" } },
    { input = { text = "pay 4111 1111 1111 1112 now" }, output = { text = "pay 4111 1111 1111 1112 now" } },
  },
}

function AnonymizedCreditCardNumber:clean(s) return datamate.cards(s) end -- luacheck: ignore 212/self

return AnonymizedCreditCardNumber
