// What the programs in C beside swap share: memory, its staging, and one userfaultfd over both.
#include "../floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

// Older headers have neither.
struct move { uint64_t to, from, length, mode; int64_t moved; };
#define MOVE 0xc028aa05
#define FEATURE_MOVE (1ull << 16)
#define PAGE 4096ull

static uint8_t *map(uint64_t length) {
  uint8_t *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  madvise(memory, length, MADV_NOHUGEPAGE);
  return memory;
}

// A userfaultfd over two ranges of this length, or an error, negative.
static int open_userfaultfd(uint8_t *memory, uint8_t *staging, uint64_t length) {
  int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  struct uffdio_api api = {UFFD_API, FEATURE_MOVE, 0};
  if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) != 0) return -errno;
  uint8_t *both[] = {memory, staging};
  for (int which = 0; which < 2; which++) {
    struct uffdio_register call = {{(uintptr_t)both[which], length}, UFFDIO_REGISTER_MODE_MISSING, 0};
    if (ioctl(uffd, UFFDIO_REGISTER, &call) != 0) return -errno;
  }
  return uffd;
}

// (thread, cpu): the thread, by the kernel's number, runs there from now on; below 0 on any.
static napi_value pin_thread(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (values[1] < 0 || cpu == (int)values[1]) CPU_SET(cpu, &set);
  return answer(env, sched_setaffinity((pid_t)values[0], sizeof set, &set));
}
