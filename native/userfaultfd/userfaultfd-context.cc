#include "userfaultfd/userfaultfd-context.h"

#include <string.h>
#include <time.h>

#include <algorithm>

#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::uffd {
namespace {

constexpr size_t kMostUnanswered = 65536;
constexpr size_t kMostMissed = 65536;

void add_range(std::vector<Range>& ranges, Range added) {
  remove_range(ranges, added.start, added.end);
  auto place = std::lower_bound(ranges.begin(), ranges.end(), added, [](const Range& a, const Range& b) { return a.start < b.start; });
  ranges.insert(place, added);
}

// The registered ranges move with the memory.
void move_ranges(std::vector<Range>& ranges, uintptr_t from, uintptr_t to, size_t length) {
  std::vector<Range> moved;
  for (const Range& range : ranges) {
    uintptr_t start = std::max(range.start, from), end = std::min(range.end, from + length);
    if (start < end) moved.push_back({start - from + to, end - from + to, range.mode});
  }
  remove_range(ranges, from, from + length);
  for (const Range& range : moved) add_range(ranges, range);
}

}  // namespace

std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}

std::vector<Context*>& contexts() {
  static std::vector<Context*>* contexts = new std::vector<Context*>;
  return *contexts;
}

void remove_range(std::vector<Range>& ranges, uintptr_t start, uintptr_t end) {
  std::vector<Range> kept;
  for (const Range& range : ranges) {
    if (range.end <= start || range.start >= end) {
      kept.push_back(range);
      continue;
    }
    if (range.start < start) kept.push_back({range.start, start, range.mode});
    if (range.end > end) kept.push_back({end, range.end, range.mode});
  }
  ranges.swap(kept);
}

void register_modes(std::vector<Range>& ranges, Range added) {
  std::vector<Range> kept;
  for (const Range& range : ranges) {
    uintptr_t start = std::max(range.start, added.start), end = std::min(range.end, added.end);
    if (start < end && (range.mode & added.mode) == added.mode) kept.push_back({start, end, range.mode});
  }
  add_range(ranges, added);
  for (const Range& range : kept) add_range(ranges, range);
}

uint64_t now() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

bool is_read_locked(const Context* context) {
  return std::any_of(context->handles.begin(), context->handles.end(), [](const Handle* handle) { return handle->reads.load(); });
}

bool reads_locked(const Context* context, uint32_t thread) {
  return thread != 0 && std::any_of(context->handles.begin(), context->handles.end(),
                                    [=](const Handle* handle) { return handle->reads && handle->reader == thread; });
}

void note_messages_locked(Context* context, const uint8_t* bytes, size_t length, bool by_deadline_thread) {
  uint64_t time = 0;
  for (size_t offset = 0; offset + sizeof(UffdMessage) <= length; offset += sizeof(UffdMessage)) {
    UffdMessage message;
    memcpy(&message, bytes + offset, sizeof message);
    if (message.event == kEventFault) {
      if (time == 0) time = now();
      if (context->unanswered.size() == kMostUnanswered) context->unanswered.erase(context->unanswered.begin());
      context->unanswered.push_back({message.fault.address, message.fault.flags, message.fault.thread, time, by_deadline_thread});
      context->unanswered_count.store(context->unanswered.size(), std::memory_order_release);
      continue;
    }
    if (by_deadline_thread && message.event != kEventFork && context->missed_events.size() < kMostMissed) {
      context->missed_events.push_back(message);
    }
    if (message.event == kEventUnmap) {
      remove_range(context->ranges, message.remove.start, message.remove.end);
    } else if (message.event == kEventRemap) {
      move_ranges(context->ranges, message.remap.from, message.remap.to, message.remap.length);
    }
  }
}

void note_answer(Context* context, uint64_t start, uint64_t length) {
  if (context->unanswered_count.load(std::memory_order_acquire) == 0) return;
  Lock lock(mutex());
  note_answer_locked(context, start, length);
}

void note_answer_locked(Context* context, uint64_t start, uint64_t length) {
  std::vector<UnansweredFault>& faults = context->unanswered;
  for (size_t index = 0; index < faults.size();) {
    if (faults[index].address - start < length) {
      faults[index] = faults.back();
      faults.pop_back();
    } else {
      index++;
    }
  }
  context->unanswered_count.store(faults.size(), std::memory_order_release);
}

}  // namespace vmarea::uffd
