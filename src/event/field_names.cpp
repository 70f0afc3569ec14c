#include "event/field_names.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "pg/nearest.hpp"
#include "pg/unicode.hpp"

namespace hyperline::event {

namespace {

using source::Field;
using source::ValueKind;

bool is_upper(char c) {
	return c >= 'A' && c <= 'Z';
}

// What PostgreSQL keeps of a name.
constexpr std::size_t kShownOfName = 63;

// \x1b for a byte, \u202e for a character of more.
void append_escape(std::string &text, char32_t code, std::size_t length) {
	text += length == 1 ? "\\x" : "\\u";
	for (unsigned digits = length == 1 ? 2 : 4; digits-- > 0;) {
		text += "0123456789abcdef"[code >> (4U * digits) & 0xFU];
	}
}

char lower(char c) {
	return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

// "shipPostal_code", "SHIP-POSTAL CODE": ship, postal, code.
std::vector<std::string> words_of(const std::string &name) {
	std::vector<std::string> words(1);
	for (std::size_t i = 0; i < name.size(); i++) {
		const bool separates = name[i] == '_' || name[i] == '-' || name[i] == ' ' || name[i] == '.';
		const bool begins = is_upper(name[i]) && i > 0 && !is_upper(name[i - 1]);
		if ((separates || begins) && !words.back().empty()) {
			words.emplace_back();
		}
		if (!separates) {
			words.back() += lower(name[i]);
		}
	}
	return words;
}

std::string folded(const std::string &name) {
	std::string text;
	for (const std::string &word : words_of(name)) {
		text += word;
	}
	return text;
}

template <std::size_t N>
bool is_one_of(const std::string &word, const std::array<std::string_view, N> &list) {
	return std::find(list.begin(), list.end(), word) != list.end();
}

// Names that people give to what a field with a role is for, folded, best first.
std::vector<std::string> likely_names(Role role) {
	switch (role) {
	case Role::id:
		return {"id", "eventid", "uuid", "uid", "key"};
	case Role::customer_id:
		return {"customerid", "customer", "accountid", "companyid", "clientid", "tenantid", "organizationid"};
	case Role::timestamp:
		return {"timestamp", "createdat", "time", "occurredat", "date", "datetime", "ts", "updatedat"};
	case Role::customer_name:
		return {"customername"};
	case Role::deleted_at:
		return {"deletedat", "isdeleted", "deleted", "deletedon", "deletiontime", "deletedate", "removedat"};
	case Role::extra:
		break;
	}
	return {};
}

bool names_customer(const std::string &name) {
	constexpr std::array<std::string_view, 8> kWords{"customer", "client",		 "account", "company",
													 "tenant",	 "organization", "org",		"workspace"};
	const std::vector<std::string> words = words_of(name);
	return std::any_of(words.begin(), words.end(), [&](const std::string &word) { return is_one_of(word, kWords); });
}

// When the name says little: the key of some table, or a time.
bool could_be(Role role, const Field &field) {
	constexpr std::array<std::string_view, 4> kKeys{"id", "key", "uuid", "no"};
	switch (role) {
	case Role::id:
		return !names_customer(field.name) && is_one_of(words_of(field.name).back(), kKeys);
	case Role::customer_id:
		return names_customer(field.name);
	case Role::timestamp:
		return source::is_time(field.kind);
	default:
		return false;
	}
}

} // namespace

const Field *near_miss(Role role, const std::vector<Field> &fields) {
	std::vector<const Field *> extras;
	std::vector<std::string> names;
	for (const Field &field : fields) {
		if (role_of(field.name) == Role::extra) {
			extras.push_back(&field);
			names.push_back(folded(field.name));
		}
	}
	const auto find = [&](const std::string &name) -> const Field * {
		const auto found = std::find(names.begin(), names.end(), name);
		return found == names.end() ? nullptr : extras[static_cast<std::size_t>(found - names.begin())];
	};
	const std::vector<std::string> likely = likely_names(role);
	for (const std::string &name : likely) {
		if (const Field *found = find(name)) {
			return found;
		}
	}
	const bool is_required = role == Role::id || role == Role::customer_id || role == Role::timestamp;
	if (!is_required) {
		return nullptr;
	}
	for (std::size_t i = 0; i < names.size(); i++) { // a letter or two wrong
		const std::size_t most = std::min<std::size_t>(likely_distance(likely.front()), 2);
		if (distance(likely.front(), names[i], most) <= most) {
			return extras[i];
		}
	}
	const auto found =
		std::find_if(extras.begin(), extras.end(), [&](const Field *field) { return could_be(role, *field); });
	return found == extras.end() ? nullptr : *found;
}

namespace {

// Whether words[at] and what follows it tell something of a person. Numbers and times named emails_sent and address_id
// do not; phone_number and birth_date do, whatever their type. Some words do only where nothing else comes of them:
// mobile, but not mobile_app.
bool tells_of_person(const std::vector<std::string> &words, std::size_t at, bool is_text) {
	constexpr std::array<std::string_view, 23> kWords{
		"email",	"phone",	 "telephone", "address",  "street",	  "zipcode", "postcode", "postal",
		"birthday", "birthdate", "birth",	  "dob",	  "passport", "ssn",	 "iban",	 "surname",
		"lastname", "firstname", "fullname",  "nickname", "password", "gender",	 "religion"};
	constexpr std::array<std::string_view, 5> kOnlyAlone{"mail", "mobile", "fax", "zip", "ip"};
	constexpr std::array<std::string_view, 7> kBeforeName{"first", "last",	 "full",  "middle",
														  "given", "family", "maiden"};
	constexpr std::array<std::string_view, 5> kNothingElse{"number", "no", "date", "code", "address"};
	const std::string next = at + 1 < words.size() ? words[at + 1] : std::string();
	const bool is_alone = next.empty() || is_one_of(next, kNothingElse);
	return (is_one_of(words[at], kWords) && (is_text || is_alone)) || (is_one_of(words[at], kOnlyAlone) && is_alone) ||
		   (is_one_of(words[at], kBeforeName) && next == "name") || (words[at] == "e" && next == "mail");
}

} // namespace

bool is_personal(const Field &field) {
	if (field.kind == ValueKind::boolean) {
		return false;
	}
	const bool is_text =
		field.kind != ValueKind::integer && field.kind != ValueKind::number && !source::is_time(field.kind);
	const std::vector<std::string> words = words_of(field.name);
	for (std::size_t i = 0; i < words.size(); i++) {
		if (tells_of_person(words, i, is_text)) {
			return true;
		}
	}
	return false;
}

std::string shown(std::string_view name) {
	std::string text;
	for (std::size_t at = 0; at < name.size();) {
		const std::size_t length = std::max<std::size_t>(utf8_length(name.substr(at)), 1);
		if (at + length > kShownOfName) {
			return text + "...";
		}
		const std::string_view character = name.substr(at, length);
		const bool is_text = length > 1 || static_cast<unsigned char>(character[0]) < 0x80U;
		const char32_t code = is_text ? code_point(character) : static_cast<unsigned char>(character[0]);
		const bool is_odd_blank = code != ' ' && is_blank_character(code);
		if (!is_text || is_control_character(code) || turns_direction(code) || is_odd_blank) {
			append_escape(text, code, length);
		} else {
			text += character;
		}
		at += length;
	}
	return text;
}

std::string quoted(std::string_view name) {
	std::string text = "\"";
	for (const char c : shown(name)) {
		text += c == '"' ? "\"\"" : std::string(1, c);
	}
	return text + "\"";
}

} // namespace hyperline::event
