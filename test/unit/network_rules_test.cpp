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

} // namespace hyperline::source
