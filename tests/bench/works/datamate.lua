-- Twelve operators of DataMate's.
local dm = require "dm"
return dm.pipeline {
  operators = {
    { "HtmlTagCleaner" },
    { "InvisibleCharactersCleaner" },
    { "FullWidthCharacterCleaner" },
    { "UnicodeSpaceCleaner" },
    { "ExtraSpaceCleaner" },
    { "EmailNumberCleaner" },
    { "AnonymizedUrlCleaner" },
    { "AnonymizedPhoneNumber" },
    { "AnonymizedIdNumber" },
    { "EmojiCleaner" },
    { "FileWithShortOrLongLengthFilter" },
    { "FileWithHighSpecialCharRateFilter" },
  },
}
