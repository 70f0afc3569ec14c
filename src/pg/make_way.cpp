#include "pg/make_way.hpp"

#include <chrono>

#include "pg/postgres.hpp"
#include "pg/rights.hpp"
#include "pg/shared.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/namespace.h>
#include <commands/dbcommands.h>
#include <commands/defrem.h>
#include <commands/extension.h>
#include <nodes/parsenodes.h>
#include <storage/latch.h>
#include <tcop/utility.h>
#include <utils/acl.h>
}

namespace hyperline::pg {

// All of this is called by PostgreSQL and may raise: there is no C++ object that owns anything.

namespace {

constexpr const char *kSchema = "hyperline";

// Workers look at least this often, or between two batches, whether they have to leave.
constexpr long kPollMilliseconds = 20;
// After that they are interrupted in whatever they do.
constexpr std::chrono::seconds kPatience{3};
// After that the command finds out by itself.
constexpr std::chrono::seconds kGiveUp{8};

ProcessUtility_hook_type previous_hook = nullptr;
bool databases_change = false; // in this transaction

// A database that the user may drop, else 0: nobody else gets our workers out of it.
Oid own_database(const char *name) {
	const Oid database = name == nullptr ? InvalidOid : get_database_oid(name, true);
	return OidIsValid(database) && database != MyDatabaseId && owns_database(database, GetUserId()) ? database
																									: InvalidOid;
}

DefElem *find_option(List *options, const char *name) {
	ListCell *cell = nullptr;
	foreach (cell, options) {
		auto *option = static_cast<DefElem *>(lfirst(cell));
		if (strcmp(option->defname, name) == 0) {
			return option;
		}
	}
	return nullptr;
}

// This database, when the extension is in it and the user may drop it.
Oid database_of_own_extension() {
	const Oid extension = get_extension_oid(kExtension, true);
	return OidIsValid(extension) && owns_extension(extension, GetUserId()) ? MyDatabaseId : InvalidOid;
}

bool names(List *objects, const char *name) {
	ListCell *cell = nullptr;
	foreach (cell, objects) {
		auto *object = static_cast<Node *>(lfirst(cell));
		if (IsA(object, String) && strcmp(strVal(object), name) == 0) {
			return true;
		}
	}
	return false;
}

Oid wanted_by_drop(const DropStmt *statement) {
	switch (statement->removeType) {
	case OBJECT_EXTENSION:
		return names(statement->objects, kExtension) ? database_of_own_extension() : InvalidOid;
	case OBJECT_SCHEMA:
		return statement->behavior == DROP_CASCADE && names(statement->objects, kSchema) ? database_of_own_extension()
																						 : InvalidOid;
	default:
		return InvalidOid;
	}
}

// What other roles own, the extension is not part of.
Oid wanted_by_drop_owned(const DropOwnedStmt *statement) {
	if (!OidIsValid(database_of_own_extension())) {
		return InvalidOid;
	}
	const Oid owner = extension_owner();
	ListCell *cell = nullptr;
	foreach (cell, statement->roles) {
		if (get_rolespec_oid(static_cast<const RoleSpec *>(lfirst(cell)), true) == owner) {
			return MyDatabaseId;
		}
	}
	return InvalidOid;
}

// The database that a command needs without our workers, else 0.
Oid wanted_by(const Node *statement, bool in_block) {
	switch (nodeTag(statement)) {
	case T_DropdbStmt:
		return in_block ? InvalidOid : own_database(reinterpret_cast<const DropdbStmt *>(statement)->dbname);
	case T_RenameStmt: {
		const auto *rename = reinterpret_cast<const RenameStmt *>(statement);
		return rename->renameType == OBJECT_DATABASE ? own_database(rename->subname) : InvalidOid;
	}
	case T_AlterDatabaseStmt: {
		const auto *alter = reinterpret_cast<const AlterDatabaseStmt *>(statement);
		return !in_block && find_option(alter->options, "tablespace") != nullptr ? own_database(alter->dbname)
																				 : InvalidOid;
	}
	case T_CreatedbStmt: {
		DefElem *source = find_option(reinterpret_cast<const CreatedbStmt *>(statement)->options, "template");
		return !in_block && source != nullptr && source->arg != nullptr ? own_database(defGetString(source))
																		: InvalidOid;
	}
	case T_DropStmt:
		return wanted_by_drop(reinterpret_cast<const DropStmt *>(statement));
	case T_DropOwnedStmt:
		return wanted_by_drop_owned(reinterpret_cast<const DropOwnedStmt *>(statement));
	case T_AlterExtensionStmt:
		return strcmp(reinterpret_cast<const AlterExtensionStmt *>(statement)->extname, kExtension) == 0
				   ? database_of_own_extension()
				   : InvalidOid;
	default:
		return InvalidOid;
	}
}

void clear(Oid database) {
	const auto start = std::chrono::steady_clock::now();
	hold_database(database);
	bool by_force = false;
	while (tell_to_leave(database, by_force) > 0) {
		(void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kPollMilliseconds,
						wait_event("HyperlineMakeWay"));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		const auto waited = std::chrono::steady_clock::now() - start;
		if (waited > kGiveUp) {
			return;
		}
		by_force = waited > kPatience;
	}
}

void process_utility(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
					 ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest,
					 QueryCompletion *completion) {
	const Oid database = wanted_by(planned->utilityStmt, context != PROCESS_UTILITY_TOPLEVEL || IsTransactionBlock());
	if (OidIsValid(database)) {
		clear(database);
	}
	// Whether it was made, renamed, opened or closed: the launcher has a look at it when that is true.
	databases_change = databases_change || IsA(planned->utilityStmt, CreatedbStmt) ||
					   IsA(planned->utilityStmt, AlterDatabaseStmt) || IsA(planned->utilityStmt, RenameStmt);
	(previous_hook != nullptr ? previous_hook : standard_ProcessUtility)(planned, text, read_only_tree, context, params,
																		 environment, dest, completion);
}

void at_transaction_end(XactEvent event, void * /*unused*/) {
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
		release_holds();
		if (databases_change && event == XACT_EVENT_COMMIT) {
			wake_launcher();
		}
		databases_change = false;
	}
}

} // namespace

void make_way_for_commands() {
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
	RegisterXactCallback(at_transaction_end, nullptr);
}

} // namespace hyperline::pg
