#include "pg/gate.hpp"

#include <new>

#include "pg/secret_error.hpp"

namespace hyperline::pg {

struct Error::Copy {
	MemoryContext context;
	ErrorData *data;

	Copy(MemoryContext owner, ErrorData *copied) : context(owner), data(copied) {}
	~Copy() {
		if (context != nullptr) {
			MemoryContextDelete(context);
		}
	}
	Copy(const Copy &) = delete;
	Copy &operator=(const Copy &) = delete;
};

Error::Error(MemoryContext context, ErrorData *data) : copy_(std::make_shared<Copy>(context, data)) {
}

std::string Error::sqlstate() const {
	return unpack_sql_state(copy_->data != nullptr ? copy_->data->sqlerrcode : ERRCODE_OUT_OF_MEMORY);
}

const char *Error::what() const noexcept {
	if (copy_->data == nullptr || copy_->data->message == nullptr) {
		return "out of memory";
	}
	return copy_->data->message;
}

Failure Error::failure() const {
	const auto text = [](const char *value) { return std::string(value != nullptr ? value : ""); };
	if (copy_->data == nullptr) {
		return Failure{sqlstate(), what(), {}, {}};
	}
	return Failure{sqlstate(), what(), text(copy_->data->detail), text(copy_->data->hint)};
}

std::string Error::context() const {
	return copy_->data != nullptr && copy_->data->context != nullptr ? copy_->data->context : "";
}

ErrorData *Error::release_into(MemoryContext target) const noexcept {
	ErrorData *data = copy_->data;
	if (data != nullptr) {
		// Handing the whole context over needs no memory, so nothing can go wrong inside a catch block.
		MemoryContextSetParent(copy_->context, target);
		copy_->context = nullptr;
		copy_->data = nullptr;
	}
	return data;
}

namespace detail {

void throw_current_error(MemoryContext caller) {
	MemoryContext volatile context = nullptr;
	ErrorData *volatile data = nullptr;
	{
		const ErrorStacks saved;
		sigjmp_buf landing;
		if (sigsetjmp(landing, 0) == 0) {
			PG_exception_stack = &landing;
			context = AllocSetContextCreate(TopMemoryContext, "hyperline error", ALLOCSET_SMALL_SIZES);
			MemoryContextSwitchTo(context);
			data = CopyErrorData();
		}
	}
	MemoryContextSwitchTo(caller);
	FlushErrorState();
	throw Error(context, data);
}

namespace {

char *copy_text(const std::string &text) noexcept {
	if (text.empty()) {
		return nullptr;
	}
	auto *copy = static_cast<char *>(
		MemoryContextAllocExtended(CurrentMemoryContext, text.size() + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM));
	if (copy != nullptr) {
		std::memcpy(copy, text.c_str(), text.size() + 1);
	}
	return copy;
}

ErrorData *describe(int code, char *message, char *detail, char *hint, bool holds_secret = false) noexcept {
	auto *data = static_cast<ErrorData *>(
		MemoryContextAllocExtended(CurrentMemoryContext, sizeof(ErrorData), MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO));
	if (data != nullptr) {
		data->sqlerrcode = code;
		data->message = message;
		data->detail = detail;
		data->hint = hint;
		data->hide_stmt = holds_secret;
		data->hide_ctx = holds_secret;
	}
	return data;
}

int make_sqlstate(const std::string &text) noexcept {
	return text.size() == 5 ? MAKE_SQLSTATE(text[0], text[1], text[2], text[3], text[4]) : ERRCODE_INTERNAL_ERROR;
}

} // namespace

Raised describe_current_exception() noexcept {
	try {
		throw;
	} catch (const Error &error) {
		return Raised{error.release_into(CurrentMemoryContext), true};
	} catch (const hyperline::Error &error) {
		const Failure &failure = error.failure();
		return Raised{describe(make_sqlstate(failure.sqlstate), copy_text(failure.message), copy_text(failure.detail),
							   copy_text(failure.hint), dynamic_cast<const SecretError *>(&error) != nullptr),
					  false};
	} catch (const std::bad_alloc &) {
		return Raised{nullptr, false};
	} catch (const std::exception &error) {
		// what() lives as long as the exception, and that ends with this block.
		const char *what = error.what();
		const std::size_t length = std::strlen(what);
		auto *copy =
			static_cast<char *>(MemoryContextAllocExtended(CurrentMemoryContext, length + 1, MCXT_ALLOC_NO_OOM));
		if (copy != nullptr) {
			std::memcpy(copy, what, length + 1);
		}
		return Raised{describe(ERRCODE_INTERNAL_ERROR, copy, nullptr, nullptr), false};
	} catch (...) {
		return Raised{describe(ERRCODE_INTERNAL_ERROR, nullptr, nullptr, nullptr), false};
	}
}

void raise(Raised raised, bool hide_statement) {
	ErrorData *data = raised.data;
	if (hide_statement || (data != nullptr && data->hide_stmt)) {
		error_context_stack = nullptr; // who called us quotes the statement; who catches this has a stack of his own
	}
	if (data == nullptr) {
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"), errhidestmt(hide_statement),
						errhidecontext(hide_statement)));
	}
	data->hide_stmt = data->hide_stmt || hide_statement;
	data->hide_ctx = data->hide_ctx || hide_statement;
	if (raised.has_context) {
		ReThrowError(data);
	}
	ereport(ERROR, (errcode(data->sqlerrcode),
					errmsg_internal("%s", data->message != nullptr ? data->message : "unexpected exception"),
					data->detail != nullptr ? errdetail_internal("%s", data->detail) : 0,
					data->hint != nullptr ? errhint("%s", data->hint) : 0, errhidestmt(data->hide_stmt),
					errhidecontext(data->hide_ctx)));
	pg_unreachable();
}

} // namespace detail
} // namespace hyperline::pg
