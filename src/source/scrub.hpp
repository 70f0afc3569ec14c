// Takes secrets out of messages of libpq and of a source, and what could deceive who reads them, before they are shown,
// logged or stored.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hyperline::source {

/// What stands in the place of a password, whatever its length.
inline constexpr std::string_view kPasswordMask = "********";

/// `text` without secrets: `password` is replaced by `********` wherever it stands, raw or with any of its bytes
/// percent-encoded, and so is what looks like a password in `scheme://user:password@`. A password shorter than 4 bytes
/// is replaced only as a whole word. An empty `password` stands for none. Call it before a text is cut to a length:
/// half a password is not recognized.
[[nodiscard]] std::string scrub(std::string text, const std::string &password);

/// The most bytes of a text of a source that are shown.
inline constexpr std::size_t kLongestText = 2000;

/// `text` as one line that can only be read as what it is, valid UTF-8, not much longer than kLongestText: line
/// ends and tabs become one blank each run; other control characters, those that change the direction of writing, and
/// bytes that are not UTF-8 become escapes (`\x1b`, `\u202e`).
[[nodiscard]] std::string one_line(std::string_view text);

/// The same for a text whose lines stay lines, all of them together of that length. Empty lines and indents go.
[[nodiscard]] std::string plain_lines(std::string_view text);

} // namespace hyperline::source
