#include "guard/guard.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "guard/arm64-access.h"
#include "page/guarded-copy.h"
#include "guard/containment.h"
#include "page/page-entry.h"
#include "guard/wait-for-page.h"
#include "userfaultfd/ending-threads.h"

namespace vmarea {
namespace {

// The signal that this thread has passed to a handler below ours, by its context, and how often it came back to us. A handler that
// replaced ours, as another copy of this library does, has ours as the one below itself, and passes the very same signal on. A fault
// inside such a handler is another signal.
struct HandedOn {
  const void* context;
  size_t returns;
  // The last fault that was passed to a handler below ours, and how often it repeated without another one in between.
  uintptr_t instruction;
  uintptr_t address;
  int times;
};

__thread HandedOn handed_on
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))
#endif
    = {};

// Some handlers reinstall the handler that was there before them and return, so that the fault repeats. Where that one is ours, which has
// them below itself, the fault would repeat forever.
constexpr int kMostTimes = 10000;

// The handlers below ours: each that was ever in front of ours, the latest first, and at the end the one that was installed before ours.
// A signal that comes back is passed to the next of them. So no handler is lost when several copies of this library replace one another.
// A published list is never changed or freed, because a handler may be reading it.
struct Below {
  static constexpr size_t kMost = 8;
  struct sigaction handlers[kMost];
  size_t count;
};

struct Disposition {
  std::atomic<const Below*> below{nullptr};
};

Disposition segv, bus;

Disposition* disposition_of(int signal) { return signal == SIGBUS ? &bus : &segv; }

bool sent_by_kernel(const siginfo_t* info) { return info->si_code > 0; }

#if defined(__x86_64__)
constexpr uintptr_t kWriteBit = 2, kFetchBit = 16;
uint8_t access_of(const ucontext_t* context) {
  uintptr_t error = static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_ERR]);
  return error & kFetchBit ? 2 : error & kWriteBit ? 1 : 0;
}
#elif defined(__aarch64__)
// The exception syndrome is a record in the reserved part of the context: bit 6 of a data abort marks a write.
uint8_t access_of(const ucontext_t* context) {
  const uint8_t* record = reinterpret_cast<const uint8_t*>(context->uc_mcontext.__reserved);
  const uint8_t* end = record + sizeof context->uc_mcontext.__reserved;
  while (record + 16 <= end) {
    uint32_t magic, size;
    memcpy(&magic, record, 4);
    memcpy(&size, record + 4, 4);
    if (magic == 0 || size < 16) break;
    if (magic == 0x45535201) {
      uint64_t syndrome;
      memcpy(&syndrome, record + 8, 8);
      unsigned kind = (syndrome >> 26) & 0x3f;
      if (kind == 0x20 || kind == 0x21) return 2;
      return (syndrome >> 6) & 1;
    }
    record += size;
  }
  // Without the record, decode the instruction.
  if (context->uc_mcontext.pc == context->uc_mcontext.fault_address) return 2;
  uint32_t instruction;
  memcpy(&instruction, reinterpret_cast<const void*>(context->uc_mcontext.pc), sizeof instruction);
  return arm64_instruction_writes(instruction);
}
#else
#error "vmarea: the fault guard knows x86-64 and arm64"
#endif

uint8_t reason_of(int signal, const siginfo_t* info) {
  if (signal == SIGSEGV) return kNoAccess;
  if (info->si_code != BUS_ADRERR) return kPoisoned;
  // A kernel built without memory failure gives the same code for poison, which is a marker in the page table.
  return is_poison_mark(page_entry(reinterpret_cast<uintptr_t>(info->si_addr))) ? kPoisoned : kPastEnd;
}

bool keeps_coming(const siginfo_t* info, const void* context) {
  uintptr_t instruction = program_counter(static_cast<const ucontext_t*>(context));
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  bool same = sent_by_kernel(info) && instruction == handed_on.instruction && address == handed_on.address;
  handed_on.times = same ? handed_on.times + 1 : 0;
  handed_on.instruction = instruction;
  handed_on.address = address;
  return handed_on.times > kMostTimes;
}

void call(const struct sigaction& next, int signal, siginfo_t* info, void* context) {
  if (next.sa_flags & SA_SIGINFO) next.sa_sigaction(signal, info, context);
  else next.sa_handler(signal);
}

void to_predecessor(int signal, siginfo_t* info, void* context) {
  const Below* below = disposition_of(signal)->below.load();
  const HandedOn outer = handed_on;
  bool came_back = outer.context == context;
  size_t index = came_back ? outer.returns + 1 : 0;
  if (index >= below->count || (!came_back && keeps_coming(info, context))) index = below->count - 1;
  const struct sigaction& next = below->handlers[index];
  bool callable = (next.sa_flags & SA_SIGINFO) || (next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN);
  if (callable) {
    handed_on.context = context;
    handed_on.returns = index;
    call(next, signal, info, context);
    handed_on.context = outer.context;
    handed_on.returns = outer.returns;
    return;
  }
  if (next.sa_handler == SIG_IGN && !sent_by_kernel(info)) return;
  // The default action: a true fault repeats on return and ends the process; a signal that was sent is sent again.
  struct sigaction fallback = {};
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, nullptr);
  if (!sent_by_kernel(info)) raise(signal);
}

// Containing touches the page in turn. A handler in front of ours may have called it with the signals blocked, and a fault that is
// blocked ends the process.
bool contain_unmasked(const Fault& fault, bool certain) {
  sigset_t faults, before;
  sigemptyset(&faults);
  sigaddset(&faults, SIGSEGV);
  sigaddset(&faults, SIGBUS);
  pthread_sigmask(SIG_UNBLOCK, &faults, &before);
  bool contained = certain ? contain_certain_fault(fault) : contain_fault(fault);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return contained;
}

void on_fault(int signal, siginfo_t* info, void* context) {
  int saved_errno = errno;
  if (!sent_by_kernel(info) && uffd::answer_question(info)) {
    errno = saved_errno;
    return;
  }
  uint8_t access = access_of(static_cast<ucontext_t*>(context));
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (sent_by_kernel(info)) {
    Fault fault = {address, access, reason_of(signal, info), false};
    Waited waited = signal == SIGSEGV ? wait_for_page(&fault) : Waited::kElsewhere;
    if (waited == Waited::kRetry) {
      errno = saved_errno;
      return;
    }
    if (leave_guarded_access(static_cast<ucontext_t*>(context), fault)) return;
    // A jump into memory that may not be executed can't continue from any page we could put there.
    if (access != 2 && contain_unmasked(fault, waited == Waited::kFault)) {
      errno = saved_errno;
      return;
    }
  }
  to_predecessor(signal, info, context);
  errno = saved_errno;
}

bool same_handler(const struct sigaction& one, const struct sigaction& other) {
  // The two pointers are one union.
  return (one.sa_flags & SA_SIGINFO) == (other.sa_flags & SA_SIGINFO) && one.sa_handler == other.sa_handler;
}

void remove(Below* below, size_t index) {
  for (below->count--; index < below->count; index++) below->handlers[index] = below->handlers[index + 1];
}

// With `now` as the first of them.
Below put_before(Below below, const struct sigaction& now) {
  for (size_t index = 0; index < below.count; index++) {
    if (!same_handler(below.handlers[index], now)) continue;
    if (index + 1 == below.count) break;  // the handler that was installed before ours stays at the end
    remove(&below, index--);
  }
  if (below.count == Below::kMost) remove(&below, below.count - 2);
  for (size_t index = below.count++; index > 0; index--) below.handlers[index] = below.handlers[index - 1];
  below.handlers[0] = now;
  return below;
}

// An equal list that was published before, or a new one: where two libraries take turns, the same list recurs.
const Below* published(const Below& below) {
  static std::vector<const Below*>* lists = new std::vector<const Below*>;
  for (const Below* list : *lists) {
    bool same = list->count == below.count;
    for (size_t index = 0; same && index < below.count; index++) same = same_handler(list->handlers[index], below.handlers[index]);
    if (same) return list;
  }
  lists->push_back(new Below(below));
  return lists->back();
}

int put_in_front(int signal) {
  Disposition* disposition = disposition_of(signal);
  struct sigaction now;
  if (sigaction(signal, nullptr, &now) != 0) return -errno;
  if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault) return 0;
  const Below* before = disposition->below.load();
  Below below = before == nullptr ? Below{} : *before;
  // A library that replaced our handler and removed its own, as libuv does, left the default behind.
  bool left = before != nullptr && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
  if (!left) below = put_before(below, now);
  else if (below.count > 1) remove(&below, 0);
  disposition->below.store(published(below));
  struct sigaction ours = {};
  ours.sa_sigaction = on_fault;
  // NODEFER: a guarded touch inside the handler may fault in turn. RESTART: a thread that a signal interrupts continues its system call.
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  return sigaction(signal, &ours, nullptr) == 0 ? 0 : -errno;
}

}  // namespace

int guard_install() {
  static std::mutex* mutex = new std::mutex;  // several threads may call this; signal handlers do not
  std::lock_guard<std::mutex> lock(*mutex);
  uffd::question_handler.store(on_fault);
  int error = put_in_front(SIGSEGV);
  return error != 0 ? error : put_in_front(SIGBUS);
}

}  // namespace vmarea
