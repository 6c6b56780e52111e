#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>

#include "regions.h"

namespace vmarea {
namespace {

// Where a guarded copy on this thread goes when it faults.
struct Recovery {
  // The compiler's own buffer: three words and no call, because a guarded copy of a few bytes is mostly this. The handler does
  // not block its signal, so there is no mask to bring back.
  void* jump[5];
  Fault fault;
};

__thread Recovery* recovery
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))
#endif
    = nullptr;

// Set while this thread is in the handler that was there before. If that one calls us, it took our place and knows us as its own
// predecessor: the first predecessor must answer then, or the two would call each other for ever.
__thread bool in_predecessor
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))
#endif
    = false;

struct Disposition {
  struct sigaction first;     // before we came
  struct sigaction previous;  // below us now
  bool installed;
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
// The exception syndrome is a record in the reserved part of the context: bit 6 of a data abort says that it was a write.
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
  return 0;
}
#else
#error "vmarea: the fault guard knows x86-64 and arm64"
#endif

uint8_t reason_of(int signal, const siginfo_t* info) {
  if (signal == SIGSEGV) return kNoAccess;
  return info->si_code == BUS_ADRERR ? kPastEnd : kPoisoned;
}

void to_predecessor(int signal, siginfo_t* info, void* context) {
  Disposition* disposition = disposition_of(signal);
  struct sigaction next = in_predecessor ? disposition->first : disposition->previous;
  if (next.sa_flags & SA_SIGINFO) {
    bool outer = in_predecessor;
    in_predecessor = true;
    next.sa_sigaction(signal, info, context);
    in_predecessor = outer;
    return;
  }
  if (next.sa_handler == SIG_IGN && !sent_by_kernel(info)) return;
  if (next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN) {
    bool outer = in_predecessor;
    in_predecessor = true;
    next.sa_handler(signal);
    in_predecessor = outer;
    return;
  }
  // The default: a true fault repeats itself on return and ends the process; a signal that was sent is sent again.
  struct sigaction fallback = {};
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, nullptr);
  if (!sent_by_kernel(info)) raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  int saved_errno = errno;
  uint8_t access = access_of(static_cast<ucontext_t*>(context));
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (sent_by_kernel(info)) {
    if (recovery != nullptr) {
      recovery->fault = {address, access, reason_of(signal, info)};
      __builtin_longjmp(recovery->jump, 1);
    }
    // A jump into memory that may not be executed can't go on from any page we could put there.
    if (access != 2 && contain_fault({address, access, reason_of(signal, info)})) {
      errno = saved_errno;
      return;
    }
  }
  to_predecessor(signal, info, context);
  errno = saved_errno;
}

int put_in_front(int signal) {
  Disposition* disposition = disposition_of(signal);
  struct sigaction now;
  if (sigaction(signal, nullptr, &now) != 0) return -errno;
  if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault) return 0;
  if (!disposition->installed) disposition->first = now;
  // Who took our place and left again, as libuv does, left the default behind: what stood here first stands below us again.
  bool reset = disposition->installed && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
  disposition->previous = reset ? disposition->first : now;
  disposition->installed = true;
  struct sigaction ours = {};
  ours.sa_sigaction = on_fault;
  // NODEFER: a guarded touch inside the handler may fault in turn, and a copy leaves the handler by a jump.
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&ours.sa_mask);
  return sigaction(signal, &ours, nullptr) == 0 ? 0 : -errno;
}

// One attempt. `copied` is exact only where all was copied: a copy may touch its last bytes first.
__attribute__((noinline)) bool try_copy(void* target, const void* source, size_t length, Fault* fault) {
  Recovery here;
  Recovery* outer = recovery;
  if (__builtin_setjmp(here.jump) != 0) {
    recovery = outer;
    *fault = here.fault;
    return false;
  }
  recovery = &here;
  __asm__ volatile("" ::: "memory");
  memmove(target, source, length);
  __asm__ volatile("" ::: "memory");
  recovery = outer;
  return true;
}

}  // namespace

int guard_install() {
  int error = put_in_front(SIGSEGV);
  return error != 0 ? error : put_in_front(SIGBUS);
}

size_t guarded_copy(void* target, const void* source, size_t length, Fault* fault) {
  if (length == 0 || try_copy(target, source, length, fault)) return length;
  // Again, in steps that cross no page on either side, so that all before the first bad page is copied and nothing after it.
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  uint8_t* to = static_cast<uint8_t*>(target);
  const uint8_t* from = static_cast<const uint8_t*>(source);
  size_t done = 0;
  while (done < length) {
    size_t to_boundary = page - (reinterpret_cast<uintptr_t>(to + done) & (page - 1));
    size_t from_boundary = page - (reinterpret_cast<uintptr_t>(from + done) & (page - 1));
    size_t step = std::min({length - done, to_boundary, from_boundary});
    if (!try_copy(to + done, from + done, step, fault)) return done;
    done += step;
  }
  return done;
}

__attribute__((noinline)) bool guarded_touch(uintptr_t address, bool write) {
  Recovery here;
  Recovery* outer = recovery;
  if (__builtin_setjmp(here.jump) != 0) {
    recovery = outer;
    return false;
  }
  recovery = &here;
  volatile uint8_t* byte = reinterpret_cast<volatile uint8_t*>(address);
  if (write)
    __atomic_fetch_or(byte, 0, __ATOMIC_RELAXED);
  else
    (void)*byte;
  __asm__ volatile("" ::: "memory");
  recovery = outer;
  return true;
}

}  // namespace vmarea
