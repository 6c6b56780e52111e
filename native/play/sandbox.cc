#include "play/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>

#include "page/newer-kernel.h"

namespace vmarea::play {
namespace {

constexpr rlim_t kMemory = 1 << 30;   // beyond what the process has at its start
constexpr rlim_t kSeconds = 60;       // of a processor

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#else
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_rseq
#define SYS_rseq 334
#endif

// The playground's calls, and those by which the C library starts a thread, forks and sends a packet.
constexpr uint32_t kAllowed[] = {
    SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_mlock, SYS_munlock, SYS_mlockall, SYS_munlockall, SYS_mseal,
    SYS_memfd_create, SYS_ftruncate, SYS_pwrite64, SYS_close, SYS_userfaultfd, SYS_ioctl, SYS_read, SYS_sendto, SYS_recvfrom, SYS_sendmsg,
    SYS_socketpair, SYS_clone, SYS_clone3, SYS_set_robust_list, SYS_rseq, SYS_futex, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
    SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_gettid, SYS_getpid, SYS_brk, SYS_sched_getaffinity, SYS_restart_syscall,
};
constexpr size_t kCount = sizeof kAllowed / sizeof kAllowed[0];

// Before the calls are filtered, because this opens files.
void limit_memory() {
  unsigned long pages = 0;
  FILE* own = fopen("/proc/self/statm", "r");
  if (own != nullptr) {
    if (fscanf(own, "%lu", &pages) != 1) pages = 0;
    fclose(own);
  }
  rlim_t bytes = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + kMemory;
  rlimit memory = {bytes, bytes}, none = {0, 0}, seconds = {kSeconds, kSeconds};
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_CPU, &seconds);
  // If memory runs out all the same, the kernel kills this process first.
  int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    if (write(score, "1000", 4) < 0) errno = 0;
    close(score);
  }
}

void close_all_but(int socket) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int standard = 0; standard < 3; standard++) dup2(null, standard);
  if (socket > 3) syscall(SYS_close_range, 3, socket - 1, 0);
  syscall(SYS_close_range, socket + 1, ~0u, 0);
}

bool filter_calls() {
  sock_filter program[kCount + 6] = {};
  size_t next = 0;
  program[next++] = sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  program[next++] = sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  program[next++] = sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  program[next++] = sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (size_t index = 0; index < kCount; index++)
    program[next++] = sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAllowed[index], static_cast<uint8_t>(kCount - index), 0);
  program[next++] = sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  program[next++] = sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  sock_fprog filter = {static_cast<unsigned short>(next), program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

bool enter_sandbox(int socket) {
  limit_memory();
  close_all_but(socket);
  return filter_calls();
}

}  // namespace vmarea::play
