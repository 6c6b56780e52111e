#include "noted/guard-source.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "region/region-table.h"

namespace vmarea {
namespace {

// By number.
std::vector<GuardSource*>& sources_locked() {
  static std::vector<GuardSource*>* sources = new std::vector<GuardSource*>;
  return *sources;
}

// Closed or not.
GuardSource* any_source_locked(double number) {
  auto& sources = sources_locked();
  return number >= 0 && number < static_cast<double>(sources.size()) ? sources[static_cast<size_t>(number)] : nullptr;
}

void delete_unused_locked() {
  for (GuardSource*& source : sources_locked()) {
    if (source == nullptr || source->references > 0) continue;
    delete source;
    source = nullptr;
  }
}

void close_locked(GuardSource* source) {
  if (source->closed) return;
  source->closed = true;
  source->owner = nullptr;
  if (source->queue.event >= 0) close(source->queue.event);
  source->queue.event = -1;
  source->references--;
  answer_faults_locked(&source->queue, 0, UINTPTR_MAX, source->awaited ? kShown : kFailed);
  wake_slotless_locked(&source->queue, INT32_MAX);
}

}  // namespace

GuardSource* guard_source_locked(double number) {
  GuardSource* source = any_source_locked(number);
  return source != nullptr && !source->closed ? source : nullptr;
}

bool expect_guard_source_locked(double number, bool expected) {
  GuardSource* source = any_source_locked(number);
  if (source == nullptr) return false;
  tell_awaiting_locked(source);
  source->awaited = expected;
  return true;
}

void tell_awaiting_locked(GuardSource* source) {
  if (source->awaited) wake_slotless_locked(&source->queue, INT32_MAX);
}

void add_guard_source_locked(GuardSource* source) {
  delete_unused_locked();
  auto& sources = sources_locked();
  auto place = std::find(sources.begin(), sources.end(), nullptr);
  source->id = static_cast<uint32_t>(place - sources.begin());
  if (place == sources.end()) sources.push_back(source);
  else *place = source;
}

void close_guard_source_locked(GuardSource* source) {
  close_locked(source);
  delete_unused_locked();
}

void release_guard_sources_of(ThreadState* state) {
  TableLock lock;
  for (GuardSource* source : sources_locked())
    if (source != nullptr && source->owner == state) close_locked(source);
}

}  // namespace vmarea
