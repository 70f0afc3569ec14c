// An error whose statement holds a secret.
#pragma once

#include <utility>

#include "pg/failure.hpp"

namespace hyperline::pg {

/// The outward gate keeps its statement and its context out of the log, as it does with Statement::hidden.
class SecretError final : public hyperline::Error {
public:
	explicit SecretError(hyperline::Error error) : hyperline::Error(std::move(error)) {}
};

} // namespace hyperline::pg
