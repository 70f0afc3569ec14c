// What the first rows of a query show of it that its fields do not: keys that are missing or come again, times that
// cannot be meant, values that are too large to be meant. Warnings, as in event/findings.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event/findings.hpp"
#include "source/field.hpp"

namespace hyperline::event {

class Sample {
public:
	/// `now`: of the source, in microseconds since 2000-01-01 UTC.
	Sample(std::vector<source::Field> fields, std::int64_t now);

	void add(const source::Row &row);
	[[nodiscard]] std::vector<Finding> findings() const;

private:
	/// Rows of which one thing is true.
	struct Seen {
		std::uint64_t rows = 0;
		std::uint64_t first = 0; ///< its number
		std::string example;
		void add(std::uint64_t row, std::string value);
	};
	void look_at(std::size_t column, const source::Value &value, std::uint64_t row);
	[[nodiscard]] std::string rows_of(const Seen &seen, const std::string &which) const;
	void report_fields(std::vector<Finding> &findings) const;
	void report_keys(std::vector<Finding> &findings) const;

	std::vector<source::Field> fields_;
	std::int64_t now_;
	std::uint64_t rows_ = 0;
	std::vector<Seen> nulls_; ///< by field
	std::vector<Seen> empty_; ///< by field
	std::vector<Seen> large_; ///< by field
	Seen infinite_;
	Seen past_;
	Seen future_;
	std::map<std::string, std::map<std::string, Seen>> keys_; ///< by id and customerId
};

} // namespace hyperline::event
