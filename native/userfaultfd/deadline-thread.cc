#include "userfaultfd/deadline-thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "userfaultfd/ending-threads.h"
#include "userfaultfd/fail-page.h"
#include "addon/own-thread.h"
#include "page/page-size.h"
#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::uffd {
namespace {

constexpr uint64_t kMillisecond = 1000000;
constexpr uint64_t kPatience = 500 * kMillisecond;  // longer than a busy machine delays a thread
constexpr uint64_t kShortestPause = 10 * kMillisecond, kLongestPause = 250 * kMillisecond;
constexpr uint64_t kFirstQuestion = 250 * kMillisecond;
constexpr size_t kMostFailed = 65536;

int call = -1;  // an eventfd that starts a check at once

bool is_readable(int descriptor) {
  struct pollfd poll_one = {descriptor, POLLIN, 0};
  return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & POLLIN) != 0;
}

// Reads the messages that no server reads. Their faults then fail with those that wait too long.
void read_instead_locked(Context* context) {
  UffdMessage messages[64];
  ssize_t length;
  // A few at a time, because other users of the context wait for the lock meanwhile.
  for (int round = 0; round < 16 && (length = read(context->keeper, messages, sizeof messages)) > 0; round++) {
    note_messages_locked(context, reinterpret_cast<const uint8_t*>(messages), static_cast<size_t>(length), true);
    for (size_t index = 0; index < static_cast<size_t>(length) / sizeof *messages; index++) {
      if (messages[index].event != kEventFork) continue;
      // A forked child without a server: handle it as at the end of a server.
      int child = static_cast<int>(messages[index].fork.descriptor);
      poison_ranges(child, context->ranges, false);
      close(child);
    }
  }
}

void remember_locked(Context* context, FailedFault failed) {
  if (context->failed.size() == kMostFailed) context->failed.erase(context->failed.begin());
  context->failed.push_back(failed);
}

// Whether the faults tell threads of this process.
bool can_ask(const Context* context) { return context->own_memory && (context->features & kFeatureThreadId) != 0; }

// One without a deadline is for its threads that end. A read must not wait.
bool is_looked_after(const Context* context) {
  return context->deadline != 0 || (can_ask(context) && (fcntl(context->keeper, F_GETFL) & O_NONBLOCK) != 0);
}

// Whether the thread is to end, and ends only with an answer. One that is known for it fails at once: it may have many pages before it.
bool waits_in_vain_locked(const Context* context, const UnansweredFault& fault, uint64_t time) {
  return can_ask(context) && (ending_threads > 0 || time - fault.since >= kFirstQuestion) && is_to_end_locked(fault.thread);
}

void fail_overdue_locked(Context* context, uint64_t time) {
  if (context->unanswered.empty()) return;
  bool read = is_read_locked(context);
  // A copy, because an answer removes all faults of its page from the record.
  std::vector<UnansweredFault> faults = context->unanswered;
  uint64_t mask = ~(static_cast<uint64_t>(page_size()) - 1);
  std::vector<uint64_t> done;
  for (const UnansweredFault& fault : faults) {
    bool lost = fault.by_deadline_thread || (context->unserved && !read);
    bool late = context->deadline != 0 && time - fault.since >= context->deadline;
    if (!lost && !late && !waits_in_vain_locked(context, fault, time)) continue;
    uint64_t page = fault.address & mask;
    if (std::find(done.begin(), done.end(), page) != done.end()) continue;
    int error = fail_page_locked(context, page, fault.flags);
    if (error == -EAGAIN) continue;  // an event has to be read first: retry at the next check
    done.push_back(page);
    if (error == 0) remember_locked(context, {page, reads_locked(context, fault.thread) ? kItself : lost || !read ? kNoServer : kTimeout});
    note_answer_locked(context, page, page_size());
  }
}

// Among the unread faults, fails those of threads that are to end, and wakes the others, so that they fault again. Layout events would be
// lost.
void fail_ending_unread_locked(Context* context) {
  UffdMessage messages[64];
  if (!can_ask(context) || (context->features & kEventFeatures) != 0) return;
  ssize_t length = read(context->keeper, messages, sizeof messages);
  for (ssize_t index = 0; index < length / static_cast<ssize_t>(sizeof *messages); index++) {
    const auto& fault = messages[index].fault;
    uint64_t page = fault.address & ~(static_cast<uint64_t>(page_size()) - 1);
    if (messages[index].event != kEventFault) continue;
    if (!is_to_end_locked(fault.thread) || fail_page_locked(context, page, fault.flags) != 0) wake_range(context->keeper, page, page_size());
    else remember_locked(context, {page, kNoServer});
  }
  context->read_by_us = length > 0;
}

void look_after_locked(Context* context, uint64_t time) {
  uint32_t reads = context->reads.load();
  if (reads != context->seen_reads) {
    context->seen_reads = reads;
    context->unserved = false;
    context->unread_since = 0;
  }
  if (context->unserved) {
    read_instead_locked(context);
  } else if (!is_readable(context->keeper)) {
    if (!context->read_by_us) context->unread_since = 0;
    context->read_by_us = false;
  } else if (context->unread_since == 0) {
    context->unread_since = time;
  } else if (context->deadline != 0 && time - context->unread_since >= context->deadline) {
    // Faults whose server may still come wait for it as before.
    context->unserved = !context->keep_waiting;
    context->unread_since = 0;
    read_instead_locked(context);
  } else if (time - context->unread_since >= kFirstQuestion) {
    fail_ending_unread_locked(context);
  }
  fail_overdue_locked(context, time);
}

// A stopped process or a sleeping machine served no fault meanwhile: that time does not count.
void forgive_locked(Context* context, uint64_t lost) {
  for (UnansweredFault& fault : context->unanswered) fault.since += lost;
  if (context->unread_since != 0) context->unread_since += lost;
}

// Returns the milliseconds until the next check, and the descriptors that can start it earlier.
int look_after_all(std::vector<struct pollfd>* descriptors) {
  static uint64_t due = 0;
  descriptors->assign(1, {call, POLLIN, 0});
  Lock lock(mutex());
  uint64_t time = now(), pause = 0;
  uint64_t lost = due != 0 && time > due + kPatience ? time - due : 0;
  for (Context* context : contexts()) {
    if (!is_looked_after(context)) continue;
    if (lost > 0) forgive_locked(context, std::min(lost, time));
    look_after_locked(context, time);
    // A descriptor that stays readable can't be read now, and would start a check again and again.
    if (context->unserved && !is_readable(context->keeper)) descriptors->push_back({context->keeper, POLLIN, 0});
    uint64_t its = context->deadline == 0 ? kLongestPause : std::min(std::max(context->deadline / 8, kShortestPause), kLongestPause);
    if (ending_threads > 0) its = kShortestPause;
    pause = pause == 0 ? its : std::min(pause, its);
  }
  due = pause == 0 ? 0 : time + pause;
  return pause == 0 ? -1 : static_cast<int>(pause / kMillisecond);
}

void* watch(void*) {
  std::vector<struct pollfd> descriptors;
  for (;;) {
    int pause = look_after_all(&descriptors);
    poll(descriptors.data(), descriptors.size(), pause);
    uint64_t count;
    if (descriptors[0].revents != 0 && read(call, &count, sizeof count) < 0) {
      // A failed read needs no action.
    }
  }
  return nullptr;
}

}  // namespace

int start_deadline_thread_locked() {
  if (call >= 0) return 0;
  call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (call < 0) return -errno;
  int error = start_own_thread("vmarea-deadline", watch, nullptr);
  if (error == 0) return 0;
  close(call);
  call = -1;
  return error;
}

void wake_deadline_thread() {
  uint64_t one = 1;
  if (write(call, &one, sizeof one) < 0) {
    // The eventfd is at its maximum: a check is due already.
  }
}

}  // namespace vmarea::uffd
