// Opening, adopting, handing out and closing userfaultfds.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "addon/answer.h"
#include "addon/function-tables.h"
#include "page/newer-kernel.h"
#include "userfaultfd/fail-page.h"
#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd-call.h"
#include "userfaultfd/userfaultfd-interface.h"
#include "userfaultfd/userfaultfd.h"
#include "userfaultfd/deadline-thread.h"

namespace vmarea {

using namespace uffd;

namespace {

int64_t create(int flags) { return answer(syscall(SYS_userfaultfd, flags)); }

// results[0] is 0 where the device could not be opened, 1 where it was opened and the kernel refused.
int create_from_device(ThreadState* state, int flags) {
  state->shared_results.results[0] = 0;
  int device = open("/dev/userfaultfd", O_RDONLY | O_CLOEXEC);
  if (device < 0) return -errno;
  state->shared_results.results[0] = 1;
  int descriptor = ioctl(device, kNew, static_cast<unsigned long>(flags));
  int error = errno;
  close(device);
  return descriptor < 0 ? -error : descriptor;
}

bool same_file(int one, int other) {
  int answer = fcntl(one, F_DUPFD_QUERY, other);
  if (answer >= 0) return answer == 1;
#ifdef SYS_kcmp
  return syscall(SYS_kcmp, getpid(), getpid(), 0 /* KCMP_FILE */, one, other) == 0;
#else
  return false;
#endif
}

// Makes the record of a new userfaultfd. nullptr with errno where no descriptors are free for it.
Context* new_context(int descriptor, bool own_memory, const Handle* parent) {
  int keeper = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (keeper < 0) return nullptr;
  int interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (interrupt < 0) {
    int error = errno;
    close(keeper);
    errno = error;
    return nullptr;
  }
  Context* context = new Context;
  context->keeper = keeper;
  context->interrupt = interrupt;
  context->own_memory = own_memory;
  if (parent != nullptr) {
    context->ranges = parent->context->ranges;
    context->features = parent->context->features.load();
  }
  return context;
}

// exit() does not end the main thread's environment, so its handles are not dropped: poison the memory of other processes here. The
// memory of this process ends with it.
void poison_at_exit() {
  struct Last {
    int keeper;
    std::vector<Range> ranges;
  };
  std::vector<Last> last;
  {
    Lock lock(mutex());
    for (const Context* context : contexts())
      if (!context->own_memory && !context->keep_waiting) last.push_back({context->keeper, context->ranges});
  }
  for (const Last& one : last) poison_ranges(one.keeper, one.ranges, false);
}

// Adopts a descriptor. Returns the handle; -EBUSY where another handle has that descriptor.
int64_t adopt(ThreadState* state, int descriptor, bool own_memory, HandleIfAny parent) {
  if (fcntl(descriptor, F_GETFD) < 0) return -errno;
  Lock lock(mutex());
  std::vector<Context*>& all = contexts();
  auto known = std::find_if(all.begin(), all.end(), [=](const Context* context) { return same_file(context->keeper, descriptor); });
  bool fresh = known == all.end();
  Context* context = fresh ? new_context(descriptor, own_memory, parent.handle) : *known;
  if (context == nullptr) return -errno;
  for (const Handle* handle : context->handles)
    if (handle->descriptor == descriptor) return -EBUSY;
  Handle* handle = new_handle_locked(state, context, descriptor);
  if (handle == nullptr) {
    if (fresh) {
      close(context->keeper);
      close(context->interrupt);
      delete context;
    }
    return -EMFILE;
  }
  std::vector<int>& loose = context->loose;
  loose.erase(std::remove(loose.begin(), loose.end(), descriptor), loose.end());
  if (fresh) all.push_back(context);
  static bool at_exit = false;
  if (!own_memory && !at_exit) at_exit = atexit(poison_at_exit) == 0;
  userfaultfd_contexts.store(all.size());
  return handle->number;
}

// words[0] has the requested features, and those of the kernel afterwards; words[1] the ioctls.
int api(Handle* handle, View<uint64_t> words) {
  if (words.length < 2) return -EFAULT;
  UffdApi argument = {0xaa, words.data[0], 0};
  uint64_t asked = words.data[0];
  if (ioctl(handle->descriptor, kApi, &argument) != 0) return -errno;
  handle->context->features = asked;
  words.data[0] = argument.features;
  words.data[1] = argument.ioctls;
  if ((asked & kFeatureThreadId) == 0 || !has_poison(handle->descriptor)) return 0;
  Lock lock(mutex());
  if (start_deadline_thread_locked() == 0) wake_deadline_thread();  // without it, a thread that is to end may wait like any other
  return 0;
}

// What the record knows about a descriptor that another process or library opened.
int set_features(Handle* handle, uint64_t features) {
  handle->context->features = features;
  return 0;
}

int64_t clone(ThreadState* state, Handle* handle) {
  int descriptor = fcntl(handle->descriptor, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  Lock lock(mutex());
  Handle* other = new_handle_locked(state, handle->context, descriptor);
  if (other != nullptr) return other->number;
  close(descriptor);
  return -EMFILE;
}

// The number of the descriptor, which the handle still owns.
int descriptor_of(HandleIfAny of, bool exposed) {
  if (of.handle == nullptr) return -1;
  if (exposed) {
    Lock lock(mutex());
    of.handle->context->exposed = true;
  }
  return of.handle->descriptor;
}

// Hands the descriptor out and ends the handle: the code that adopts the number owns it.
int into_descriptor(Handle* handle) {
  int descriptor = handle->descriptor;
  {
    Lock lock(mutex());
    handle->context->loose.push_back(descriptor);
  }
  drop_handle(handle, Missing::kPoison, false);
  return descriptor;
}

// Closes a handle. If it is the last of the userfaultfd, `poison` decides about the missing pages.
int close_call(HandleIfAny closed, bool poison) {
  if (closed.handle == nullptr) return 0;
  int error = close(closed.handle->descriptor) == 0 || errno != EBADF ? 0 : -EBADF;
  drop_handle(closed.handle, poison ? Missing::kPoison : Missing::kZero, false);
  return error;
}

// Sets what the loss of the last handle does from now on.
int set_custody(Handle* handle, bool sent, bool keep_waiting) {
  Lock lock(mutex());
  handle->context->sent |= sent && handle->context->own_memory;
  handle->context->keep_waiting |= keep_waiting;
  return 0;
}

int hold_until_registered(Handle* handle) {
  Lock lock(mutex());
  handle->context->ranges_unknown = true;
  return 0;
}

// Sets whether another server will follow, for which faults wait when this one ends.
int expect_server(Handle* handle, bool expected) {
  Lock lock(mutex());
  Context* context = handle->context;
  context->keep_waiting = expected;
  if (!expected && context->deadline > 0 && !is_read_locked(context)) {
    context->unserved = true;
    context->seen_reads = context->reads.load();
    wake_deadline_thread();
  }
  return 0;
}

constexpr Function kFunctions[] = {
    {"uffdCreate", callback<create>},
    {"uffdCreateFromDevice", callback<create_from_device>},
    {"uffdAdopt", callback<adopt>},
    {"uffdApi", callback<api>},
    {"uffdSetFeatures", callback<set_features>},
    {"uffdClone", callback<clone>},
    {"uffdDescriptor", callback<descriptor_of>},
    {"uffdIntoDescriptor", callback<into_descriptor>},
    {"uffdClose", callback<close_call>},
    {"uffdExpectServer", callback<expect_server>},
    {"uffdSetCustody", callback<set_custody>},
    {"uffdHoldUntilRegistered", callback<hold_until_registered>},
};

}  // namespace

const FunctionTable kUserfaultfdOpening(kFunctions);

}  // namespace vmarea
