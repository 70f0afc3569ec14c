#include "pg/rights.hpp"

#include "pg/background.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <catalog/pg_extension.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_type_d.h>
#include <miscadmin.h>
#include <nodes/value.h>
#include <parser/parse_func.h>
#include <utils/acl.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/guc.h>
#include <utils/rel.h>
#include <utils/syscache.h>
}

namespace hyperline::pg {

namespace {

Oid current_caller = InvalidOid;

} // namespace

Oid caller() {
	return OidIsValid(current_caller) ? current_caller : GetUserId();
}

bool caller_is_superuser() {
	return is_superuser_role(caller());
}

std::string caller_name() {
	return role_name(caller()).value_or("");
}

Oid current_role() {
	return GetUserId();
}

namespace {

Oid owner_of_function(Oid function) {
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple)) {
		elog(ERROR, "cache lookup failed for function %u", function);
	}
	const Oid owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

} // namespace

Oid function_owner(FunctionCallInfo fcinfo) {
	const Oid function = fcinfo->flinfo->fn_oid;
	return call([=] { return owner_of_function(function); });
}

Oid extension_owner() {
	Relation relation = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(kExtension));
	SysScanDesc scan = systable_beginscan(relation, ExtensionNameIndexId, true, nullptr, 1, &key);
	HeapTuple tuple = systable_getnext(scan);
	const Oid owner =
		HeapTupleIsValid(tuple) ? reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple))->extowner : InvalidOid;
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return owner;
}

Oid functions_owner() {
	const Oid text = TEXTOID;
	const Oid function =
		LookupFuncName(list_make2(makeString(pstrdup("hyperline")), makeString(pstrdup("run_loader"))), 1, &text, true);
	return OidIsValid(function) ? owner_of_function(function) : extension_owner();
}

std::optional<Oid> find_role(const std::string &name) {
	const char *text = name.c_str();
	const Oid role = call([=] { return get_role_oid(text, true); });
	return OidIsValid(role) ? std::optional(role) : std::nullopt;
}

std::optional<std::string> role_name(Oid role) {
	const char *name = call([=]() -> const char * { return GetUserNameFromId(role, true); });
	return name != nullptr ? std::optional<std::string>(name) : std::nullopt;
}

bool is_superuser_role(Oid role) {
	return call([=] { return superuser_arg(role); });
}

bool has_rights_of(Oid member, Oid role) {
	return call([=] { return has_privs_of_role(member, role); });
}

bool caller_may_act_as(const std::string &role) {
	const std::optional<Oid> found = find_role(role);
	return found && has_rights_of(caller(), *found);
}

std::string quote_identifier(const std::string &name) {
	const char *text = name.c_str();
	return call([=]() -> const char * { return ::quote_identifier(text); });
}

AsOwner::AsOwner(Oid owner) noexcept : caller_(current_caller) {
	GetUserIdAndSecContext(&user_, &security_);
	current_caller = user_;
	SetUserIdAndSecContext(owner, security_ | SECURITY_LOCAL_USERID_CHANGE);
}

AsOwner::~AsOwner() {
	SetUserIdAndSecContext(user_, security_);
	current_caller = caller_;
}

AsRole::AsRole(Oid role) : AsRole(role, SECURITY_RESTRICTED_OPERATION) {
}

AsRole::AsRole(Oid role, int restriction) : exceptions_(std::uncaught_exceptions()) {
	GetUserIdAndSecContext(&user_, &security_);
	nesting_ = NewGUCNestLevel();
	SetUserIdAndSecContext(role, security_ | SECURITY_LOCAL_USERID_CHANGE | restriction);
}

AsRole::~AsRole() {
	if (std::uncaught_exceptions() == exceptions_) {
		AtEOXact_GUC(false, nesting_);
	}
	SetUserIdAndSecContext(user_, security_);
}

AsCommitter::AsCommitter() : AsRole(is_worker() ? GetUserId() : GetOuterUserId(), 0), caller_(current_caller) {
	current_caller = InvalidOid; // it is itself who calls
}

AsCommitter::~AsCommitter() {
	current_caller = caller_;
}

} // namespace hyperline::pg
