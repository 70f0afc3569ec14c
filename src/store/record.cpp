#include "store/record.hpp"

#include "pg/jsonb.hpp"

extern "C" {
#include <utils/jsonb.h>
}

namespace hyperline::store {

Datum make_record(const event::Token *token, const event::Token *end) {
	pg::JsonbBuilder builder;
	for (; token != end; token++) {
		switch (token->kind) {
		case event::TokenKind::begin_object:
			builder.begin_object();
			break;
		case event::TokenKind::end_object:
			builder.end_object();
			break;
		case event::TokenKind::begin_array:
			builder.begin_array();
			break;
		case event::TokenKind::end_array:
			builder.end_array();
			break;
		case event::TokenKind::key:
			builder.key(token->text);
			break;
		case event::TokenKind::string:
			builder.string(token->text);
			break;
		case event::TokenKind::number:
			builder.number(token->text);
			break;
		case event::TokenKind::boolean:
			builder.boolean(token->text == "true");
			break;
		case event::TokenKind::null:
			builder.null();
			break;
		}
	}
	return builder.finish();
}

std::string record_text(const std::vector<event::Token> &tokens, event::TokenRange range) {
	const event::Token *first = tokens.data();
	const char *text = pg::call([&]() -> const char * {
		Jsonb *document = DatumGetJsonbP(make_record(first + range.begin, first + range.end));
		return JsonbToCString(nullptr, &document->root, VARSIZE(document));
	});
	return std::string(text);
}

} // namespace hyperline::store
