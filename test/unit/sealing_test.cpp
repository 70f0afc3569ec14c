#include "store/sealing.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hyperline::store {

namespace {

std::string ones() {
	return std::string(64, '1');
}

std::string state_of_opening(const Key &key, const std::string &sealed, const std::string &place) {
	try {
		return "opened: " + open(key, sealed, place).text();
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().message, "the sealed password was altered, or is not the one of this connection");
		return error.failure().sqlstate;
	}
}

std::string state_of_key(const std::string &text) {
	try {
		const Key key(text);
		return "a key";
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().message, "the key is not 64 hexadecimal digits");
		return error.failure().sqlstate;
	}
}

} // namespace

TEST(Sealing, WhatWasSealedOpensInItsPlaceOnly) {
	const Key key(ones());
	for (const std::string &secret : {std::string("s3cret"), std::string(1000, 'x'), std::string("\0\xff", 2)}) {
		const std::string sealed = seal(key, secret, "7\npostgres://u:********@h/d");
		EXPECT_EQ(state_of_opening(key, sealed, "7\npostgres://u:********@h/d"), "opened: " + secret);
		EXPECT_EQ(state_of_opening(key, sealed, "8\npostgres://u:********@h/d"), "XX001");
		EXPECT_EQ(state_of_opening(key, sealed, "7\npostgres://u:********@evil/d"), "XX001");
		EXPECT_EQ(sealed.size(), secret.size() + 37);
		EXPECT_EQ(sealed.find("s3cret"), std::string::npos);
	}
}

TEST(Sealing, AnyAlteredByteIsNoticed) {
	const Key key(ones());
	const std::string sealed = seal(key, "s3cret", "place");
	for (std::size_t i = 0; i < sealed.size(); i++) {
		std::string altered = sealed;
		altered[i] = static_cast<char>(altered[i] ^ 1);
		EXPECT_EQ(state_of_opening(key, altered, "place"), "XX001") << "byte " << i;
		EXPECT_EQ(state_of_opening(key, sealed.substr(0, i), "place"), "XX001") << "cut to " << i;
	}
	EXPECT_EQ(state_of_opening(key, sealed + "x", "place"), "XX001");
}

TEST(Sealing, AnotherKeyDoesNotOpenAndHasAnotherId) {
	const Key key(ones());
	const Key other(std::string(64, '2'));
	EXPECT_NE(key.id(), other.id());
	EXPECT_EQ(key_id_of(seal(key, "s3cret", "place")), key.id());
	EXPECT_EQ(state_of_opening(other, seal(key, "s3cret", "place"), "place"), "XX001");
}

// The id is not to be forged into another key's: it is authenticated too.
TEST(Sealing, TheHeaderIsAuthenticated) {
	const Key key(ones());
	const Key other(std::string(64, '2'));
	std::string sealed = seal(key, "s3cret", "place");
	sealed.replace(1, other.id().size(), other.id());
	EXPECT_EQ(state_of_opening(other, sealed, "place"), "XX001");
}

TEST(Sealing, NoNonceComesTwice) {
	const Key key(ones());
	std::set<std::string> nonces;
	for (int i = 0; i < 10000; i++) {
		nonces.insert(seal(key, "s3cret", "place").substr(9, 12));
	}
	EXPECT_EQ(nonces.size(), 10000U);
}

// From another implementation of AES-256-GCM (Python's cryptography), so that what is stored today opens tomorrow.
TEST(Sealing, OpensWhatAnotherImplementationSealed) {
	const Key key(ones());
	EXPECT_EQ(to_hex(key.id()), "40e34130b16f6703");
	EXPECT_EQ(state_of_opening(
				  key,
				  from_hex("0140e34130b16f6703000102030405060708090a0b60d0d5611ed70e41ec66ac8b1013345b08bf61d26879"),
				  "place"),
			  "opened: s3cret");
}

TEST(Sealing, KeysAreReadFromHexadecimalDigitsOnly) {
	EXPECT_EQ(state_of_key(ones()), "a key");
	EXPECT_EQ(state_of_key(std::string(32, 'a') + std::string(32, 'F')), "a key");
	EXPECT_EQ(state_of_key(std::string(63, '1')), "F0000");
	EXPECT_EQ(state_of_key(std::string(65, '1')), "F0000");
	EXPECT_EQ(state_of_key(std::string(63, '1') + "g"), "F0000");
	EXPECT_EQ(state_of_key("0x" + std::string(62, '1')), "F0000");
	const pg::Secret fresh = Key::make_text();
	EXPECT_EQ(state_of_key(fresh.text()), "a key");
	EXPECT_NE(fresh.text(), Key::make_text().text());
}

TEST(Sealing, BytesTravelAsDigits) {
	std::string all;
	for (int byte = 0; byte < 256; byte++) {
		all += static_cast<char>(byte);
	}
	EXPECT_EQ(from_hex(to_hex(all)), all);
	EXPECT_EQ(to_hex(std::string("\x00\xff\x10", 3)), "00ff10");
}

} // namespace hyperline::store
