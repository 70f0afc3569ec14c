// The host of a connection as text: a name, an IPv4 address or an IPv6 address, and nothing that a resolver would
// take for one of them in disguise (`127.1`, `0x7f000001` and `2130706433` are all 127.0.0.1 to inet_aton()).
// Nothing here resolves a name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hyperline::source {

using Ipv4Address = std::array<std::uint8_t, 4>;
using Ipv6Address = std::array<std::uint8_t, 16>;

/// An address of either family. An IPv4 address and its form in IPv6 (`::ffff:192.0.2.1`) are the same.
class IpAddress {
public:
	constexpr IpAddress() noexcept = default;
	explicit IpAddress(const Ipv4Address &address) noexcept;
	explicit constexpr IpAddress(const Ipv6Address &address) noexcept : bytes_(address) {}

	[[nodiscard]] bool is_ipv4() const noexcept;
	[[nodiscard]] const Ipv6Address &bytes() const noexcept { return bytes_; }
	/// As it is written: 192.0.2.1, 2001:db8::1 (RFC 5952).
	[[nodiscard]] std::string text() const;

	bool operator==(const IpAddress &) const noexcept = default;

private:
	Ipv6Address bytes_{};
};

/// Reads four decimal numbers from 0 to 255 without leading zeros; nothing for any other text.
[[nodiscard]] std::optional<Ipv4Address> parse_ipv4(std::string_view text) noexcept;

/// Reads an IPv6 address (RFC 4291, 2.2) without brackets and zone; nothing for any other text.
[[nodiscard]] std::optional<Ipv6Address> parse_ipv6(std::string_view text) noexcept;

/// Reads an address of either family; nothing for any other text.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text) noexcept;

/// True for a name that may be given to a resolver: ^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$, the last label not a number.
[[nodiscard]] bool is_host_name(std::string_view text) noexcept;

/// True for an address of this machine's loopback: 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104.
[[nodiscard]] bool is_loopback(const Ipv4Address &address) noexcept;
[[nodiscard]] bool is_loopback(const Ipv6Address &address) noexcept;
[[nodiscard]] bool is_loopback(const IpAddress &address) noexcept;

/// True for what stands for no address, and leads to this host when it is connected to: 0.0.0.0, ::, ::ffff:0.0.0.0.
[[nodiscard]] bool is_unspecified(const IpAddress &address) noexcept;

} // namespace hyperline::source
