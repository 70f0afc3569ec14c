#include "source/address.hpp"

#include "source/characters.hpp"

#include <algorithm>
#include <cstddef>

#include <arpa/inet.h>

namespace hyperline::source {

namespace {

constexpr std::size_t kMaxHostLength = 253; // RFC 1035's 255 bytes as text

// The bytes of a part of an IPv6 address.
struct Bytes {
	Ipv6Address bytes{};
	std::size_t size = 0;

	bool append(const std::uint8_t *begin, std::size_t count) noexcept {
		if (count > bytes.size() - size) {
			return false;
		}
		std::copy_n(begin, count, bytes.begin() + static_cast<std::ptrdiff_t>(size));
		size += count;
		return true;
	}
};

// One to four hexadecimal digits.
bool append_group(std::string_view digits, Bytes &part) noexcept {
	if (digits.empty() || digits.size() > 4) {
		return false;
	}
	unsigned number = 0;
	for (const char c : digits) {
		const int digit = hex_digit(c);
		if (digit < 0) {
			return false;
		}
		number = number * 16U + static_cast<unsigned>(digit);
	}
	const std::array<std::uint8_t, 2> group = {static_cast<std::uint8_t>(number >> 8U),
											   static_cast<std::uint8_t>(number & 0xFFU)};
	return part.append(group.data(), group.size());
}

// Groups separated by colons, none at all for an empty text. Only the very end of an address may be an IPv4 address.
bool append_groups(std::string_view text, bool may_end_in_ipv4, Bytes &part) noexcept {
	while (!text.empty()) {
		const std::size_t colon = text.find(':');
		if (colon == std::string_view::npos) {
			const auto ipv4 = may_end_in_ipv4 ? parse_ipv4(text) : std::nullopt;
			return ipv4 ? part.append(ipv4->data(), ipv4->size()) : append_group(text, part);
		}
		if (!append_group(text.substr(0, colon), part) || colon + 1 == text.size()) {
			return false;
		}
		text.remove_prefix(colon + 1);
	}
	return true;
}

// As inet_aton() would take it: a last label of decimal digits, or 0x and hexadecimal ones.
bool ends_in_number(std::string_view host) noexcept {
	if (host.back() == '.') {
		host.remove_suffix(1);
	}
	const std::string_view label = host.substr(host.rfind('.') + 1); // npos + 1 is 0
	if (label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) {
		return std::all_of(label.begin() + 2, label.end(), [](char c) { return hex_digit(c) >= 0; });
	}
	return std::all_of(label.begin(), label.end(), is_digit);
}

constexpr std::array<std::uint8_t, 12> kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

} // namespace

IpAddress::IpAddress(const Ipv4Address &address) noexcept {
	std::copy(kIpv4Prefix.begin(), kIpv4Prefix.end(), bytes_.begin());
	std::copy(address.begin(), address.end(), bytes_.begin() + kIpv4Prefix.size());
}

bool IpAddress::is_ipv4() const noexcept {
	return std::equal(kIpv4Prefix.begin(), kIpv4Prefix.end(), bytes_.begin());
}

std::string IpAddress::text() const {
	std::array<char, INET6_ADDRSTRLEN> text{};
	const bool ipv4 = is_ipv4();
	inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes_.data() + (ipv4 ? kIpv4Prefix.size() : 0), text.data(), text.size());
	return text.data();
}

std::optional<IpAddress> parse_address(std::string_view text) noexcept {
	if (const auto ipv4 = parse_ipv4(text)) {
		return IpAddress(*ipv4);
	}
	const auto ipv6 = parse_ipv6(text);
	return ipv6 ? std::optional(IpAddress(*ipv6)) : std::nullopt;
}

std::optional<Ipv4Address> parse_ipv4(std::string_view text) noexcept {
	Ipv4Address address{};
	std::size_t at = 0;
	for (std::size_t i = 0; i < address.size(); ++i) {
		const std::size_t begin = at;
		unsigned number = 0;
		while (at < text.size() && at - begin < 3 && is_digit(text[at])) {
			number = number * 10U + static_cast<unsigned>(text[at++] - '0');
		}
		const bool last = i + 1 == address.size();
		const bool is_ended = last ? at == text.size() : at < text.size() && text[at] == '.';
		if (at == begin || number > 255U || (text[begin] == '0' && at - begin > 1) || !is_ended) {
			return std::nullopt;
		}
		address[i] = static_cast<std::uint8_t>(number);
		++at;
	}
	return address;
}

std::optional<Ipv6Address> parse_ipv6(std::string_view text) noexcept {
	Bytes front;
	Bytes back;
	const std::size_t gap = text.find("::");
	if (gap == std::string_view::npos) {
		return append_groups(text, true, front) && front.size == front.bytes.size() ? std::optional(front.bytes)
																					: std::nullopt;
	}
	if (!append_groups(text.substr(0, gap), false, front) || !append_groups(text.substr(gap + 2), true, back) ||
		front.size + back.size > front.bytes.size() - 2) {
		return std::nullopt;
	}
	std::copy_n(back.bytes.begin(), back.size, front.bytes.end() - static_cast<std::ptrdiff_t>(back.size));
	return front.bytes;
}

bool is_host_name(std::string_view text) noexcept {
	const auto is_name_character = [](char c) {
		return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
	};
	return !text.empty() && text.size() <= kMaxHostLength && text.front() != '-' && text.front() != '.' &&
		   std::all_of(text.begin(), text.end(), is_name_character) && !ends_in_number(text);
}

bool is_loopback(const Ipv4Address &address) noexcept {
	return address[0] == 127;
}

bool is_loopback(const Ipv6Address &address) noexcept {
	constexpr Ipv6Address loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
	constexpr std::array<std::uint8_t, 13> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127};
	return address == loopback || std::equal(mapped.begin(), mapped.end(), address.begin());
}

bool is_loopback(const IpAddress &address) noexcept {
	return is_loopback(address.bytes());
}

bool is_unspecified(const IpAddress &address) noexcept {
	return address == IpAddress(Ipv4Address{}) || address == IpAddress(Ipv6Address{});
}

} // namespace hyperline::source
