#include "source/rules.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "source/address.hpp"
#include "source/characters.hpp"

namespace hyperline::source {

namespace {

constexpr unsigned kAllBits = 128;

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

std::string in_lower_case(std::string_view text) {
	std::string lower(text);
	for (char &c : lower) {
		c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
	}
	return lower;
}

// example.com. is example.com
std::string_view without_root(std::string_view name) noexcept {
	if (name.size() > 1 && name.back() == '.') {
		name.remove_suffix(1);
	}
	return name;
}

bool share_bits(const Ipv6Address &a, const Ipv6Address &b, unsigned bits) noexcept {
	const unsigned whole = bits / 8;
	if (!std::equal(a.begin(), a.begin() + whole, b.begin())) {
		return false;
	}
	const unsigned rest = bits % 8;
	return rest == 0 || (static_cast<unsigned>(a[whole]) ^ static_cast<unsigned>(b[whole])) >> (8U - rest) == 0;
}

} // namespace

AllowedHosts::AllowedHosts(std::string_view list, std::string &fault) {
	for (bool more = true; more;) {
		more = list.find(',') != std::string_view::npos;
		std::string_view text = take_item(list);
		Item item;
		item.is_denied = text.starts_with('!');
		if (!parse(item.is_denied ? trimmed(text.substr(1)) : text, item)) {
			fault = "\"" + std::string(text) + "\" is none of: *, a name, *.example.com, an address, a range such as " +
					"10.0.0.0/8, the directory of a socket.";
			items_.clear();
			return;
		}
		items_.push_back(std::move(item));
	}
}

bool AllowedHosts::parse(std::string_view text, Item &item) {
	using Kind = Item::Kind;
	item.text = in_lower_case(without_root(text));
	if (text == "*") {
		item.kind = Kind::any;
		return true;
	}
	if (text.starts_with('/')) {
		item.kind = Kind::directory;
		item.text = text;
		return is_plain_text(text);
	}
	if (text.starts_with("*.")) {
		item.kind = Kind::below;
		item.text.erase(0, 1); // .example.com
		return is_host_name(text.substr(2));
	}
	const std::size_t slash = text.find('/');
	if (const auto address = parse_address(text.substr(0, slash))) {
		const bool is_ipv4 = parse_ipv4(text.substr(0, slash)).has_value();
		item.kind = Kind::range;
		item.address = *address;
		item.bits = kAllBits;
		if (slash == std::string_view::npos) {
			return true;
		}
		const std::string_view digits = text.substr(slash + 1);
		unsigned bits = 0;
		const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
		item.bits = bits + (is_ipv4 ? 96U : 0U);
		return code == std::errc{} && end == digits.data() + digits.size() && bits <= (is_ipv4 ? 32U : 128U);
	}
	item.kind = Kind::name;
	return is_host_name(text);
}

bool AllowedHosts::matches(const Item &item, std::string_view name, const IpAddress *address) {
	switch (item.kind) {
	case Item::Kind::any:
		return true;
	case Item::Kind::name:
	case Item::Kind::directory:
		return item.text == name;
	case Item::Kind::below:
		return name.size() > item.text.size() && name.ends_with(item.text);
	case Item::Kind::range:
		return address != nullptr && share_bits(item.address.bytes(), address->bytes(), item.bits);
	}
	return false;
}

bool AllowedHosts::decide(std::string_view name, const IpAddress *address) const {
	const bool is_directory = name.starts_with('/');
	const std::string same = is_directory ? std::string(name) : in_lower_case(without_root(name));
	const bool has_to_be_named = address != nullptr && is_unspecified(*address);
	bool is_allowed = false;
	for (const Item &item : items_) {
		if (matches(item, same, address)) {
			if (item.is_denied) {
				return false;
			}
			is_allowed = is_allowed || !has_to_be_named || (item.kind == Item::Kind::range && item.bits == kAllBits);
		}
	}
	return is_allowed;
}

bool AllowedHosts::allows_name(std::string_view name) const {
	return decide(name, nullptr);
}

bool AllowedHosts::allows(std::string_view name, const IpAddress &address) const {
	return decide(name, &address);
}

std::string check_allowed_hosts(std::string_view list) {
	std::string fault;
	const AllowedHosts hosts(list, fault);
	return fault;
}

std::string_view choose_sslmode(Encryption encryption, std::string_view own, bool is_beyond_this_host) {
	const bool is_verified = own == "verify-full";
	switch (encryption) {
	case Encryption::automatic:
		return !own.empty() ? own : is_beyond_this_host ? "require" : "prefer";
	case Encryption::on:
		if (own.empty()) {
			return "require";
		}
		return own == "require" || own == "verify-ca" || is_verified ? own : std::string_view();
	case Encryption::verify_full:
		return own.empty() || is_verified ? "verify-full" : std::string_view();
	case Encryption::off:
		break;
	}
	return own.empty() ? "prefer" : own;
}

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
