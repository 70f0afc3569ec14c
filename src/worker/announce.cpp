// SQL-callable: the end of the extension script tells the launcher that there is a database to serve.
#include "pg/background.hpp"
#include "pg/databases.hpp"
#include "pg/failure.hpp"
#include "pg/session.hpp"
#include "pg/settings.hpp"
#include "pg/spi.hpp"
#include "pg/transaction.hpp"
#include "store/writer.hpp"

HYPERLINE_PLAIN_FUNCTION(hyperline_announce) {
	using namespace hyperline;
	// Texts arrive in UTF-8 from every source, and jsonb holds all of them in a UTF-8 database only.
	if (const std::string encoding = pg::database_encoding(); encoding != "UTF8") {
		throw Error(sqlstate::kFeatureNotSupported,
					"hyperline_connector needs a database whose encoding is UTF8, not " + encoding, {},
					"Create one with CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8', and the extension there.");
	}
	{
		const pg::Connection spi;
		store::refuse_foreign_schema();
	}
	pg::call([] { pg::mark_for_commit(); });
	if (!pg::is_preloaded()) {
		pg::warn("loaders will not run by themselves: this server has no hyperline background worker",
				 "hyperline_connector is not in shared_preload_libraries. CALL hyperline.refresh_loader(...) works.",
				 "Add hyperline_connector to shared_preload_libraries and restart the server.");
	} else if (!pg::is_named()) {
		pg::warn("loaders will not run by themselves: this database has no hyperline background worker",
				 "hyperline_connector.databases does not name it. CALL hyperline.refresh_loader(...) works.",
				 "Name it there and reload the settings.");
	}
	return 0;
}
