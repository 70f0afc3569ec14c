#include "source/rules.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "source/address.hpp"
#include "source/characters.hpp"

namespace hyperline::source {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
	while (!text.empty() && text.front() == ' ') {
		text.remove_prefix(1);
	}
	while (!text.empty() && text.back() == ' ') {
		text.remove_suffix(1);
	}
	return text;
}

// The part of `list` before its next comma, without blanks around it; takes it off.
std::string_view take_item(std::string_view &list) noexcept {
	const std::size_t comma = std::min(list.find(','), list.size());
	const std::string_view item = trimmed(list.substr(0, comma));
	list.remove_prefix(std::min(comma + 1, list.size()));
	return item;
}

bool is_port(std::string_view text) noexcept {
	std::uint16_t port = 0;
	const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
	return code == std::errc{} && end == text.data() + text.size() && port != 0;
}

// ADDRESS, IPV4:PORT or [ADDRESS]:PORT
bool is_name_server(std::string_view text) noexcept {
	if (parse_address(text)) {
		return true;
	}
	const std::size_t colon = text.rfind(':');
	if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) {
		return false;
	}
	const std::string_view host = text.substr(0, colon);
	if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
		return parse_address(host.substr(1, host.size() - 2)).has_value();
	}
	return parse_ipv4(host).has_value();
}

} // namespace

std::string check_name_servers(std::string_view list) {
	if (trimmed(list).empty()) {
		return {};
	}
	for (bool more = true; more;) {
		more = list.find(',') != std::string_view::npos;
		if (const std::string_view item = take_item(list); !is_name_server(item)) {
			return "\"" + std::string(item) +
				   "\" is not an address of a name server: write 192.0.2.53, 192.0.2.53:5353, "
				   "2001:db8::53 or [2001:db8::53]:5353.";
		}
	}
	return {};
}

} // namespace hyperline::source
