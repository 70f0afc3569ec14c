// What of a url takes a superuser: files, variables and sockets of this server, and to come without a password.
#pragma once

#include "pg/secret_file.hpp"
#include "source/url.hpp"

namespace hyperline::source {

/// Throws 42501 for what is not allowed to a role that is no superuser: to name files or variables of this server, to
/// use its sockets, or to come without a password of its own, by what this server's operating-system user is to the
/// source (dblink's rule; CVE-2007-3278).
void check_rights(const ConnectionUrl &url, bool is_superuser);

/// The password that a file or a variable of this server holds, where the url names one; else an empty one. To be read
/// at each connect, so that a mounted secret may be replaced. Throws F0000 when there is none.
pg::Secret password_from_server(const ConnectionUrl &url);

} // namespace hyperline::source
