// The one place where PostgreSQL's headers enter C++.
//
// Include standard headers first, this one after them: port.h renames snprintf and its kin, and elog.h defines ERROR,
// WARNING and LOG as macros. A room that has to be testable without a server must not include it.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

extern "C" {
#include <postgres.h>

#include <access/xact.h>
#include <fmgr.h>
#include <miscadmin.h>
#include <utils/builtins.h>
#include <utils/memutils.h>
#include <utils/resowner.h>
}

#include "pg/compat.hpp"
