// The one exception type that our own code throws, and what an error consists of.
//
// Plain C++, without a PostgreSQL header, so that every room can use it. The outward gate (pg/gate.hpp) turns it into
// ereport(ERROR) with the same SQLSTATE, message, DETAIL and HINT. Texts follow PostgreSQL's error style guide.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace hyperline {

/// What an error says. `sqlstate` is five characters; empty texts are left out of what the user sees.
struct Failure {
	std::string sqlstate;
	std::string message;
	std::string detail;
	std::string hint;
	bool lasts = false;		   ///< trying again does not mend it, whatever its SQLSTATE is
	bool rows_missing = false; ///< of the rows that came before it some may not have come
	std::string for_log{};	   ///< told in the log of this server only, never to a user
};

/// An error of our own (not one that PostgreSQL raised here: that is pg::Error).
class Error : public std::exception {
public:
	explicit Error(Failure failure) : failure_(std::move(failure)) {}
	Error(std::string sqlstate, std::string message, std::string detail = {}, std::string hint = {})
		: failure_{std::move(sqlstate), std::move(message), std::move(detail), std::move(hint)} {}

	[[nodiscard]] const Failure &failure() const noexcept { return failure_; }
	[[nodiscard]] const char *what() const noexcept override { return failure_.message.c_str(); }

private:
	Failure failure_;
};

/// SQLSTATEs that we raise, by the names of PostgreSQL's errcodes.txt.
namespace sqlstate {
inline constexpr const char *kInvalidParameterValue = "22023";
inline constexpr const char *kDataException = "22000";
inline constexpr const char *kSyntaxError = "42601";
inline constexpr const char *kUndefinedObject = "42704";
inline constexpr const char *kDuplicateObject = "42710";
inline constexpr const char *kUndefinedColumn = "42703";
inline constexpr const char *kUndefinedFunction = "42883";
inline constexpr const char *kUndefinedParameter = "42P02";
inline constexpr const char *kDuplicateColumn = "42701";
inline constexpr const char *kDatatypeMismatch = "42804";
inline constexpr const char *kObjectInUse = "55006";
inline constexpr const char *kObjectNotInPrerequisiteState = "55000";
inline constexpr const char *kActiveSqlTransaction = "25001";
inline constexpr const char *kInsufficientPrivilege = "42501";
inline constexpr const char *kFeatureNotSupported = "0A000";
inline constexpr const char *kQueryCanceled = "57014";
inline constexpr const char *kInvalidPassword = "28P01";
inline constexpr const char *kConnectionException = "08000";
inline constexpr const char *kConnectionFailure = "08006";
inline constexpr const char *kUnableToConnect = "08001";
inline constexpr const char *kProtocolViolation = "08P01";
inline constexpr const char *kProgramLimitExceeded = "54000";
inline constexpr const char *kTooManyColumns = "54011";
inline constexpr const char *kConfigFileError = "F0000";
inline constexpr const char *kUndefinedFile = "58P01";
inline constexpr const char *kInternalError = "XX000";
inline constexpr const char *kDataCorrupted = "XX001";
/// Our own class: the source is behind what the last successful run saw.
inline constexpr const char *kStaleSource = "HL001";
/// Our own class: a row that its source cannot send, or that is more than is taken. Rows may be read cut instead.
inline constexpr const char *kRowTooLarge = "HL002";
} // namespace sqlstate

} // namespace hyperline
