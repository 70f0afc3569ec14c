// Runs as people ask for them, wait for them and stop them.
//
// Functions need an open pg::Connection (SPI), but those that are given transactions.
#pragma once

#include <cstdint>
#include <string>

#include "pg/time.hpp"
#include "pg/transaction.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

/// Queues a run for the background worker, paused or not, and returns its id; or that of the one that is queued or
/// running. Warns when there is no background worker.
std::int64_t run_loader(const std::string &name);

/// Runs a loader in this process, after a run of it that is in progress elsewhere. A run that is queued is taken over.
/// Throws what the run failed with; its row says so too.
void refresh_loader(const std::string &name, pg::Transactions &transactions);

/// Stores the rejected rows of a loader that fit now, after a run of it that is in progress elsewhere, and returns how
/// many. Throws what went wrong; 55006 while a run of it is queued.
std::int64_t retry_rejected(const std::string &name, pg::Transactions &transactions);

/// Waits until a run has ended and returns its status. Throws 42704 for an unknown run, 57014 on time-out, and 55000 at
/// once when it cannot end: queued in this very transaction, or without a background worker.
std::string wait_for_run(std::int64_t run_id, const pg::IntervalParts &timeout);

/// Cancels a queued run, or interrupts a running one and waits a few seconds for its end. False: it had ended already.
bool cancel_run(std::int64_t run_id);

/// Drops a loader after cancelling what it runs.
void drop_loader(const std::string &name, bool delete_events);

} // namespace hyperline::loader
