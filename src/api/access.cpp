// SQL-callable: who may do what.
#include "pg/rights.hpp"
#include "pg/rows_out.hpp"
#include "store/access.hpp"

namespace hyperline::api {

HYPERLINE_FUNCTION(hyperline_grant_access) {
	const pg::Connection spi;
	store::grant_access(pg::required_oid(fcinfo, 0, "role"), pg::required_text(fcinfo, 1, "level"));
	return 0;
}

HYPERLINE_FUNCTION(hyperline_revoke_access) {
	const pg::Connection spi;
	store::revoke_access(pg::required_oid(fcinfo, 0, "role"));
	return 0;
}

} // namespace hyperline::api
