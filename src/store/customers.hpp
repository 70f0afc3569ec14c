// Customers: those that events name, created a batch at a time, and what people do with them by hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pg/spi.hpp"

namespace hyperline::store {

/// Customers that a run has seen stored, so that it asks for each only once. Bounded: it forgets when it is full.
class KnownCustomers {
public:
	/// Whether a row that names `external_id`, with or without a name, has nothing new to say.
	[[nodiscard]] bool covers(std::string_view external_id, bool has_name) const;
	void add(std::string_view external_id, bool has_name);

private:
	struct Hash {
		using is_transparent = void;
		std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
	};
	std::unordered_map<std::string, bool, Hash, std::equal_to<>> known_;
};

/// A customer as a batch's rows name it: the name of the first row that has one.
struct NamedCustomer {
	std::string external_id;
	std::optional<std::string> name;
};

/// Statements that write a batch's customers, planned once a run.
class CustomerStore {
public:
	/// Creates those that nobody knows and names those that are automatically created and have no name yet; in the
	/// order of their ids, which every writer keeps (two that write in different orders deadlock). Returns how many it
	/// created.
	std::int64_t write(std::vector<NamedCustomer> &customers, const std::string &loader);

private:
	pg::Prepared create_;
	pg::Prepared name_;
};

void create_customer(const std::string &external_id, const std::optional<std::string> &name);
void activate_customer(const std::string &external_id, const std::optional<std::string> &name);
void rename_customer(const std::string &external_id, const std::string &name);
void archive_customer(const std::string &external_id);

} // namespace hyperline::store
