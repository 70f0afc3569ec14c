#include "source/scrub.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hyperline::source {

TEST(Scrub, PasswordIsHiddenRawAndEncoded) {
	EXPECT_EQ(scrub("auth failed for \"s3cret\"", "s3cret"), "auth failed for \"********\"");
	EXPECT_EQ(scrub("s3crets3cret xs3crety", "s3cret"), "**************** x********y");
	EXPECT_EQ(scrub("p%40ss/w p@ss%2Fw p%40ss%2fw %70@ss/w p%41ss/w", "p@ss/w"),
			  "******** ******** ******** ******** p%41ss/w");
	EXPECT_EQ(scrub("100%25x 100%x 100%2x", "100%x"), "******** ******** 100%2x");
	EXPECT_EQ(scrub("a%25b", "a%25b"), "********");
	EXPECT_EQ(scrub("a%2525b", "a%25b"), "********");
	EXPECT_EQ(scrub("nothing here", "s3cret"), "nothing here");
	EXPECT_EQ(scrub("", "s3cret"), "");
	EXPECT_EQ(scrub("text", ""), "text");
	EXPECT_EQ(scrub("aaaa%6", "aaaa%61"), "aaaa%6");
}

TEST(Scrub, ShortPasswordIsHiddenOnlyAsAWord) {
	EXPECT_EQ(scrub("cat category concat cat_ cät cat.", "cat"), "******** category concat cat_ cät ********.");
	EXPECT_EQ(scrub("a%40 (a@)", "a@"), "******** (********)");
	EXPECT_EQ(scrub("category", "cate"), "********gory");
}

TEST(Scrub, PasswordOfAnyUrlIsHidden) {
	EXPECT_EQ(scrub("cannot open postgres://u:other@h/d now", ""), "cannot open postgres://u:********@h/d now");
	EXPECT_EQ(scrub("x postgres://u:p@ss@h/d y http://a:b@c", "zzzz"),
			  "x postgres://u:********@h/d y http://a:********@c");
	EXPECT_EQ(scrub("postgres://u:pa/ss@h/d", ""), "postgres://u:********@h/d");
	EXPECT_EQ(scrub("postgres://u:my pass@h/d\nnext: a@b", ""), "postgres://u:********@h/d\nnext: a@b");
	EXPECT_EQ(scrub("postgres://u@h:5432/d", ""), "postgres://u@h:5432/d");
	EXPECT_EQ(scrub("see https://h/x:y and http://h:80/x\r\nby a@b", ""),
			  "see https://h/x:y and http://h:80/x\r\nby a@b");
	EXPECT_EQ(scrub("://", ""), "://");
	EXPECT_EQ(scrub("://:@", ""), "://:********@");
}

TEST(Scrub, LongHostileMessageIsDoneInNoTime) {
	std::string text;
	for (int i = 0; i < 200000; ++i) {
		text += i % 2 == 0 ? "://a:b " : "://c:d@e ";
	}
	const std::string clean = scrub(text, "password");
	EXPECT_EQ(clean.find(":d@"), std::string::npos);
}

} // namespace hyperline::source
