#include "source/query_manner.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "source/sql_lexer.hpp"

namespace hyperline::source {

namespace {

bool is_word(std::string_view text, std::string_view upper) {
	return std::equal(text.begin(), text.end(), upper.begin(), upper.end(), [](char c, char other) {
		return (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) == other;
	});
}

// What can stand behind the * of a select list, but not behind one that multiplies.
bool ends_list(std::string_view text) {
	constexpr std::string_view kWords[] = {"",		",",	  ";",		   "FROM",	"WHERE",
										   "UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT"};
	return std::any_of(std::begin(kWords), std::end(kWords),
					   [&](std::string_view word) { return is_word(text, word); });
}

// Which select lists one is within: what a subquery in there reads, it reads for each row.
class SelectLists {
public:
	void see(std::string_view text, std::string_view before, int depth) {
		if (is_word(text, "SELECT")) {
			open_ |= bit(depth);
		} else if (is_word(text, "FROM") && !is_word(before, "DISTINCT")) {
			leave(depth);
		}
	}
	void leave(int depth) { open_ &= ~bit(depth); }
	/// Whether what stands at `depth` belongs to a subquery in a select list.
	[[nodiscard]] bool hold(int depth) const {
		return depth > kDeepest ? open_ != 0 : depth > 0 && (open_ & (bit(depth) - 1)) != 0;
	}

private:
	static constexpr int kDeepest = 63;
	static std::uint64_t bit(int depth) { return depth < 0 || depth > kDeepest ? 0 : std::uint64_t{1} << depth; }
	std::uint64_t open_ = 0;
};

// Functions that give the same row another value in the next run.
bool makes_anew(std::string_view text) {
	constexpr std::string_view kFunctions[] = {"ROW_NUMBER", "RANK",	"DENSE_RANK",	   "NTILE",
											   "RANDOM",	 "NEXTVAL", "GEN_RANDOM_UUID", "UUID_GENERATE_V4"};
	return std::any_of(std::begin(kFunctions), std::end(kFunctions),
					   [&](std::string_view function) { return is_word(text, function); });
}

// Looks for columns whose name is id, in the query and in its subqueries, and for what makes them.
class IdWatch {
public:
	void see(const Piece &piece, std::string_view text) {
		Item &item = items_[depth_];
		if (piece.kind == PieceKind::open_parenthesis) {
			if (makes_anew(item.last)) {
				item.maker = item.last;
			}
			item.last = {};
			if (depth_ + 1 < kDeepest) {
				items_[++depth_] = {};
			} else {
				too_deep_++;
			}
			return;
		}
		if (piece.kind == PieceKind::close_parenthesis) {
			leave();
			return;
		}
		if (text == "," || is_word(text, "FROM")) {
			end_item();
			return;
		}
		if (is_word(text, "SELECT")) {
			item = {};
			item.is_select = true;
			return;
		}
		item.last = text;
	}
	// Also at the end of the text.
	std::string_view finish() {
		end_item();
		return found_;
	}

private:
	struct Item {
		std::string_view maker;
		std::string_view last;
		bool is_select = false; ///< of a select list, not an argument
	};
	static constexpr std::size_t kDeepest = 64;

	void end_item() {
		Item &item = items_[depth_];
		if (found_.empty() && item.is_select && (is_word(item.last, "ID") || item.last == "\"id\"")) {
			found_ = item.maker;
		}
		item.last = {};
		if (item.is_select) {
			item.maker = {};
		}
	}
	// What an argument was made by makes the column.
	void leave() {
		if (too_deep_ > 0) {
			too_deep_--;
			return;
		}
		if (depth_ == 0) {
			return;
		}
		end_item();
		const Item inner = items_[depth_--];
		if (!inner.is_select && items_[depth_].maker.empty()) {
			items_[depth_].maker = inner.maker;
		}
		items_[depth_].last = ")";
	}

	Item items_[kDeepest] = {};
	std::size_t depth_ = 0;
	std::size_t too_deep_ = 0;
	std::string_view found_;
};

} // namespace

WrittenManner manner_of(std::string_view query) noexcept {
	WrittenManner manner;
	SqlLexer lexer(query);
	Piece piece;
	IdWatch ids;
	int depth = 0;
	SelectLists lists;
	std::string_view last[2]; // the pieces before, the nearest first
	bool was_star = false;
	bool more = true;
	while (more) {
		more = lexer.next(piece);
		if (more && (piece.kind == PieceKind::blank || piece.kind == PieceKind::line_comment ||
					 piece.kind == PieceKind::block_comment)) {
			continue;
		}
		const std::string_view text = more ? query.substr(piece.begin, piece.end - piece.begin) : std::string_view();
		if (more) {
			ids.see(piece, text);
		}
		const bool is_code = more && piece.kind == PieceKind::code;
		manner.selects_star = manner.selects_star || (was_star && ends_list(text)) ||
							  (is_code && last[0].empty() && is_word(text, "TABLE"));
		was_star = is_code && text == "*" && depth == 0;
		if (is_code) {
			lists.see(text, last[0], depth);
		}
		if (is_code && is_word(text, "WHERE")) {
			const bool is_of_filter = last[0] == "(" && is_word(last[1], "FILTER");
			manner.has_condition = manner.has_condition || !(is_of_filter || lists.hold(depth));
		} else if (is_code && depth == 0 && (is_word(text, "LIMIT") || is_word(text, "FETCH"))) {
			manner.has_condition = true;
		}
		if (piece.kind == PieceKind::close_parenthesis) {
			lists.leave(depth--);
		}
		depth += piece.kind == PieceKind::open_parenthesis ? 1 : 0;
		last[1] = last[0];
		last[0] = text;
	}
	manner.id_maker = ids.finish();
	return manner;
}

} // namespace hyperline::source
