#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <mutex>

#include "guard/arm64-access.h"
#include "guarded-copy.h"
#include "containment.h"
#include "page-entry.h"
#include "wait-for-page.h"

namespace vmarea {
namespace {

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
  // Without the record, the instruction says what it did.
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
  // A kernel built without memory failure says so of poison as well, which is a mark in the page table.
  return is_poison_mark(page_entry(reinterpret_cast<uintptr_t>(info->si_addr))) ? kPoisoned : kPastEnd;
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

// Containing touches the page in turn. A handler in front of ours that called us may have come here with the signals held back, and a
// fault that is held back kills.
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
  uint8_t access = access_of(static_cast<ucontext_t*>(context));
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (sent_by_kernel(info)) {
    Fault fault = {address, access, reason_of(signal, info)};
    Waited waited = signal == SIGSEGV ? wait_for_page(&fault) : Waited::kElsewhere;
    if (waited == Waited::kRetry) {
      errno = saved_errno;
      return;
    }
    if (leave_guarded_access(static_cast<ucontext_t*>(context), fault)) return;
    // A jump into memory that may not be executed can't go on from any page we could put there.
    if (access != 2 && contain_unmasked(fault, waited == Waited::kFault)) {
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
  // NODEFER: a guarded touch inside the handler may fault in turn.
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&ours.sa_mask);
  return sigaction(signal, &ours, nullptr) == 0 ? 0 : -errno;
}

}  // namespace

int guard_install() {
  static std::mutex* mutex = new std::mutex;  // several threads may come here; handlers do not
  std::lock_guard<std::mutex> lock(*mutex);
  int error = put_in_front(SIGSEGV);
  return error != 0 ? error : put_in_front(SIGBUS);
}

}  // namespace vmarea
