#include "source/keywords.hpp"

#include <libpq-fe.h>

namespace hyperline::source {

Keywords connection_keywords(const ConnectionUrl &url, bool is_trusted) {
	Keywords keywords = libpq_keywords(url);
	const auto give = [&keywords](const char *name, const char *value) {
		for (const auto &[given, unused] : keywords) {
			if (given == name) {
				return;
			}
		}
		keywords.emplace_back(name, value);
	};
	give("application_name", "hyperline_connector");
	give("client_encoding", "UTF8");
	give("passfile", "/dev/null/none");
	give("sslcert", "/dev/null/none");
	give("sslkey", "/dev/null/none");
	give("sslcrl", "/dev/null/none"); // else libpq looks for one in the home folder of this server's user
	give("gssencmode", "disable");
	if (PQlibVersion() >= 160000 && !is_trusted) {
		give("require_auth", "password,md5,scram-sha-256"); // never by what this server is
	}
	give("keepalives_idle", "30");
	give("keepalives_interval", "10");
	give("keepalives_count", "3");
	give("tcp_user_timeout", "60000");
	return keywords;
}

} // namespace hyperline::source
