// older-kernel VERSION COMMAND [ARGUMENT…]: runs a command for which calls that came to Linux after a version fail as they did before.
// VERSION is major * 100 + minor. What an older kernel does otherwise with a call that it has, no filter can show.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_mseal
#define __NR_mseal 462
#endif

enum { kAny = -1 };

struct Rule {
  int since;
  int call;
  int argument;  // which one tells, or kAny
  unsigned value;
  int error;
};

static const struct Rule rules[] = {
    {511, __NR_userfaultfd, 0, 1, EINVAL},         // UFFD_USER_MODE_ONLY alone
    {511, __NR_userfaultfd, 0, 0x80801, EINVAL},   // with O_CLOEXEC | O_NONBLOCK
    {514, __NR_madvise, 2, 22, EINVAL},            // MADV_POPULATE_READ
    {514, __NR_madvise, 2, 23, EINVAL},            // MADV_POPULATE_WRITE
    {518, __NR_madvise, 2, 24, EINVAL},            // MADV_DONTNEED_LOCKED
    {601, __NR_madvise, 2, 25, EINVAL},            // MADV_COLLAPSE
    {601, __NR_ioctl, 1, 0xaa00, ENOTTY},          // USERFAULTFD_IOC_NEW
    {607, __NR_ioctl, 1, 0xc0606610, ENOTTY},      // PAGEMAP_SCAN
    {610, __NR_mseal, kAny, 0, ENOSYS},
    {611, __NR_ioctl, 1, 0xc0686611, ENOTTY},      // PROCMAP_QUERY
    {613, __NR_madvise, 2, 102, EINVAL},           // MADV_GUARD_INSTALL
    {613, __NR_madvise, 2, 103, EINVAL},           // MADV_GUARD_REMOVE
};

int main(int count, char** words) {
  if (count < 3) return 2;
  int version = atoi(words[1]);
  struct sock_filter code[8 * sizeof rules / sizeof *rules];
  unsigned short length = 0;
  for (size_t index = 0; index < sizeof rules / sizeof *rules; index++) {
    const struct Rule* rule = &rules[index];
    if (version >= rule->since) continue;
    int tells = rule->argument != kAny;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->call, 0, tells ? 3 : 1);
    if (tells) {
      // The low half: the machines that this runs on are little-endian.
      unsigned place = offsetof(struct seccomp_data, args) + 8 * rule->argument;
      code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, place);
      code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, 1);
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | rule->error);
  }
  code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {length, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("seccomp");
    return 1;
  }
  execvp(words[2], words + 2);
  perror(words[2]);
  return 127;
}
