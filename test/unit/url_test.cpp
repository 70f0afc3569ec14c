#include "source/url.hpp"

#include "pg/failure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hyperline::source {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The error of a URL, which must be refused.
Failure refused(std::string_view text) {
	try {
		static_cast<void>(parse_url(text));
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().sqlstate, "22023");
		EXPECT_FALSE(error.failure().message.empty());
		return error.failure();
	}
	ADD_FAILURE() << "accepted: " << text;
	return {};
}

std::string all_texts(const Failure &failure) {
	return failure.message + "|" + failure.detail + "|" + failure.hint;
}

std::string pick(std::mt19937 &random, std::string_view alphabet, std::size_t least, std::size_t most) {
	std::string text(least + random() % (most - least + 1), ' ');
	for (char &c : text) {
		c = alphabet[random() % alphabet.size()];
	}
	return text;
}

} // namespace

TEST(Url, PlainUrlIsReadInParts) {
	const ConnectionUrl url = parse_url("postgres://billing:s3cret@db.example.com:5433/sales?sslmode=require");
	EXPECT_EQ(url.user, "billing");
	EXPECT_EQ(url.password, "s3cret");
	EXPECT_EQ(url.host, "db.example.com");
	EXPECT_EQ(url.port, 5433);
	EXPECT_EQ(url.dbname, "sales");
	EXPECT_EQ(url.options, (std::vector<UrlOption>{{"sslmode", "require"}}));
	EXPECT_FALSE(url.is_unix_socket());
	EXPECT_EQ(parse_url("postgresql://u@h/d"), parse_url("postgres://u@h/d"));
}

TEST(Url, PasswordAndPortMayBeLeftOut) {
	const ConnectionUrl url = parse_url("postgres://u@h/d");
	EXPECT_EQ(url.password, std::nullopt);
	EXPECT_EQ(url.port, std::nullopt);
	EXPECT_EQ(libpq_keywords(url), (Pairs{{"host", "h"}, {"port", "5432"}, {"user", "u"}, {"dbname", "d"}}));
}

TEST(Url, KeywordsForLibpqHoldEveryPartDecoded) {
	const auto url = parse_url("postgres://u%20x:p%3Aq:r@h:1/d%25?application_name=my%20app&channel_binding=require");
	EXPECT_EQ(libpq_keywords(url), (Pairs{{"host", "h"},
										  {"port", "1"},
										  {"user", "u x"},
										  {"password", "p:q:r"},
										  {"dbname", "d%"},
										  {"application_name", "my app"},
										  {"channel_binding", "require"}}));
}

TEST(Url, PercentEncodingIsDecodedOnceAndPlusIsNoBlank) {
	const ConnectionUrl url = parse_url("postgres://a%2525:%40%2f%23+@h/%c3%a4");
	EXPECT_EQ(url.user, "a%25");
	EXPECT_EQ(url.password, "@/#+");
	EXPECT_EQ(url.dbname, "ä");
}

TEST(Url, BadPercentEncodingIsRefused) {
	for (const char *text : {"postgres://u:p%@h/d", "postgres://u:p%4@h/d", "postgres://u:p%zz@h/d",
							 "postgres://u@h/d%", "postgres://u@h/d?application_name=%g0"}) {
		EXPECT_EQ(refused(text).detail, "A % is not followed by two hexadecimal digits.") << text;
	}
	for (const char *text : {"postgres://u:p%00@h/d", "postgres://u%00@h/d", "postgres://u@h%00/d",
							 "postgres://u@h/d%00x", "postgres://u@h/d?application_name=%00"}) {
		EXPECT_EQ(refused(text).detail, "The URL holds a NUL character (%00).") << text;
	}
}

// threats-and-faults.md, finding 7: libpq looks up the host `ss@h` for the first of these.
TEST(Url, RawSeparatorInAPasswordIsRefusedWithAdviceAndNeverRepeated) {
	for (const char *text :
		 {"postgres://u:HLp@HLss@h/d", "postgres://u:HLpa/HLss@h/d", "postgres://u:12/HLss@h/d",
		  "postgres://u:HLpa?HLss@h/d", "postgres://u:HLpa?hlss=1@h/d", "postgres://u:HLpa#HLss@h/d",
		  "postgres://u:12?hlss@h/d", "postgres://u/HLx:p@h/d", "postgres://u@h/d?application_name=HLa@b",
		  "postgres://HLu@HLv:p@h/d", "postgres://u@h/d@HLx"}) {
		const Failure failure = refused(text);
		EXPECT_NE(failure.hint.find("@ as %40, / as %2F"), std::string::npos) << text;
		EXPECT_EQ(all_texts(failure).find("HL"), std::string::npos) << all_texts(failure);
		EXPECT_EQ(all_texts(failure).find("hlss"), std::string::npos) << all_texts(failure);
	}
}

TEST(Url, AnythingElseThatIsNotAUrlIsRefusedWithoutRepeatingIt) {
	std::vector<std::string> texts = {"",
									  "HLCANARY",
									  "postgres:/HLCANARY",
									  "mysql://HLCANARY:HLCANARY@h/d",
									  "POSTGRES://HLCANARY@h/d",
									  " postgres://HLCANARY@h/d",
									  "host=h password=HLCANARY",
									  "postgres://",
									  "postgres:///",
									  "postgres://?",
									  "postgres://@",
									  "postgres://u:HLCANARY@",
									  "postgres://u:HLCANARY@/d",
									  "postgres://u:HLCANARY@h",
									  "postgres://u:HLCANARY@h/",
									  "postgres://:HLCANARY@h/d",
									  "postgres://@h/d",
									  "postgres://h/d",
									  "postgres://HLCANARY/d",
									  "postgres://u:HLCANARY",
									  "postgres://u:@h/HLCANARY",
									  "postgres://u:HLCANARY @h/d",
									  "postgres://u:HLCANARY@h/d ",
									  "postgres://u:HLCANARY\n@h/d",
									  "postgres://u:HLCANARY\xFF@h/d",
									  "postgres://u:HLCANARY@h/d?",
									  "postgres://u:HLCANARY@h/d?x",
									  "postgres://u:p@h/d?password=HLCANARY",
									  "postgres://u@h/d?password=a=HLCANARY",
									  "postgres://u@h/d?HLCANARY=1",
									  "postgres://u@h/d?password=a&hlcanary=x",
									  "postgres://u@h/d?sslmode=HLCANARY",
									  "postgres://u@h/d?sslmode=require&",
									  "postgres://u@h/d?&",
									  "postgres://u:p@h/HLCANARY/x",
									  "postgres://u:HLCANARY@h/d?passfile=HLCANARY",
									  "postgres://u:HLCANARY@h/d?sslmode=",
									  "postgres://u:HLCANARY@h/d?=x"};
	texts.push_back("postgres://u:HLCANARY@h/" + std::string(64, 'd'));
	texts.push_back("postgres://" + std::string(64, 'u') + ":HLCANARY@h/d");
	texts.push_back("postgres://u:HLCANARY@h/d?application_name=" + std::string(64, 'a'));
	texts.push_back("postgres://u:HLCANARY" + std::string(kMaxUrlLength, 'x') + "@h/d");
	for (const std::string &text : texts) {
		std::string said = all_texts(refused(text));
		std::transform(said.begin(), said.end(), said.begin(),
					   [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
		EXPECT_EQ(said.find("hlcanary"), std::string::npos) << said;
	}
}

TEST(Url, LongestUrlIsRead) {
	const std::string start = "postgres://u:";
	const std::string end = "@h/d";
	const std::string password(kMaxUrlLength - start.size() - end.size(), 'x');
	EXPECT_EQ(parse_url(start + password + end).password, password);
}

TEST(Url, WhatTheUrlLacksIsSaid) {
	EXPECT_EQ(refused("postgres://h/d").detail, "The URL names no user.");
	EXPECT_EQ(refused("postgres://:p@h/d").detail, "The URL names no user.");
	EXPECT_EQ(refused("postgres://u:p@h").detail, "The URL names no database.");
	EXPECT_EQ(refused("postgres://u:p@/d").detail, "The URL names no host.");
	EXPECT_EQ(refused("postgres://u:p@:5432/d").detail, "The URL names no host.");
	EXPECT_EQ(refused("postgres:///d?user=u").detail, "The URL names no host.");
	EXPECT_EQ(refused("postgres://u:p@h").hint, "Write it as postgres://user:password@host:port/dbname.");
}

TEST(Url, ExactlyOneHostIsTaken) {
	EXPECT_EQ(refused("postgres://u@h1,h2/d").detail, "The URL names more than one host.");
	EXPECT_EQ(refused("postgres://u@h1%2Ch2/d").detail, "The URL names more than one host.");
	EXPECT_EQ(refused("postgres://u@/d?host=h1,h2").detail, "The URL names more than one host.");
	EXPECT_EQ(refused("postgres://u@/d?host=/tmp,/var").detail, "The URL names more than one host.");
	refused("postgres://u@h1:1,h2:2/d");
	refused("postgres://u@h:1,2/d");
	refused("postgres://u@[::1],[::1]/d");
}

TEST(Url, HostsAreNamesOrAddresses) {
	for (const char *host :
		 {"h", "H", "_db", "db-1.example.com", "db.example.com.", "9db", "127.0.0.1", "0.0.0.0", "255.255.255.255",
		  "[::]", "[::1]", "[1:2:3:4:5:6:7:8]", "[2001:DB8::]", "[::ffff:10.0.0.1]", "[fe80::1:2]", "a.b0x1"}) {
		const std::string text = "postgres://u@" + std::string(host) + ":1/d";
		EXPECT_NO_THROW(EXPECT_EQ(masked(parse_url(text)), text));
	}
	EXPECT_EQ(parse_url("postgres://u@" + std::string(253, 'h') + "/d").host.size(), 253U);
	for (const char *host : {"-h",
							 ".h",
							 "h/..",
							 "h%40x",
							 "h%2Fx",
							 "h%20",
							 "h%0A",
							 "h;x",
							 "h%3Dx",
							 "*",
							 "gr%C3%B6sse",
							 "256.1.1.1",
							 "1.2.3",
							 "127.1",
							 "2130706433",
							 "0x7f000001",
							 "0X7F.1",
							 "127.0.0.01",
							 "1.2.3.4.5",
							 "1.2.3.4.",
							 "0",
							 "a.1",
							 "[::1",
							 "::1",
							 "[]",
							 "[1::2::3]",
							 "[1:2:3:4:5:6:7]",
							 "[1:2:3:4:5:6:7:8:9]",
							 "[1:2:3:4:5:6:7::8]",
							 "[12345::]",
							 "[g::]",
							 "[:1]",
							 "[1:]",
							 "[:::]",
							 "[::1.2.3]",
							 "[1.2.3.4]",
							 "[1.2.3.4::]",
							 "[::1.2.3.4:1]",
							 "[fe80::1%25eth0]",
							 "[h]",
							 "[::1]x",
							 "[::1]1",
							 "x[::1]",
							 "@",
							 "@%61bstract",
							 "%40abstract"}) {
		refused("postgres://u@" + std::string(host) + "/d");
	}
	refused("postgres://u@" + std::string(254, 'h') + "/d");
}

TEST(Url, PortIsANumberInRange) {
	EXPECT_EQ(parse_url("postgres://u@h:65535/d").port, 65535);
	EXPECT_EQ(parse_url("postgres://u@h/d?port=1").port, 1);
	for (const char *port :
		 {"", "0", "65536", "99999999999999999999", "-1", "+1", "1a", "%31", "5432:1", "0x10", " 1"}) {
		refused("postgres://u@h:" + std::string(port) + "/d");
	}
	refused("postgres://u@h/d?port=1,2");
	refused("postgres://u@h/d?port=x");
}

TEST(Url, DatabaseNameCannotBecomeAConnectionString) {
	// threats-and-faults.md, finding 8
	for (const char *name : {"host%3D%2Ftmp%20service%3Dx", "a=b", "postgres:%2F%2Fx", "d%0A", "d%7F", "d%FF"}) {
		refused("postgres://u@h/" + std::string(name));
		refused("postgres://u@h?dbname=" + std::string(name));
	}
	for (const char *deceiving : {"a%C2%9Bb", "a%E2%80%AEb", "a%E2%81%A6", "a%E2%80%A8", "a%7F"}) {
		refused("postgres://u@h/" + std::string(deceiving));
		refused("postgres://" + std::string(deceiving) + "@h/d");
	}
	EXPECT_EQ(parse_url("postgres://u@h/a%2Fb:c%20d%40e").dbname, "a/b:c d@e");
	EXPECT_EQ(parse_url("postgres://u@h/" + std::string(63, 'd')).dbname.size(), 63U);
	EXPECT_EQ(parse_url("postgres://" + std::string(63, 'u') + "@h/d").user.size(), 63U);
	refused("postgres://u%0A@h/d");
	refused("postgres://u%1B@h/d");
	refused("postgres://u%C3@h/d");
}

TEST(Url, PasswordMayHoldAnyByteButNul) {
	std::string password;
	std::string encoded;
	for (unsigned byte = 1; byte < 256; ++byte) {
		password += static_cast<char>(byte);
		encoded += '%';
		encoded += "0123456789abcdef"[byte >> 4U];
		encoded += "0123456789abcdef"[byte & 15U];
	}
	EXPECT_EQ(parse_url("postgres://u:" + encoded + "@h/d").password, password);
	EXPECT_EQ(parse_url("postgres://u:!$&'()*+,;=[]^|\\\"<>`{}~:@h/d").password, "!$&'()*+,;=[]^|\\\"<>`{}~:");
}

TEST(Url, UnixSocketIsRecognizedInBothForms) {
	const ConnectionUrl first = parse_url("postgres:///db?host=/tmp/x&user=u&port=5433");
	EXPECT_EQ(first.host, "/tmp/x");
	EXPECT_TRUE(first.is_unix_socket());
	EXPECT_TRUE(is_local(first));
	EXPECT_EQ(first, parse_url("postgres://u@%2Ftmp%2Fx:5433/db"));
	EXPECT_EQ(first, parse_url("postgres://u@:5433/db?host=%2Ftmp%2Fx"));
	EXPECT_EQ(masked(first), "postgres://u@%2Ftmp%2Fx:5433/db");
	EXPECT_EQ(parse_url("postgres://u@/db?host=/" + std::string(91, 'x')).host.size(), 92U);
	refused("postgres://u@/db?host=/" + std::string(92, 'x'));
	refused("postgres://u@/db?host=/tmp%0A");
}

TEST(Url, PartsMayBeGivenAsOptionsButOnlyOnce) {
	const ConnectionUrl url = parse_url("postgres://?host=::1&port=5433&user=u&password=p%26q&dbname=d");
	EXPECT_EQ(url, parse_url("postgres://u:p%26q@[::1]:5433/d"));
	for (const char *text :
		 {"postgres://u@h/d?user=root", "postgres://u:p@h/d?password=x", "postgres://u@h/d?host=i",
		  "postgres://u@h:1/d?port=2", "postgres://u@h/d?dbname=e", "postgres://u@/d?host=h&host=i",
		  "postgres://u@h/d?sslmode=require&sslmode=require", "postgres://h/d?user=u&password=a&password=b"}) {
		EXPECT_NE(refused(text).message.find("more than once"), std::string::npos) << text;
	}
}

TEST(Url, OptionsThatAreNotAllowedAreNamedWithTheOnesThatAre) {
	std::istringstream names(
		"service passfile sslpassword sslcrldir requirepeer krbsrvname gsslib gssencmode gssdelegation options "
		"replication target_session_attrs hostaddr client_encoding sslcompression fallback_application_name "
		"connect_timeout ssl_max_protocol_version sslkeylogfile scram_client_key oauth_issuer load_balance_hosts ssl "
		"tty aplication_name");
	for (std::string name; names >> name;) {
		const Failure failure = refused("postgres://u:p@h/d?" + name + "=HLvalue");
		EXPECT_EQ(failure.message, "option \"" + name + "\" is not allowed in a connection URL");
		EXPECT_EQ(failure.hint,
				  "Allowed options are host, port, user, password, dbname, sslmode, channel_binding and "
				  "application_name; for superusers also password_file, password_env, sslrootcert, sslcert, "
				  "sslkey and sslcrl.");
		EXPECT_EQ(option_level(name), std::nullopt);
	}
}

TEST(Url, WhatOnlyLooksLikeAnOptionIsNotNamed) {
	// The first two may be the rest of a password with a raw & in it.
	for (const char *query : {"password=a&hunter=x", "user=u&password=HLa&hl_piece=x", "HLname=1", "hl%5F=1",
							  "hlnamethatislongerthananyofours=1"}) {
		EXPECT_EQ(refused("postgres://h/d?" + std::string(query)).message,
				  "an option of the connection URL is not allowed");
	}
	EXPECT_NE(refused("postgres://h/d?password=a&sslkeylogfile=x").message.find("sslkeylogfile"), std::string::npos);
}

TEST(Url, OptionValuesAreChecked) {
	for (const char *mode : {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}) {
		EXPECT_EQ(parse_url("postgres://u@h/d?sslmode=" + std::string(mode)).options.at(0).value, mode);
	}
	for (const char *binding : {"disable", "prefer", "require"}) {
		EXPECT_EQ(parse_url("postgres://u@h/d?channel_binding=" + std::string(binding)).options.at(0).value, binding);
	}
	const Failure failure = refused("postgres://u@h/d?sslmode=HLrequired");
	EXPECT_EQ(failure.message, "invalid value for option \"sslmode\" of the connection URL");
	EXPECT_EQ(failure.hint, "Allowed values: disable allow prefer require verify-ca verify-full.");
	for (const char *option :
		 {"sslmode=REQUIRE", "sslmode=requir", "sslmode=prefer%20require", "channel_binding=allow",
		  "application_name=%0A", "application_name=%C2%9B", "application_name=%E2%80%AE", "application_name=%FF",
		  "sslcert=relative", "sslcert=/a%0Ab", "sslkey=system", "sslrootcert=systems", "sslcrl="}) {
		refused("postgres://u@h/d?" + std::string(option));
	}
}

TEST(Url, OptionsForSuperusersAreTold) {
	const auto url = parse_url("postgres://u@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem&application_name=x"
							   "&sslcrl=/etc/crl.pem&sslcert=/c&sslkey=/k");
	EXPECT_EQ(options_for_superusers(url), (std::vector<std::string>{"sslrootcert", "sslcrl", "sslcert", "sslkey"}));
	EXPECT_TRUE(options_for_superusers(parse_url("postgres://u@h/d?sslmode=require")).empty());
	EXPECT_EQ(parse_url("postgres://u@h/d?sslrootcert=system").options.at(0).value, "system");
	EXPECT_EQ(option_level("sslmode"), OptionLevel::everybody);
	EXPECT_EQ(option_level("sslkey"), OptionLevel::superuser);
	for (const char *name : {"", " ", "host port", "ssl", "mode", "sslmode "}) {
		EXPECT_EQ(option_level(name), std::nullopt) << name;
	}
}

TEST(Url, MaskedFormShowsEverythingButThePassword) {
	EXPECT_EQ(masked(parse_url("postgresql://user:s3cret@host:5432/db?sslmode=require")),
			  "postgres://user:********@host:5432/db?sslmode=require");
	EXPECT_EQ(masked(parse_url("postgres://u:x@[::1]/d")), "postgres://u:********@[::1]/d");
	EXPECT_EQ(masked(parse_url("postgres://u@h/d")), "postgres://u@h/d");
	EXPECT_EQ(
		masked(parse_url("postgres://h/d%20e?password=p&user=a%3Ab&sslrootcert=/etc/a%26b.pem&sslmode=verify-ca")),
		"postgres://a%3Ab:********@h/d%20e?sslrootcert=/etc/a%26b.pem&sslmode=verify-ca");
}

TEST(Url, SecretIsPutBack) {
	const ConnectionUrl url = parse_url("postgres://u:s3c%40ret@h/d?sslmode=require");
	EXPECT_EQ(with_password(parse_url(masked(url)), "s3c@ret"), url);
	EXPECT_THROW(static_cast<void>(with_password(url, "")), Error);
	EXPECT_THROW(static_cast<void>(with_password(url, std::string("a\0b", 3))), Error);
}

TEST(Url, LocalMeansThisMachineOnly) {
	for (const char *host : {"localhost", "LocalHost", "127.0.0.1", "127.255.0.9", "[::1]", "[0:0:0:0:0:0:0:1]",
							 "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]", "%2Ftmp"}) {
		EXPECT_TRUE(is_local(parse_url("postgres://u@" + std::string(host) + "/d"))) << host;
	}
	for (const char *host : {"localhost.example.com", "localhostx", "local", "128.0.0.1", "126.127.0.1", "0.0.0.0",
							 "[::]", "[::2]", "[1::1]", "[::ffff:128.0.0.1]", "[::127.0.0.1]", "[::fffe:127.0.0.1]"}) {
		EXPECT_FALSE(is_local(parse_url("postgres://u@" + std::string(host) + "/d"))) << host;
	}
}

TEST(Url, AnyUrlSurvivesMaskingAndReadingAgain) {
	std::mt19937 random(20240229); // NOLINT(cert-msc51-cpp): the same URLs each time
	constexpr std::string_view names = "abcAB09 -._~%@:/?#[]&=+,'\"\\$!*";
	constexpr std::string_view secrets = "XYZ\x01\x7F\xC3\xFF ^|<>{}%@:/?#&=;`";
	const auto no_equals = [](std::string text) {
		std::replace(text.begin(), text.end(), '=', 'x');
		std::replace(text.begin(), text.end(), ':', 'x');
		return text;
	};
	const std::vector<std::string> hosts = {"h", "db.example.com", "10.0.0.1", "2001:db8::1", "/tmp/a b%", "_x"};
	for (int round = 0; round < 20000; ++round) {
		ConnectionUrl url;
		url.user = pick(random, names, 1, 20);
		url.host = hosts[random() % hosts.size()];
		url.dbname = no_equals(pick(random, names, 1, 20));
		if (random() % 3 != 0) {
			url.port = static_cast<std::uint16_t>(1 + random() % 65535);
		}
		if (random() % 4 != 0) {
			url.password = pick(random, secrets, 1, 24);
		}
		if (random() % 2 == 0) {
			url.options.push_back({"application_name", pick(random, names, 1, 20)});
		}
		if (random() % 2 == 0) {
			url.options.push_back({"sslcert", "/" + pick(random, names, 1, 20)});
		}
		const std::string text = masked(url);
		ConnectionUrl expected = url;
		if (url.password) {
			expected.password = "********";
			const std::string shown =
				text.substr(0, text.find(":********@")) + text.substr(text.find(":********@") + 10);
			for (std::size_t i = 0; i + 4 <= url.password->size(); ++i) {
				ASSERT_EQ(shown.find(url.password->substr(i, 4)), std::string::npos) << text;
			}
			ASSERT_EQ(with_password(parse_url(text), *url.password), url) << text;
		}
		ASSERT_EQ(parse_url(text), expected) << text;
		ASSERT_EQ(masked(parse_url(text)), text);
		ASSERT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; })) << text;
	}
}

TEST(Url, NoBytesMakeTheParserFailOtherwiseThanByRefusing) {
	std::mt19937 random(11); // NOLINT(cert-msc51-cpp): the same texts each time
	const std::string start = "postgres://u:pw@h:5432/db?sslmode=require&application_name=x";
	constexpr std::string_view bytes = ":/?#[]@!$&'()*+,;=%09afAF.-_~ \xC3\xA4\xFF\n";
	int accepted = 0;
	for (int round = 0; round < 50000; ++round) {
		std::string text = start;
		for (std::uint32_t changes = 1 + random() % 4; changes > 0; --changes) {
			const std::size_t at = random() % text.size();
			switch (random() % 3) {
			case 0:
				text[at] = bytes[random() % bytes.size()];
				break;
			case 1:
				text.insert(at, 1, bytes[random() % bytes.size()]);
				break;
			default:
				text.erase(at, 1 + random() % 3);
			}
		}
		try {
			const ConnectionUrl url = parse_url(text);
			++accepted;
			ASSERT_EQ(parse_url(masked(url)).host, url.host);
			ASSERT_FALSE(url.user.empty() || url.host.empty() || url.dbname.empty()) << text;
			ASSERT_EQ(url.dbname.find_first_of("=\n"), std::string::npos) << text;
			ASSERT_EQ(url.host.find_first_of("@, \n=%"), std::string::npos) << text;
		} catch (const Error &error) {
			ASSERT_EQ(error.failure().sqlstate, "22023");
		}
	}
	EXPECT_GT(accepted, 1000);
}

TEST(Url, APasswordMayComeFromTheServer) {
	const ConnectionUrl file = parse_url("postgres://u@h/d?password_file=/run/secrets/p&sslmode=require");
	EXPECT_EQ(file.option("password_file"), "/run/secrets/p");
	EXPECT_EQ(file.option("password_env"), std::nullopt);
	EXPECT_EQ(file.password, std::nullopt);
	EXPECT_EQ(options_for_superusers(file), std::vector<std::string>{"password_file"});
	EXPECT_EQ(masked(file), "postgres://u@h/d?password_file=/run/secrets/p&sslmode=require");
	EXPECT_EQ(libpq_keywords(file),
			  (Pairs{{"host", "h"}, {"port", "5432"}, {"user", "u"}, {"dbname", "d"}, {"sslmode", "require"}}));
	const ConnectionUrl variable = parse_url("postgres://u@h/d?password_env=PRODUCT_PASSWORD_2");
	EXPECT_EQ(variable.option("password_env"), "PRODUCT_PASSWORD_2");
	EXPECT_EQ(options_for_superusers(variable), std::vector<std::string>{"password_env"});
	for (const char *wrong : {"postgres://u:p@h/d?password_file=/f", "postgres://u@h/d?password=p&password_env=V",
							  "postgres://u@h/d?password_file=/f&password_env=V"}) {
		EXPECT_EQ(refused(wrong).detail, "The URL gives the password more than once.") << wrong;
	}
	for (const char *wrong : {"password_file=relative", "password_file=", "password_env=", "password_env=2A",
							  "password_env=A-B", "password_env=A%3DB"}) {
		refused(std::string("postgres://u@h/d?") + wrong);
	}
}

} // namespace hyperline::source
