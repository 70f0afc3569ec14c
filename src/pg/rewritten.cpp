#include "pg/rewritten.hpp"

namespace hyperline::pg {

Error rewritten(const Error &error, Rewrite text, Rewrite context) {
	const MemoryContext owner =
		call([] { return AllocSetContextCreate(TopMemoryContext, "hyperline error", ALLOCSET_SMALL_SIZES); });
	ErrorData *data = error.release_into(owner);
	Error changed(owner, data);
	if (data == nullptr) {
		return changed;
	}
	const auto rewrite = [&](char *&field, Rewrite change) {
		if (field != nullptr) {
			const std::string now = change(field);
			const char *from = now.c_str();
			field = call([=] { return MemoryContextStrdup(owner, from); });
		}
	};
	rewrite(data->message, text);
	rewrite(data->detail, text);
	rewrite(data->detail_log, text);
	rewrite(data->hint, text);
	rewrite(data->context, context);
	return changed;
}

} // namespace hyperline::pg
