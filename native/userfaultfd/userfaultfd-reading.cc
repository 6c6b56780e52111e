// Reading userfaultfds: faults and events, with or without waiting for them, and the faults that are not answered.
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "userfaultfd/ending-threads.h"
#include "userfaultfd/fail-page.h"
#include "addon/function-tables.h"
#include "userfaultfd/userfaultfd-call.h"
#include "userfaultfd/deadline-thread.h"

namespace vmarea {

using namespace uffd;

namespace {

constexpr int kWaitsFirst = 15;

uint32_t own_thread_number() {
  static thread_local uint32_t number = static_cast<uint32_t>(syscall(SYS_gettid));
  return number;
}

int64_t read_messages(Handle* handle, View<uint8_t> messages) {
  handle->context->reads.fetch_add(1);
  ssize_t length = read(handle->descriptor, messages.data, messages.length);
  if (length < 0) return -errno;
  Lock lock(mutex());
  handle->reads = true;
  handle->reader = own_thread_number();
  note_messages_locked(handle->context, messages.data, static_cast<size_t>(length));
  if (ending_threads > 0) wake_deadline_thread();
  return length;
}

int64_t read_call(Handle* handle, View<uint8_t> messages) {
  handle->reads = true;
  return read_messages(handle, messages);
}

// Reads as `read` does, but waits for at most `timeout` milliseconds, rounded up. Returns 0 at the timeout, -EINTR after an interrupt.
//
// Where the kernel runs a thread as soon as its fault is answered, its next fault is there already, and a wait before the read would be in vain.
// Elsewhere the read would be: after such a one, some waits go first.
int64_t wait_call(Handle* handle, View<uint8_t> messages, double timeout) {
  int milliseconds = static_cast<int>(std::ceil(std::clamp(timeout, 0.0, 2147483647.0)));
  Context* context = handle->context;
  handle->reads = true;
  bool waited = false;
  for (bool read_first = handle->waits_first == 0;; read_first = true) {
    uint32_t interrupts = __atomic_load_n(&context->interrupts, __ATOMIC_ACQUIRE);
    if (interrupts != handle->seen_interrupts) {
      handle->seen_interrupts = interrupts;
      return -EINTR;
    }
    if (read_first) {
      int64_t length = read_messages(handle, messages);
      if (length != -EAGAIN) return length;
      if (waited) return 0;
      handle->waits_first = kWaitsFirst;
    } else {
      handle->waits_first--;
    }
    waited = true;
    struct pollfd descriptors[2] = {{handle->descriptor, POLLIN, 0}, {context->interrupt, POLLIN, 0}};
    int ready = poll(descriptors, 2, milliseconds);
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready <= 0) return 0;
    if ((descriptors[0].revents & (POLLERR | POLLNVAL)) != 0) return -EINVAL;
    uint64_t count;
    if (descriptors[1].revents != 0 && read(context->interrupt, &count, sizeof count) < 0) {
      // Another waiting thread was faster.
    }
  }
}

// Ends the waits on all handles of this userfaultfd, and the next wait of each handle that does not wait now.
int interrupt(Handle* handle) {
  Context* context = handle->context;
  __atomic_fetch_add(&context->interrupts, 1, __ATOMIC_RELEASE);
  uint64_t one = 1;
  return write(context->interrupt, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
}

// Sets how long a fault may wait; 0 is no limit. A server has the same time from now on to start reading.
int set_deadline(Handle* handle, double milliseconds) {
  if (!(milliseconds >= 0 && milliseconds <= 2147483647)) return -EINVAL;
  int flags = fcntl(handle->descriptor, F_GETFL);
  if (flags < 0) return -errno;
  // The deadline thread must not block in a read.
  if (milliseconds > 0 && (flags & O_NONBLOCK) == 0) return -EINVAL;
  if (milliseconds > 0 && !has_poison(handle->descriptor)) return -EOPNOTSUPP;
  Lock lock(mutex());
  int error = milliseconds > 0 ? start_deadline_thread_locked() : 0;
  if (error != 0) return error;
  Context* context = handle->context;
  context->deadline = static_cast<uint64_t>(milliseconds * 1e6);
  context->unserved = false;
  context->unread_since = 0;
  if (milliseconds > 0) wake_deadline_thread();
  return 0;
}

// Takes the pages that the deadline thread failed, two numbers for each: address, reason; as many as fit, the oldest first. Returns their
// number.
size_t take_failed(Handle* handle, View<double> records) {
  Lock lock(mutex());
  std::vector<FailedFault>& failed = handle->context->failed;
  size_t count = std::min(failed.size(), records.length / 2);
  for (size_t index = 0; index < count; index++) {
    records.data[index * 2] = static_cast<double>(failed[index].address);
    records.data[index * 2 + 1] = failed[index].reason;
  }
  failed.erase(failed.begin(), failed.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

// Takes the layout events that arrived while no thread served, as messages, the oldest first. Returns their number; there may be more.
size_t take_missed(Handle* handle, View<uint8_t> bytes) {
  Lock lock(mutex());
  std::vector<UffdMessage>& missed = handle->context->missed_events;
  size_t count = std::min(missed.size(), bytes.length / sizeof(UffdMessage));
  if (count > 0) memcpy(bytes.data, missed.data(), count * sizeof(UffdMessage));
  missed.erase(missed.begin(), missed.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

// Lists the unanswered faults, four numbers for each: address, flags, thread, milliseconds since it was read. Returns how many exist.
size_t unanswered(Handle* handle, View<double> records) {
  Lock lock(mutex());
  const std::vector<UnansweredFault>& faults = handle->context->unanswered;
  uint64_t time = now();
  for (size_t index = 0; index < std::min(faults.size(), records.length / 4); index++) {
    double* record = records.data + index * 4;
    record[0] = static_cast<double>(faults[index].address);
    record[1] = static_cast<double>(faults[index].flags);
    record[2] = faults[index].thread;
    record[3] = static_cast<double>(time - faults[index].since) / 1e6;
  }
  return faults.size();
}

constexpr Function kFunctions[] = {
    {"uffdRead", callback<read_call>},
    {"uffdWait", callback<wait_call>},
    {"uffdInterrupt", callback<interrupt>},
    {"uffdUnanswered", callback<unanswered>},
    {"uffdSetDeadline", callback<set_deadline>},
    {"uffdTakeFailed", callback<take_failed>},
    {"uffdTakeMissed", callback<take_missed>},
};

}  // namespace

const FunctionTable kUserfaultfdReading(kFunctions);

}  // namespace vmarea
