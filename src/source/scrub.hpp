// Takes secrets out of messages of libpq and of a source, before they are shown, logged or stored.
#pragma once

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

} // namespace hyperline::source
