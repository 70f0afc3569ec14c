#include "loader/spill.hpp"

#include "pg/temp_file.hpp"

namespace hyperline::loader {

namespace {

class TempFileSpill final : public Spill {
public:
	void append(const void *bytes, std::size_t size) override { file_.append(bytes, size); }
	void read(std::uint64_t offset, void *bytes, std::size_t size) override { file_.read(offset, bytes, size); }

private:
	pg::TempFile file_;
};

} // namespace

std::unique_ptr<Spill> open_spill() {
	return std::make_unique<TempFileSpill>();
}

} // namespace hyperline::loader
