// Names that people give, and what they meant by one that nothing has.
#include "store/name_text.hpp"

#include "pg/nearest.hpp"
#include "pg/unicode.hpp"

#include <gtest/gtest.h>

namespace hyperline {
namespace {

using store::fault_of_name;

TEST(NameText, TakesWhatCanBeRead) {
	EXPECT_EQ(fault_of_name("api calls", 255), "");
	EXPECT_EQ(fault_of_name("Zürich, 日本 — ok 😀", 255), "");
	EXPECT_EQ(fault_of_name("مرحبا", 255), "") << "what is written from right to left by itself";
	EXPECT_EQ(fault_of_name("می\u200cخواهم", 255), "") << "a joiner inside of a word belongs there";
	EXPECT_EQ(fault_of_name(std::string(255, 'x'), 255), "");
}

TEST(NameText, RefusesWhatIsEmptyOrTooLong) {
	EXPECT_EQ(fault_of_name("", 255), "It is empty.");
	EXPECT_EQ(fault_of_name(std::string(256, 'x'), 255), "It has 256 bytes.");
	EXPECT_EQ(fault_of_name("\xFF", 255), "It is not valid UTF-8.");
	for (const char *blank :
		 {" ", "   ", "\t", "\n \r\n", "\u00A0", "\u2003\u3000", "\u200B", "\uFEFF ", "\u2028", "\u3164"}) {
		EXPECT_EQ(fault_of_name(blank, 255), "It is only white space.") << blank;
	}
}

TEST(NameText, RefusesWhatCannotBeSeen) {
	EXPECT_EQ(fault_of_name("a\nb", 255), "It holds a control character (U+000A), its character 2.");
	EXPECT_EQ(fault_of_name("\x7F"
							"a",
							255),
			  "It holds a control character (U+007F), its character 1.");
	EXPECT_EQ(fault_of_name("äb\u009Bc", 255), "It holds a control character (U+009B), its character 3.");
	EXPECT_EQ(fault_of_name("a\u2029b", 255), "It holds a control character (U+2029), its character 2.");
	for (const char *name : {"a\u061Cb", "a\u200Eb", "a\u200Fb", "a\u202Ab", "a\u202Eb", "a\u2066b", "a\u2069b"}) {
		EXPECT_NE(fault_of_name(name, 255).find("turns the direction of writing"), std::string::npos) << name;
	}
}

TEST(NameText, CodePointsAreThoseOfUnicode) {
	EXPECT_EQ(code_point("a"), U'a');
	EXPECT_EQ(code_point("ä"), U'ä');
	EXPECT_EQ(code_point("€"), U'€');
	EXPECT_EQ(code_point("😀"), U'😀');
}

TEST(Nearest, CountsWhatAPersonGetsWrong) {
	EXPECT_EQ(distance("calls", "calls", 9), 0U);
	EXPECT_EQ(distance("calls", "CALLS", 9), 0U);
	EXPECT_EQ(distance("calls", "call", 9), 1U);
	EXPECT_EQ(distance("calls", "clals", 9), 1U) << "swapped";
	EXPECT_EQ(distance("calls", "", 9), 5U);
	EXPECT_EQ(distance("Zürich", "Zurich", 9), 1U) << "characters, not bytes";
	EXPECT_EQ(distance("kitten", "sitting", 9), 3U);
	EXPECT_GT(distance("kitten", "sitting", 2), 2U);
	EXPECT_GT(distance("a", std::string(5000, 'a'), 3), 3U);
}

TEST(Nearest, IsNotEagerWithShortNames) {
	EXPECT_EQ(nearest("x", {"y", "xy"}), "");
	EXPECT_EQ(nearest("eu", {"us"}), "");
	EXPECT_EQ(nearest("EU", {"us", "eu"}), "eu");
	EXPECT_EQ(nearest("cal", {"call"}), "call");
	EXPECT_EQ(nearest("cal", {"calls"}), "");
	EXPECT_EQ(nearest("prodcut", {"warehouse", "product"}), "product");
	EXPECT_EQ(nearest("product", {"producer", "products"}), "products") << "the nearest";
	EXPECT_EQ(nearest("warehouse", {"product"}), "");
	EXPECT_EQ(nearest("calls", {}), "");
}

TEST(NameText, IsLikeWhatOpensAConnection) {
	for (const char *url :
		 {"postgres://u:p@h/d", "PostgreSQL://h", "x postgres://", "host=h password=p", "password PASSWORD = p"}) {
		EXPECT_TRUE(store::is_like_url(url)) << url;
	}
	for (const char *name :
		 {"", "product", "eu:calls", "a/b//c", "bob@example.com", "password", "passwords", "a = b", "x:/y"}) {
		EXPECT_FALSE(store::is_like_url(name)) << name;
	}
}

} // namespace
} // namespace hyperline
