// Tells rows that this extension inserts from those that somebody else does: a restore.
#pragma once

namespace hyperline::store {

/// As long as it lives, loaders and runs that are inserted are our own.
class OwnInsert {
public:
	OwnInsert() noexcept { is_own_ = true; }
	~OwnInsert() { is_own_ = false; }
	OwnInsert(const OwnInsert &) = delete;
	OwnInsert &operator=(const OwnInsert &) = delete;

private:
	friend bool is_own_insert() noexcept;
	static inline bool is_own_ = false;
};

inline bool is_own_insert() noexcept {
	return OwnInsert::is_own_;
}

} // namespace hyperline::store
