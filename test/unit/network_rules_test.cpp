#include "source/rules.hpp"

#include <gtest/gtest.h>

#include "source/address.hpp"

namespace hyperline::source {

TEST(Address, BothFormsOfAnIpv4AddressAreTheSame) {
	EXPECT_EQ(parse_address("192.0.2.1"), parse_address("::ffff:192.0.2.1"));
	EXPECT_EQ(parse_address("::ffff:c000:201")->text(), "192.0.2.1");
	EXPECT_NE(parse_address("192.0.2.1"), parse_address("::192.0.2.1"));
	EXPECT_FALSE(parse_address("192.0.2"));
	EXPECT_FALSE(parse_address("host"));
	EXPECT_FALSE(parse_address(""));
}

TEST(Address, IsWrittenInItsShortestForm) {
	EXPECT_EQ(parse_address("2001:0db8:0:0:0:0:0:1")->text(), "2001:db8::1");
	EXPECT_EQ(parse_address("0:0:0:0:0:0:0:0")->text(), "::");
	EXPECT_TRUE(is_loopback(*parse_address("127.3.2.1")));
	EXPECT_TRUE(is_loopback(*parse_address("::1")));
	EXPECT_FALSE(is_loopback(*parse_address("128.0.0.1")));
}

TEST(NameServers, AreAddressesWithPorts) {
	for (const char *list : {"", " ", "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:53",
							 "192.0.2.1, 192.0.2.2:5353 ,[::1]:1"}) {
		EXPECT_EQ(check_name_servers(list), "") << list;
	}
	for (const char *list :
		 {"ns.example.com", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.53:5x", "[2001:db8::53]",
		  "192.0.2.1,", ",", "192.0.2.1,,192.0.2.2", "192.0.2.1 192.0.2.2", "[]:53"}) {
		EXPECT_NE(check_name_servers(list), "") << list;
	}
}

namespace {

// How a list decides on "name address", or on a name alone.
bool allows(const char *list, std::string_view name, std::string_view address = {}) {
	std::string fault;
	const AllowedHosts hosts(list, fault);
	EXPECT_EQ(fault, "") << list;
	return address.empty() ? hosts.allows_name(name) : hosts.allows(name, *parse_address(address));
}

} // namespace

TEST(AllowedHosts, NamesAreComparedAsDnsDoes) {
	EXPECT_TRUE(allows("*", "anything", "192.0.2.1"));
	EXPECT_TRUE(allows("db.example.com", "DB.Example.com", "192.0.2.1"));
	EXPECT_TRUE(allows("DB.example.com.", "db.example.com."));
	EXPECT_FALSE(allows("db.example.com", "xdb.example.com"));
	EXPECT_FALSE(allows("db.example.com", "db.example.com.evil.test"));
	EXPECT_TRUE(allows("*.example.com", "a.b.example.com"));
	EXPECT_FALSE(allows("*.example.com", "example.com"));
	EXPECT_FALSE(allows("*.example.com", "badexample.com"));
	EXPECT_FALSE(allows("db.example.com", "192.0.2.1", "192.0.2.1"));
}

TEST(AllowedHosts, AddressesAreThoseThatWereFound) {
	EXPECT_TRUE(allows("10.0.0.0/8", "any.test", "10.1.2.3"));
	EXPECT_TRUE(allows("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:10.1.2.3"));
	EXPECT_FALSE(allows("10.0.0.0/8", "any.test", "11.1.2.3"));
	EXPECT_FALSE(allows("10.0.0.0/8", "any.test"));
	EXPECT_TRUE(allows("192.0.2.128/25", "x", "192.0.2.129"));
	EXPECT_FALSE(allows("192.0.2.128/25", "x", "192.0.2.127"));
	EXPECT_TRUE(allows("192.0.2.7", "x", "192.0.2.7"));
	EXPECT_FALSE(allows("192.0.2.7", "x", "192.0.2.6"));
	EXPECT_TRUE(allows("0.0.0.0/0", "x", "203.0.113.9"));
	EXPECT_FALSE(allows("0.0.0.0/0", "x", "2001:db8::1"));
	EXPECT_TRUE(allows("2001:db8::/32, ::1", "x", "2001:db8:ffff::1"));
	EXPECT_TRUE(allows("2001:db8::/32, ::1", "x", "::1"));
	EXPECT_FALSE(allows("2001:db8::/32", "x", "2001:db9::1"));
	EXPECT_TRUE(allows("::/0", "x", "192.0.2.1"));
}

TEST(AllowedHosts, ADenialWins) {
	const char *list = "*, !169.254.0.0/16, ! 127.0.0.0/8,!*.internal";
	EXPECT_TRUE(allows(list, "db.example.com", "192.0.2.1"));
	EXPECT_FALSE(allows(list, "rebound.example.com", "127.0.0.1"));
	EXPECT_FALSE(allows(list, "metadata.test", "169.254.169.254"));
	EXPECT_FALSE(allows(list, "x.internal", "192.0.2.1"));
	EXPECT_FALSE(allows("!10.0.0.0/8", "x", "192.0.2.1"));
}

TEST(AllowedHosts, AddressesThatStandForNoneHaveToBeNamed) {
	for (const char *address : {"0.0.0.0", "::", "::ffff:0.0.0.0"}) {
		EXPECT_FALSE(allows("*", address, address));
		EXPECT_FALSE(allows("*, !127.0.0.0/8, !::1", "rebound.example.com", address));
		EXPECT_FALSE(allows("rebound.example.com, *.example.com", "rebound.example.com", address));
		EXPECT_FALSE(allows("0.0.0.0/0, ::/0, 0.0.0.0/8", address, address));
		EXPECT_TRUE(allows("0.0.0.0, ::", address, address));
		EXPECT_FALSE(allows("0.0.0.0, ::, !0.0.0.0/8, !::/128", address, address));
	}
	EXPECT_TRUE(allows("*", "0.0.0.1", "0.0.0.1"));
}

TEST(AllowedHosts, TheListOfTheManualKeepsWhatItSays) {
	const char *list = "*, !0.0.0.0/8, !127.0.0.0/8, !169.254.0.0/16, !::/128, !::1, !fe80::/10, !fd00:ec2::254";
	for (const char *address : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "169.254.169.254", "169.254.170.2",
								"::", "::1", "::ffff:127.0.0.1", "fe80::1", "febf::a9fe:a9fe", "fd00:ec2::254"}) {
		EXPECT_FALSE(allows(list, "rebound.example.com", address)) << address;
	}
	for (const char *address : {"192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00:ec2::253"}) {
		EXPECT_TRUE(allows(list, "db.example.com", address)) << address;
	}
}

TEST(AllowedHosts, SocketsAreDirectories) {
	EXPECT_TRUE(allows("*", "/run/postgresql"));
	EXPECT_TRUE(allows("db.test,/run/postgresql", "/run/postgresql"));
	EXPECT_FALSE(allows("db.test", "/run/postgresql"));
	EXPECT_FALSE(allows("*, !/run/postgresql", "/run/postgresql"));
}

TEST(AllowedHosts, AListIsChecked) {
	for (const char *list : {"", ",", "a,,b", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "10.0.0/8", "a b",
							 "*x", "*.", "!", "!!a", "db_*", "http://a", "-a", "1.2.3", "a/8"}) {
		EXPECT_NE(check_allowed_hosts(list), "") << list;
	}
	std::string fault;
	EXPECT_FALSE(AllowedHosts("*, a b", fault).allows_name("x"));
}

TEST(Encryption, DecidesTheMode) {
	const auto mode = [](Encryption encryption, std::string_view own, bool is_beyond) {
		return std::string(choose_sslmode(encryption, own, is_beyond));
	};
	EXPECT_EQ(mode(Encryption::automatic, "", true), "require");
	EXPECT_EQ(mode(Encryption::automatic, "", false), "prefer");
	EXPECT_EQ(mode(Encryption::automatic, "disable", true), "disable");
	EXPECT_EQ(mode(Encryption::on, "", false), "require");
	EXPECT_EQ(mode(Encryption::on, "verify-ca", true), "verify-ca");
	EXPECT_EQ(mode(Encryption::on, "prefer", true), "");
	EXPECT_EQ(mode(Encryption::on, "allow", false), "");
	EXPECT_EQ(mode(Encryption::verify_full, "", true), "verify-full");
	EXPECT_EQ(mode(Encryption::verify_full, "verify-full", true), "verify-full");
	EXPECT_EQ(mode(Encryption::verify_full, "verify-ca", true), "");
	EXPECT_EQ(mode(Encryption::off, "", true), "prefer");
	EXPECT_EQ(mode(Encryption::off, "disable", true), "disable");
}

} // namespace hyperline::source
