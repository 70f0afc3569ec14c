#include "pg/prepared.hpp"

#include "pg/postgres.hpp"
#include "pg/transaction.hpp"

extern "C" {
#include <nodes/parsenodes.h>
#include <tcop/utility.h>
}

namespace hyperline::pg {

namespace {

ProcessUtility_hook_type previous_hook = nullptr;

// What was changed in a transaction that another process prepared is not known any more: a look too many costs nothing.
void process_utility(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
					 ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest,
					 QueryCompletion *completion) {
	if (IsA(planned->utilityStmt, TransactionStmt) &&
		reinterpret_cast<const TransactionStmt *>(planned->utilityStmt)->kind == TRANS_STMT_COMMIT_PREPARED) {
		mark_for_commit();
	}
	(previous_hook != nullptr ? previous_hook : standard_ProcessUtility)(planned, text, read_only_tree, context, params,
																		 environment, dest, completion);
}

} // namespace

void mark_commits_of_prepared() {
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}

} // namespace hyperline::pg
