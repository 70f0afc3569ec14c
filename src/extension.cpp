// The library's entry: settings, shared memory, the launcher.
#include "pg/background.hpp"
#include "pg/make_way.hpp"
#include "pg/prepared.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/transaction.hpp"
#include "source/rules.hpp"

extern "C" {
HYPERLINE_MODULE_MAGIC;

// NOLINTNEXTLINE(clang-diagnostic-reserved-identifier): PostgreSQL names it
PGDLLEXPORT void _PG_init();

// NOLINTNEXTLINE(clang-diagnostic-reserved-identifier)
void _PG_init() {
	namespace pg = hyperline::pg;
	pg::define_settings({hyperline::source::check_name_servers, hyperline::source::check_allowed_hosts});
	pg::on_marked_commit([]() { pg::wake_scheduler(); });
	if (pg::is_preloaded() && !IsBinaryUpgrade) {
		pg::make_way_for_commands();
		pg::mark_commits_of_prepared();
		pg::request_shared_memory();
		pg::register_static_worker("hyperline launcher", "hyperline_launcher_main");
	}
}
}
