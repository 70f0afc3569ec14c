#include "api/names.hpp"

#include "pg/secret_error.hpp"
#include "pg/session.hpp"
#include "store/name_text.hpp"

namespace hyperline::api {

std::optional<std::string> name_argument(FunctionCallInfo fcinfo, int number) {
	std::optional<std::string> name = pg::text_argument(fcinfo, number);
	if (name && store::is_like_url(*name)) {
		const pg::HiddenStatement hidden(kHiddenStatement);
		throw pg::SecretError(Error(sqlstate::kInvalidParameterValue,
									"a url stands where the name of a connection or a loader is expected",
									"It may hold a password, so it is not repeated.",
									"Give its name. A url is for hyperline.create_connection(name, url) alone."));
	}
	return name;
}

std::string required_name(FunctionCallInfo fcinfo, int number, const char *name) {
	std::optional<std::string> text = name_argument(fcinfo, number);
	if (!text) {
		throw pg::null_argument(fcinfo, name);
	}
	return *std::move(text);
}

} // namespace hyperline::api
