// Values of a source row as JSON tokens, as to_jsonb() would make them. Pure C++; what jsonb cannot hold is found here,
// before it can raise an ERROR in the middle of a batch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/arena.hpp"
#include "event/event.hpp"
#include "source/field.hpp"

namespace hyperline::event {

/// Why a value cannot be stored: static texts.
struct ValueProblem {
	const char *code = nullptr; ///< null: there is none
	const char *message = nullptr;
};

/// JENTRY_OFFLENMASK of utils/jsonb.h: the most that one container may hold, and a string.
inline constexpr std::size_t kMostJsonb = 0x0FFFFFFF;

class JsonWriter {
public:
	JsonWriter(std::vector<Token> &tokens, Arena &arena) : tokens_(tokens), arena_(arena) {}

	/// Begins a document. What is written afterwards counts against jsonb's limit of 256 MB.
	void begin();

	void add(TokenKind kind, std::string_view text = {}) { tokens_.emplace_back(kind, text); }
	/// Adds a member's name; `name` outlives the tokens.
	ValueProblem key(std::string_view name);
	/// Adds a value that is not NULL. On a problem tokens may have been added: the caller takes them back.
	ValueProblem value(const source::Field &field, std::string_view text);
	/// Adds a text as it stands, which is valid UTF-8.
	ValueProblem string(std::string_view text);

private:
	friend struct JsonEvents;
	ValueProblem scalar(source::ValueKind kind, std::string_view text);
	ValueProblem number(std::string_view text, bool may_be_special);
	ValueProblem time(std::string_view text);
	ValueProblem json(std::string_view text);
	/// `level`: how many arrays it is an element of.
	ValueProblem array(const source::Field &field, std::string_view text, std::size_t level);
	ValueProblem vector(source::ValueKind element, std::string_view text);
	/// Counts what a value takes in a jsonb, from above.
	ValueProblem count(std::size_t bytes);

	std::vector<Token> &tokens_;
	Arena &arena_;
	std::size_t size_ = 0;
	std::size_t copied_ = 0; // of arrays within elements of arrays
};

/// Whether `text` is a JSON number that PostgreSQL's numeric holds with all its digits.
bool is_storable_number(std::string_view text);

} // namespace hyperline::event
