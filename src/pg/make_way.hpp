// Our workers make way for commands that want a database, or the extension in it, for themselves: DROP DATABASE, ALTER
// DATABASE ... RENAME and SET TABLESPACE, CREATE DATABASE ... TEMPLATE, DROP and ALTER EXTENSION, DROP SCHEMA and DROP
// OWNED of the extension's. Before such a command runs, the workers in that database leave it, quietly, and none enters
// it before the command's transaction has ended, whatever comes of it.
#pragma once

namespace hyperline::pg {

/// Installs the hook. Only in _PG_init, under shared_preload_libraries.
void make_way_for_commands();

} // namespace hyperline::pg
