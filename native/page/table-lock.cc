#include "page/table-lock.h"

#include <sched.h>

#include <atomic>

namespace vmarea {
namespace {

std::atomic_flag table_lock = ATOMIC_FLAG_INIT;

}  // namespace

TableLock::TableLock() {
  while (table_lock.test_and_set(std::memory_order_acquire)) sched_yield();
}

TableLock::~TableLock() { table_lock.clear(std::memory_order_release); }

}  // namespace vmarea
