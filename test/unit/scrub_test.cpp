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

TEST(OneLine, IsWhatItSays) {
	EXPECT_EQ(one_line("relation \"t\" does not exist\n"), "relation \"t\" does not exist");
	EXPECT_EQ(one_line("a\r\n2026-01-01 00:00:00 UTC [1] LOG:  fake\n\tb"),
			  "a 2026-01-01 00:00:00 UTC [1] LOG:  fake b");
	EXPECT_EQ(one_line("\x1b[31mred\x07 \x7f"), "\\x1b[31mred\\x07 \\x7f");
	EXPECT_EQ(one_line("a\xe2\x80\xae"
					   "b \xe2\x81\xa6 \xe2\x80\xa8 \xc2\x9b \xef\xbb\xbf"),
			  "a\\u202eb \\u2066 \\u2028 \\u009b \\ufeff");
	EXPECT_EQ(one_line("\xff"
					   "a\xc3"),
			  "\\xffa\\xc3");
	EXPECT_EQ(one_line("Größe \xf0\x9f\x90\x98 日本"), "Größe \xf0\x9f\x90\x98 日本");
	EXPECT_EQ(one_line("\n\t "), "");
	EXPECT_EQ(one_line("FATAL:  no\n\n\tway \n"), "FATAL:  no way");
}

TEST(OneLine, IsCutBetweenCharacters) {
	const std::string line = one_line(std::string(kLongestText - 1, 'x') + "\xc3\xa4" + std::string(5000, 'y'));
	EXPECT_EQ(line, std::string(kLongestText - 1, 'x') + "\xc3\xa4...");
	EXPECT_EQ(one_line(std::string(kLongestText, 'x') + "\n"), std::string(kLongestText, 'x'));
	EXPECT_LT(one_line(std::string(1000000, '\x01')).size(), kLongestText + 10);
}

TEST(PlainLines, KeepsLinesAndNothingElse) {
	EXPECT_EQ(plain_lines("Failing row contains (\x1b]0;x\x07\x1b[2J, 1)."),
			  "Failing row contains (\\x1b]0;x\\x07\\x1b[2J, 1).");
	EXPECT_EQ(plain_lines("Process 1 waits;\r\n\tblocked by 2.\n\n \nProcess 2\twaits.\n"),
			  "Process 1 waits;\nblocked by 2.\nProcess 2 waits.");
	EXPECT_EQ(plain_lines("\n\n"), "");
	EXPECT_EQ(plain_lines("a\xe2\x80\xae\nb\xff"), "a\\u202e\nb\\xff");
}

TEST(PlainLines, AreBoundedTogether) {
	std::string text;
	for (int i = 0; i < 100000; ++i) {
		text += "line\n";
	}
	EXPECT_LT(plain_lines(text).size(), kLongestText + 10);
	EXPECT_EQ(plain_lines(text).substr(0, 10), "line\nline\n");
}

} // namespace hyperline::source
