// The kernel's side of the differential check: runs sequences of raw memory calls inside a fixed arena of addresses and answers,
// after each call, what it returned and what the arena looks like. One process a sequence, forked from this one.
//
// stdin:  a sequence is a u32 count and a u32 level of detail, then count calls of eight u64: a number and its arguments.
// stdout: a u32 length in bytes, then a record a call (see put_state).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define ARENA 0x100000ul
#define PAGES 48ul
#define PAGE 4096ul
#define ARENA_END (ARENA + PAGES * PAGE)
// Memory outside of the arena that can be split.
#define CROWD 0x10000000000ul
#define CROWD_PAGES (1ul << 18)
#define TASK_SIZE ((1ul << 47) - PAGE)
#define NR_mseal 462
#define EVENTS (UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP)
// Files, 7 for a userfaultfd, then the areas of three drivers.
#define SLOTS 11
#define PIPE 4
#define PACKET 8
#define RING 9
#define PERF 10
#define MAX_CALLS 4096

static uint64_t calls[MAX_CALLS][8];
static unsigned char out[64 << 20];
static size_t used;
static char text[1 << 16];
static int slots[SLOTS] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
static uint64_t inodes[SLOTS];
static int smaps = -1;
static sigjmp_buf back;
static volatile long caught;
static volatile unsigned long caught_at;
static volatile unsigned long target;
static unsigned char scratch[4096];
static unsigned char alternate[1 << 16];

static void die(const char *what) {
  dprintf(2, "%s: %s\n", what, strerror(errno));
  _exit(3);
}

// Nobody is left behind: not even one whose parent ended before it could say so.
static void end_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
}

// A sequence takes milliseconds; one that never returns ends with a signal: by the time that it has run, however busy the machine is, or
// in the end by the clock, should it sleep.
static void end_after(long seconds) {
  struct itimerval limit = {.it_value = {seconds, 0}};
  setitimer(ITIMER_PROF, &limit, 0);
  alarm(60);
}

static long raw(long number, long a, long b, long c, long d, long e, long f) {
  long result = syscall(number, a, b, c, d, e, f);
  return result == -1 ? -errno : result;
}

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  caught = number * 16 + info->si_code;
  caught_at = (unsigned long)info->si_addr;
  siglongjmp(back, 1);
}

// A step trap before the first instruction at the target goes on; the next one has executed it.
static void on_step(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  ucontext_t *state = context;
  if ((unsigned long)state->uc_mcontext.gregs[REG_RIP] == target) return;
  caught = 0;
  siglongjmp(back, 1);
}

static void put(const void *bytes, size_t length) {
  memcpy(out + used, bytes, length);
  used += length;
}
static void put64(uint64_t value) { put(&value, 8); }

// The two letters of each flag, by bit.
static const char letters[64][3] = {
    [0] = "rd",  [1] = "wr",  [2] = "ex",  [3] = "sh",  [4] = "mr",  [5] = "mw",  [6] = "me",  [7] = "ms",  [8] = "gd",
    [9] = "um",  [10] = "pf", [11] = "gu", [12] = "uw", [13] = "lo", [14] = "io", [15] = "sr", [16] = "rr", [17] = "dc", [18] = "de",
    [19] = "lf", [20] = "ac", [21] = "nr", [22] = "ht", [23] = "sf", [24] = "ar", [25] = "wf", [26] = "dd", [27] = "sd",
    [28] = "mm", [29] = "hg", [30] = "nh", [31] = "mg", [37] = "ss", [40] = "dp", [41] = "ui", [42] = "sl",
};

static uint64_t parse_flags(const char *line) {
  uint64_t flags = 0;
  for (; line[0] && line[0] != '\n'; line += 3) {
    int bit = 0;
    for (; bit < 64; bit++)
      if (letters[bit][0] == line[0] && letters[bit][1] == line[1]) break;
    // Distributors' kernels call each new area soft-dirty, of which the model knows nothing.
    if (bit == 27) continue;
    flags |= bit < 64 ? 1ul << bit : 1ul << 63;
  }
  return flags;
}

static uint64_t inode_slot(uint64_t inode) {
  if (inode == 0) return 0;
  for (int slot = 0; slot < SLOTS; slot++)
    if (inodes[slot] == inode) return slot + 1;
  return 99;
}

// Whether an area that has guards says so among its flags.
static int shows_guards(void) {
  void *page = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || madvise(page, PAGE, 102)) return 0;
  FILE *areas = fopen("/proc/self/smaps", "r");
  char line[512];
  int found = 0;
  while (areas && fgets(line, sizeof line, areas))
    if (!strncmp(line, "VmFlags: ", 9) && strstr(line, " gu")) found = 1;
  if (areas) fclose(areas);
  munmap(page, PAGE);
  return found;
}

// Whether the kernel executes a map of such a file: path_noexec is true of sockets and pipes on later kernels.
static int may_execute(int slot, unsigned long length) {
  void *map = mmap(0, length, PROT_READ | PROT_EXEC, MAP_SHARED, slots[slot], 0);
  if (map != MAP_FAILED) munmap(map, length);
  return map != MAP_FAILED || errno != EPERM;
}

// Reads smaps up to the end of the arena, a chunk at a time: the kernel makes only what is read.
static void put_areas(void) {
  if (smaps == -1) smaps = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
  if (lseek(smaps, 0, SEEK_SET) != 0) die("lseek");
  size_t count_at = used;
  uint64_t count = 0;
  put64(0);
  size_t filled = 0;
  uint64_t start = 0, end = 0, offset = 0, inode = 0, anonymous = 0, locked = 0;
  int inside = 0;
  for (;;) {
    ssize_t got = read(smaps, text + filled, 4096);
    if (got < 0) die("smaps");
    filled += got;
    text[filled] = 0;
    char *line = text;
    for (char *next; (next = strchr(line, '\n')); line = next + 1) {
      if (inside && line[0] >= 'A' && line[0] <= 'Z') {
        if (!strncmp(line, "Anonymous:", 10)) anonymous = strtoul(line + 10, 0, 10);
        else if (!strncmp(line, "VmFlags: ", 9)) {
          put64(start), put64(end), put64(parse_flags(line + 9)), put64(offset), put64(inode_slot(inode)), put64(anonymous);
          count++;
        }
      } else if (line[0] >= '0' && (line[0] <= '9' || line[0] >= 'a')) {
        char *at;
        start = strtoul(line, &at, 16);
        end = strtoul(at + 1, &at, 16);
        offset = strtoul(at + 6, &at, 16);
        inode = strtoul(at + 7, &at, 10);
        if (start >= ARENA_END) goto done;
        inside = end > ARENA;
        if (start < ARENA) start = ARENA;
        if (end > ARENA_END) end = ARENA_END;
      }
    }
    filled -= line - text;
    memmove(text, line, filled);
    if (got == 0) break;
  }
done:
  (void)locked;
  memcpy(out + count_at, &count, 8);
}

// Whoever changes the layout of registered memory waits until the event is read. So another process reads the events: the reader, which
// is made before the sequence begins, because a fork later would share its pages.
enum { READER_ADD = 1, READER_TELL, READER_DROP, READER_FORKED, READER_GIVE };
struct order { int what, fd, pid; };
static int reader = -1;
static pid_t reader_pid;
// What the reader knows the userfaultfd of slot 7 by.
static int watched = -1;
// Another process has it as well.
static int shared;

static int fd_of(pid_t pid, int fd) {
  int process = syscall(434 /* pidfd_open */, pid, 0);
  int copy = syscall(438 /* pidfd_getfd */, process, fd, 0);
  close(process);
  return copy;
}

static void serve_reader(int orders) {
  static uint64_t events[256][5];
  uint64_t told = 0;
  int64_t forked = -1;
  int fds[64], count = 0;
  for (;;) {
    struct pollfd polls[65] = {{.fd = orders, .events = POLLIN}};
    for (int at = 0; at < count; at++) polls[at + 1] = (struct pollfd){.fd = fds[at], .events = POLLIN};
    if (poll(polls, count + 1, -1) < 0) _exit(1);
    for (int at = 0; at < count; at++) {
      struct uffd_msg message;
      while (fds[at] >= 0 && read(fds[at], &message, sizeof message) == sizeof message) {
        uint64_t *event = events[told++ % 256];
        memset(event, 0, sizeof events[0]);
        event[0] = at, event[1] = message.event;
        if (message.event == UFFD_EVENT_FORK) forked = count, fds[count++] = message.arg.fork.ufd;
        else memcpy(event + 2, &message.arg, message.event == UFFD_EVENT_REMAP ? 24 : 16);
      }
    }
    if (!polls[0].revents) continue;
    struct order order;
    if (read(orders, &order, sizeof order) != sizeof order) _exit(0);
    uint64_t answer = 0;
    if (order.what == READER_ADD) answer = count, fds[count++] = fd_of(order.pid, order.fd);
    else if (order.what == READER_TELL) answer = told, forked = -1;
    else if (order.what == READER_FORKED) answer = forked;
    else if (order.what == READER_GIVE) answer = fds[order.fd];
    else close(fds[order.fd]), fds[order.fd] = -1;
    if (write(orders, &answer, sizeof answer) != sizeof answer) _exit(1);
    if (order.what != READER_TELL) continue;
    if (told > 0 && write(orders, events, told * sizeof events[0]) < 0) _exit(1);
    told = 0;
  }
}

static void start_reader(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) die("socketpair");
  pid_t parent = getpid();
  reader_pid = fork();
  if (reader_pid < 0) die("fork");
  if (reader_pid == 0) {
    end_with(parent);
    close(ends[0]);
    serve_reader(ends[1]);
  }
  close(ends[1]);
  reader = ends[0];
}

static void read_from(int fd, void *into, size_t length) {
  unsigned char *at = into;
  for (ssize_t got; length > 0; at += got, length -= got)
    if ((got = read(fd, at, length)) <= 0) die("reader");
}

static uint64_t ask_reader(int what, int fd) {
  struct order order = {what, fd, getpid()};
  uint64_t answer;
  if (write(reader, &order, sizeof order) != sizeof order) die("reader");
  read_from(reader, &answer, sizeof answer);
  return answer;
}

// The events of the last call: whose, which, and their words. Those of one userfaultfd are in their order, as a program reads them; between two
// there is none that a program could see, and the model has none.
static void put_events(void) {
  uint64_t count = reader < 0 ? 0 : ask_reader(READER_TELL, 0);
  put64(count);
  uint64_t events[256][5];
  if (count > 256) die("more events than the reader keeps");
  read_from(reader, events, count * sizeof *events);
  for (uint64_t userfaultfd = 0; userfaultfd < 64; userfaultfd++)
    for (uint64_t at = 0; at < count; at++)
      if (events[at][0] == userfaultfd) put(events[at], sizeof *events);
}

static void put_state(long result, uint64_t value) {
  put64(result);
  put64(value);
  put_areas();
  unsigned char residency[PAGES];
  for (unsigned long page = 0; page < PAGES; page++) {
    unsigned char one = 0;
    residency[page] = mincore((void *)(ARENA + page * PAGE), PAGE, &one) ? 2 : one & 1;
  }
  put(residency, PAGES);
  put_events();
}

static long touch(unsigned long address, int access, unsigned char byte, uint64_t *value) {
  caught = 0;
  *value = 0;
  if (sigsetjmp(back, 1) == 0) {
    if (access == 0) *value = *(volatile unsigned char *)address;
    else if (access == 1) *(volatile unsigned char *)address = byte;
    else {
      target = address;
      __asm__ volatile(
          "pushfq\n orq $0x100, (%%rsp)\n popfq\n jmp *%1\n" : : "a"(scratch), "r"(address) : "memory", "cc", "rdx");
    }
    return 0;
  }
  if (caught == 0) return 0;
  // The address must be the one that was touched.
  if ((caught_at & ~(PAGE - 1)) != (address & ~(PAGE - 1))) return -99999;
  return -1000 - caught;
}

static int memfd(const char *name, unsigned long size) {
  int fd = syscall(SYS_memfd_create, name, 2 /* MFD_ALLOW_SEALING */);
  if (fd < 0 || ftruncate(fd, size)) die("memfd");
  return fd;
}

static int reopen(int fd, int how) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int again = open(path, how);
  if (again < 0) die("reopen");
  return again;
}

static void remember(int slot, int fd) {
  struct stat status;
  slots[slot] = fd;
  inodes[slot] = 0;
  if (fd >= 0 && fstat(fd, &status) == 0) inodes[slot] = status.st_ino;
}

static void open_files(void) {
  remember(0, memfd("a", 12 * PAGE));
  remember(1, reopen(slots[0], O_RDONLY));
  remember(2, memfd("b", 5 * PAGE + 100));
  remember(3, reopen(slots[2], O_WRONLY));
  int ends[2];
  if (pipe(ends)) die("pipe");
  remember(4, ends[0]);
  remember(5, open("/", O_RDONLY | O_DIRECTORY));
  // Every other page has something in it, the rest are holes.
  for (int slot = 0; slot <= 2; slot += 2)
    for (int page = 0; page < 12; page += 2) {
      unsigned char byte = 0x90;
      if (page < (slot ? 5 : 12) && pwrite(slots[slot], &byte, 1, page * PAGE) != 1) die("pwrite");
    }
}

// A ring for received packets, of four pages; it receives nothing, because it asks for no protocol.
static int packet_ring(void) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  struct tpacket_req ring = {.tp_block_size = PAGE, .tp_block_nr = 4, .tp_frame_size = PAGE, .tp_frame_nr = 4};
  if (fd >= 0 && setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring)) {
    close(fd);
    return -1;
  }
  return fd;
}

static int uring(void) {
  struct io_uring_params params = {0};
  return syscall(SYS_io_uring_setup, 256, &params);
}

static int perf_event(void) {
  struct perf_event_attr attributes = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_DUMMY, .exclude_kernel = 1};
  return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

// The file of a slot. What a perf buffer takes depends on who else has mapped it, and a process that has ended may have it mapped until
// nobody looks at its /proc any more: so each sequence has a buffer of its own.
static int file_of(long slot) {
  if (slot < 0 || slot >= SLOTS) return -1;
  if (slot == PERF && slots[PERF] < 0) slots[PERF] = perf_event();
  return slots[slot];
}

static unsigned long pages_now(const char *field) {
  int fd = open("/proc/self/status", O_RDONLY);
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  text[got < 0 ? 0 : got] = 0;
  char *at = strstr(text, field);
  return at ? strtoul(at + strlen(field), 0, 10) / (PAGE / 1024) : 0;
}

// Areas, without [vsyscall], which is none.
static long areas_now(void) {
  int fd = open("/proc/self/maps", O_RDONLY);
  size_t length = 0;
  for (ssize_t got; (got = read(fd, text + length, sizeof text - length - 1)) > 0;) length += got;
  close(fd);
  text[length] = 0;
  long lines = 0;
  for (char *at = text; (at = strchr(at, '\n')); at++) lines++;
  return strstr(text, "[vsyscall]") ? lines - 1 : lines;
}

// Poisons, before a userfaultfd is closed, what nobody will answer any more, as the library does: whatever is write-protected is lifted,
// then a page is poisoned whose fault would have been asked about. Areas of another userfaultfd are left alone: to register those is EBUSY,
// and to register one's own again changes nothing.
static void poison_unserved(int fd) {
  static uint64_t areas[PAGES * 2][6];
  size_t at = used;
  put_areas();
  uint64_t count;
  memcpy(&count, out + at, 8);
  memcpy(areas, out + at + 8, count * sizeof areas[0]);
  used = at;
  for (uint64_t area = 0; area < count; area++) {
    uint64_t start = areas[area][0], end = areas[area][1], flags = areas[area][2];
    uint64_t mode = (flags >> 9 & 1) | (flags >> 12 & 1) << 1 | (flags >> 41 & 1) << 2;
    struct uffdio_register registered = {.range = {start, end - start}, .mode = mode};
    if (mode == 0 || ioctl(fd, UFFDIO_REGISTER, &registered)) continue;
    struct uffdio_writeprotect lifted = {.range = {start, end - start}};
    if (mode & 2) ioctl(fd, UFFDIO_WRITEPROTECT, &lifted);
    for (uint64_t page = start; page < end; page += PAGE) {
      unsigned char there = 0;
      mincore((void *)page, PAGE, &there);
      struct { uint64_t start, len, mode; int64_t done; } poison = {page, PAGE, 0, 0};
      if (mode & (there & 1 ? 4 : 1)) ioctl(fd, 0xc020aa08ul, &poison);
    }
  }
}

static long run(uint64_t *call, uint64_t *value) {
  *value = 0;
  long a = call[1], b = call[2], c = call[3], d = call[4], e = call[5], f = call[6];
  switch (call[0]) {
    case 1: return raw(SYS_mmap, a, b, c, d, file_of(e), f);
    case 2: return raw(SYS_munmap, a, b, 0, 0, 0, 0);
    case 3: return raw(SYS_mprotect, a, b, c, 0, 0, 0);
    case 4: return raw(SYS_mremap, a, b, c, d, e, 0);
    case 5: return raw(SYS_madvise, a, b, c, 0, 0, 0);
    case 6: return raw(SYS_mlock2, a, b, c, 0, 0, 0);
    case 7: return raw(SYS_munlock, a, b, 0, 0, 0, 0);
    case 8: return raw(SYS_msync, a, b, c, 0, 0, 0);
    case 9: {
      unsigned char vector[PAGES * 2];
      return raw(SYS_mincore, a, b, (long)vector, 0, 0, 0);
    }
    case 10: return raw(NR_mseal, a, b, c, 0, 0, 0);
    case 11: return raw(SYS_mlockall, a, 0, 0, 0, 0, 0);
    case 12: return raw(SYS_munlockall, 0, 0, 0, 0, 0, 0);
    case 13: return touch(a, 0, 0, value);
    case 14: return touch(a, 1, b, value);
    case 15: return touch(a, 2, 0, value);
    case 16: {
      pid_t parent = getpid();
      shared = 1;
      pid_t child = fork();
      if (child < 0) return -errno;
      if (child == 0) {
        end_with(parent);
        close(smaps);
        smaps = -1;
        if (a == 1) for (;;) pause();
        // With EVENT_FORK it has a userfaultfd of its own, which came with the event.
        int64_t own = reader < 0 ? -1 : (int64_t)ask_reader(READER_FORKED, 0);
        if (own >= 0) {
          close(slots[7]);
          watched = own;
          shared = 0;
          slots[7] = fd_of(reader_pid, ask_reader(READER_GIVE, own));
        }
        end_after(1);
        return 0;
      }
      if (a == 0) {
        int status;
        waitpid(child, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 4);
      }
      return 0;
    }
    case 17: return raw(SYS_ftruncate, slots[a], b, 0, 0, 0, 0);
    case 18: {
      unsigned char byte = c;
      return raw(SYS_pwrite64, slots[a], (long)&byte, 1, b, 0, 0);
    }
    case 19: return raw(SYS_fcntl, slots[a], F_ADD_SEALS, b, 0, 0, 0);
    case 20: {
      int fd = slots[a];
      if (fd < 0) return -EBADF;
      if (a == 7 && b && !shared) poison_unserved(fd);
      slots[a] = -1;
      // What another process keeps open goes on telling.
      if (a == 7 && watched >= 0 && !shared) ask_reader(READER_DROP, watched);
      if (a == 7) watched = -1;
      return raw(SYS_close, fd, 0, 0, 0, 0, 0);
    }
    case 21: {
      // A limit on what there may be beside what there is now: locked, data, all. The first one needs a capability gone.
      unsigned long pages = b;
      if (a == 0) {
        struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2];
        if (syscall(SYS_capget, &head, data)) return -errno;
        data[0].effective &= ~(1u << 14 /* CAP_IPC_LOCK */);
        if (syscall(SYS_capset, &head, data)) return -errno;
      } else pages += pages_now(a == 1 ? "VmData:" : "VmSize:");
      struct rlimit limit = {pages * PAGE, RLIM_INFINITY};
      int which = a == 0 ? RLIMIT_MEMLOCK : a == 1 ? RLIMIT_DATA : RLIMIT_AS;
      struct rlimit old;
      getrlimit(which, &old);
      limit.rlim_max = old.rlim_max;
      if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
      return setrlimit(which, &limit) ? -errno : 0;
    }
    // As 13, where the driver decides on the byte.
    case 22: {
      uint64_t byte;
      return touch(a, 0, 0, &byte);
    }
    case 23: {
      // Splits inaccessible memory beside the arena until there is room for so many areas more.
      end_after(10);
      int fd = open("/proc/sys/vm/max_map_count", O_RDONLY);
      ssize_t got = read(fd, text, sizeof text - 1);
      close(fd);
      text[got < 0 ? 0 : got] = 0;
      long missing = strtol(text, 0, 10) - a - areas_now();
      // The first page has a neighbour on one side alone.
      if (missing % 2 && mprotect((void *)CROWD, PAGE, PROT_READ)) return -errno;
      for (unsigned long at = CROWD + 2 * PAGE; missing > 1; missing -= 2, at += 2 * PAGE)
        if (mprotect((void *)at, PAGE, PROT_READ)) return -errno;
      return 0;
    }
    // What this machine is: pages of memory, and as bits whether there are drivers, protection keys, swap, a flag for guards, and whether
    // maps of sockets and of pipes may be executed, and whether it handles failures of memory.
    case 24: {
      struct sysinfo info;
      if (sysinfo(&info)) return -errno;
      *value = info.totalram * info.mem_unit / PAGE;
      int key = syscall(SYS_pkey_alloc, 0, 0);
      if (key > 0) syscall(SYS_pkey_free, key);
      int drivers = slots[PACKET] >= 0 && slots[RING] >= 0 && file_of(PERF) >= 0;
      return (drivers ? 1 : 0) | (key > 0 ? 2 : 0) | (info.totalswap ? 4 : 0) | (shows_guards() ? 8 : 0) |
             (may_execute(PACKET, 4 * PAGE) ? 16 : 0) | (may_execute(PIPE, PAGE) ? 32 : 0) |
             (access("/proc/sys/vm/memory_failure_recovery", F_OK) == 0 ? 64 : 0);
    }
    case 30: {
      if (slots[7] >= 0) return -EBUSY;
      int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
      if (fd < 0) return -errno;
      struct uffdio_api api = {.api = UFFD_API, .features = a};
      if (ioctl(fd, UFFDIO_API, &api)) {
        long error = -errno;
        close(fd);
        return error;
      }
      slots[7] = fd;
      if (reader >= 0) watched = ask_reader(READER_ADD, fd);
      shared = 0;
      return 0;
    }
    case 31: {
      struct uffdio_register range = {.range = {a, b}, .mode = c};
      return ioctl(slots[7], UFFDIO_REGISTER, &range) ? -errno : 0;
    }
    case 32: {
      struct uffdio_range range = {a, b};
      return ioctl(slots[7], UFFDIO_UNREGISTER, &range) ? -errno : 0;
    }
    case 33: {
      static unsigned char source[PAGES * PAGE];
      memset(source, 0x98, sizeof source);
      struct uffdio_copy copy = {.dst = a, .src = (unsigned long)source, .len = b, .mode = c};
      long result = ioctl(slots[7], UFFDIO_COPY, &copy) ? -errno : 0;
      *value = copy.copy < 0 ? 0 : copy.copy;
      return result;
    }
    case 34: {
      struct uffdio_zeropage zero = {.range = {a, b}, .mode = c};
      long result = ioctl(slots[7], UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
      *value = zero.zeropage < 0 ? 0 : zero.zeropage;
      return result;
    }
    case 35: {
      struct uffdio_writeprotect protect = {.range = {a, b}, .mode = c};
      return ioctl(slots[7], UFFDIO_WRITEPROTECT, &protect) ? -errno : 0;
    }
    case 36: {
      struct uffdio_range range = {a, b};
      return ioctl(slots[7], UFFDIO_WAKE, &range) ? -errno : 0;
    }
    case 37: {
      // UFFDIO_CONTINUE, UFFDIO_POISON: range, mode, bytes done.
      struct { uint64_t start, len, mode; int64_t done; } answer = {a, b, c, 0};
      long result = ioctl(slots[7], d ? 0xc020aa08ul : 0xc020aa07ul, &answer) ? -errno : 0;
      *value = answer.done < 0 ? 0 : answer.done;
      return result;
    }
    case 38: {
      // UFFDIO_MOVE: dst, src, len, mode, bytes done.
      struct { uint64_t dst, src, len, mode; int64_t done; } answer = {a, b, c, d, 0};
      long result = ioctl(slots[7], 0xc028aa05ul, &answer) ? -errno : 0;
      *value = answer.done < 0 ? 0 : answer.done;
      return result;
    }
    case 39: {
      // PAGEMAP_SCAN for PAGE_IS_WRITTEN of what a userfaultfd keeps account of: the runs, and their pages as bits.
      if (slots[7] < 0) return -EBADF;
      uint64_t runs[PAGES][3];
      uint64_t scan[12] = {sizeof scan, 2 | (c ? 1 : 0), a, a + b, 0, (unsigned long)runs, PAGES, 0, 0, 2, 0, 2};
      int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
      long count = ioctl(pagemap, 0xc0606610ul, scan);
      if (count < 0) count = -errno;
      close(pagemap);
      for (long at = 0; at < count; at++)
        for (uint64_t page = runs[at][0]; page < runs[at][1]; page += PAGE) *value |= 1ul << (page - ARENA) / PAGE;
      return count;
    }
  }
  return -ENOSYS;
}

// Fills every hole outside the arena with sealed, inaccessible memory, so that the kernel's search for room ends in the arena.
static void fill(void) {
  volatile unsigned char stack[1 << 18];
  for (size_t at = 0; at < sizeof stack; at += 512) stack[at] = 1;
  for (;;) {
    int maps = open("/proc/self/maps", O_RDONLY);
    size_t length = 0;
    for (ssize_t got; (got = read(maps, text + length, sizeof text - length - 1)) > 0;) length += got;
    close(maps);
    text[length] = 0;
    unsigned long last = PAGE;
    int filled = 0;
    char *line = text;
    for (;;) {
      unsigned long start = TASK_SIZE, end = TASK_SIZE;
      if (*line) {
        char *at;
        start = strtoul(line, &at, 16);
        end = strtoul(at + 1, &at, 16);
        if (start > TASK_SIZE) start = end = TASK_SIZE;
        line = strchr(line, '\n') + 1;
      }
      unsigned long from = last, to = start;
      if (from < ARENA && to > ARENA) to = ARENA;
      else if (from >= ARENA && from < ARENA_END) from = ARENA_END;
      if (from < to) {
        void *got = mmap((void *)from, to - from, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        if (got == MAP_FAILED) die("fill");
        if (syscall(NR_mseal, from, to - from, 0)) die("mseal");
        filled = 1;
        break;
      }
      if (start == TASK_SIZE) break;
      last = end;
    }
    if (!filled) return;
  }
}

static void read_all(void *into, size_t length) {
  unsigned char *at = into;
  while (length > 0) {
    ssize_t got = read(0, at, length);
    if (got == 0) _exit(0);
    if (got < 0) die("read");
    at += got;
    length -= got;
  }
}

static void write_all(const void *from, size_t length) {
  const unsigned char *at = from;
  while (length > 0) {
    ssize_t put = write(1, at, length);
    if (put < 0) die("write");
    at += put;
    length -= put;
  }
}

int main(void) {
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  sigaction(SIGILL, &action, 0);
  action.sa_sigaction = on_step;
  sigaction(SIGTRAP, &action, 0);
  // These are opened once for all: to close a packet socket takes longer than a sequence.
  slots[PACKET] = packet_ring();
  slots[RING] = uring();
  if (mmap((void *)CROWD, CROWD_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
      MAP_FAILED)
    die("crowd");
  fill();
  for (;;) {
    uint32_t head[2];
    read_all(head, sizeof head);
    if (head[0] > MAX_CALLS) _exit(5);
    read_all(calls, (size_t)head[0] * sizeof calls[0]);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
      end_with(parent);
      end_after(1);
      open_files();
      for (uint32_t at = 0; at < head[0]; at++)
        if (calls[at][0] == 30 && calls[at][1] & EVENTS && reader < 0) start_reader();
      used = 4;
      for (uint32_t at = 0; at < head[0]; at++) {
        uint64_t value = 0;
        long result = run(calls[at], &value);
        put_state(result, value);
      }
      uint32_t length = used - 4;
      memcpy(out, &length, 4);
      write_all(out, used);
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      uint32_t failed[2] = {0xffffffff, (uint32_t)status};
      write_all(failed, sizeof failed);
    }
  }
}
