// COMMIT PREPARED of what another session has prepared is a commit of that session's changes: the scheduler hears of
// it.
#pragma once

namespace hyperline::pg {

/// Installs the hook. Only in _PG_init, under shared_preload_libraries.
void mark_commits_of_prepared();

} // namespace hyperline::pg
