#include "loader/source_access.hpp"

#include "pg/failure.hpp"
#include "pg/quote.hpp"
#include "pg/settings.hpp"

namespace hyperline::loader {

source::Limits source_limits() {
	return source::Limits{std::chrono::seconds(pg::settings.connect_timeout_seconds),
						  std::chrono::seconds(pg::settings.statement_timeout_seconds),
						  std::chrono::seconds(pg::settings.stall_timeout_seconds),
						  static_cast<std::size_t>(pg::settings.max_row_kilobytes) * 1024,
						  source::NetworkRules{pg::settings.name_servers, pg::settings.allowed_hosts,
											   static_cast<source::Encryption>(pg::settings.require_encryption),
											   pg::settings.root_certificates}};
}

std::unique_ptr<source::Source> open_source(const store::Connection &connection) {
	if (connection.has_password && !connection.sealed) {
		throw Error(sqlstate::kInvalidPassword, "connection \"" + connection.name + "\" needs its password again",
					"Dumps hold no passwords.",
					"Give the whole url again: SELECT hyperline.alter_connection(" +
						pg::quote_literal(connection.name) + ", url => 'postgres://...');");
	}
	source::StoredUrl url{connection.url, {}, connection.owner_is_superuser};
	if (connection.sealed) {
		url.password = store::open_password(connection).text();
	}
	const source::Provider &provider = source::find_provider(connection.provider);
	return provider.open(url, source_limits());
}

} // namespace hyperline::loader
