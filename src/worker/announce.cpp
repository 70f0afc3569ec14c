// SQL-callable: the end of the extension script tells the launcher that there is a database to serve.
#include "pg/background.hpp"
#include "pg/settings.hpp"
#include "pg/transaction.hpp"

HYPERLINE_FUNCTION(hyperline_announce) {
	using namespace hyperline;
	pg::call([] { pg::mark_for_commit(); });
	if (!pg::is_preloaded()) {
		pg::warn("loaders will not run by themselves: this server has no hyperline background worker",
				 "hyperline_connector is not in shared_preload_libraries. CALL hyperline.refresh_loader(...) works.",
				 "Add hyperline_connector to shared_preload_libraries and restart the server.");
	}
	return 0;
}
