// A stand-in for a virtual machine monitor: memory that another process serves, and what a guest and a balloon do to it.
//
// It maps and registers memory, connects to the handler's socket and sends one message with the userfaultfd. Then it takes commands, a line
// each, "ID COMMAND ARGUMENTS", runs each on a thread of its own and answers "ID RESULT".
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct api { uint64_t api, features, ioctls; };
struct reg { uint64_t start, length, mode, ioctls; };
struct protect { uint64_t start, length, mode; };

enum { kMostRegions = 8 };
static uint8_t *regions[kMostRegions];
static uint64_t region_pages[kMostRegions];
static int region_count;
static uint64_t page = 4096;
static int uffd = -1, connection = -1, spare = -1;

static void die(const char *what) {
  fprintf(stderr, "monitor: %s: %s\n", what, strerror(errno));
  _exit(100);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// The page of the memory file with this number.
static uint8_t *at(uint64_t number) {
  for (int index = 0; index < region_count; index++) {
    if (number < region_pages[index]) return regions[index] + number * page;
    number -= region_pages[index];
  }
  fprintf(stderr, "monitor: no such page\n");
  _exit(101);
}

static uint64_t page_count(void) {
  uint64_t count = 0;
  for (int index = 0; index < region_count; index++) count += region_pages[index];
  return count;
}

// What a page of the memory file holds: no word is zero.
static uint64_t pattern(uint64_t number, uint64_t word) { return (number * 512 + word + 1) * 0x9e3779b97f4a7c15u | 1; }

static __thread sigjmp_buf bus;
static __thread volatile int expects_bus;
static void on_bus(int signal) {
  if (!expects_bus) _exit(128 + signal);
  siglongjmp(bus, 1);
}

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static int compare(const void *one, const void *other) {
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
  return a < b ? -1 : a > b;
}

// "good zero other bus", of so many pages from one on.
static void check(uint64_t first, uint64_t count, char *answer, size_t size) {
  volatile uint64_t good = 0, zero = 0, other = 0, poisoned = 0;
  for (volatile uint64_t number = first; number < first + count; number++) {
    if (sigsetjmp(bus, 1) != 0) {
      expects_bus = 0;
      poisoned++;
      continue;
    }
    expects_bus = 1;
    volatile uint64_t *words = (volatile uint64_t *)at(number);
    int is_good = 1, is_zero = 1;
    for (uint64_t word = 0; word < page / 8; word++) {
      uint64_t value = words[word];
      // The pattern counts base pages, whatever the size of the page.
      if (value != pattern(number * (page / 4096) + word / 512, word % 512)) is_good = 0;
      if (value != 0) is_zero = 0;
    }
    expects_bus = 0;
    if (is_good) good++;
    else if (is_zero) zero++;
    else other++;
  }
  snprintf(answer, size, "{\"good\":%lu,\"zero\":%lu,\"other\":%lu,\"poisoned\":%lu}", good, zero, other, poisoned);
}

// Touches pages in random order, each once: nanoseconds of the middle and of the 99th of a hundred, and of all.
static void latency(uint64_t first, uint64_t count, uint64_t seed, char *answer, size_t size) {
  uint64_t *order = malloc(count * sizeof *order), *times = malloc(count * sizeof *times);
  for (uint64_t index = 0; index < count; index++) order[index] = first + index;
  for (uint64_t index = count - 1; seed != 0 && index > 0; index--) {
    uint64_t other = next_random(&seed) % (index + 1), held = order[index];
    order[index] = order[other];
    order[other] = held;
  }
  volatile uint8_t sink = 0;
  uint64_t begin = now();
  for (uint64_t index = 0; index < count; index++) {
    volatile uint8_t *address = at(order[index]);
    uint64_t before = now();
    sink = (uint8_t)(sink + *address);
    times[index] = now() - before;
  }
  uint64_t total = now() - begin;
  qsort(times, count, sizeof *times, compare);
  snprintf(answer, size, "{\"p50\":%lu,\"p99\":%lu,\"total\":%lu}", times[count / 2], times[count * 99 / 100], total);
  free(order);
  free(times);
}

// Writes to a page a time, in order: nanoseconds of all.
static void write_all(uint64_t first, uint64_t count, char *answer, size_t size) {
  uint64_t begin = now();
  for (uint64_t number = first; number < first + count; number++) *(volatile uint8_t *)at(number) = 1;
  snprintf(answer, size, "{\"total\":%lu}", now() - begin);
}

// Copies pages of its memory, in order, to fresh memory: nanoseconds of all.
static void copy_all(uint64_t first, uint64_t count, char *answer, size_t size) {
  uint64_t begin = now();
  uint8_t *fresh = mmap(NULL, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) die("mmap");
  madvise(fresh, count * page, MADV_NOHUGEPAGE);
  for (uint64_t number = 0; number < count; number++) memcpy(fresh + number * page, at(first + number), page);
  snprintf(answer, size, "{\"total\":%lu}", now() - begin);
  munmap(fresh, count * page);
}

static uint64_t checksum(const volatile uint8_t *bytes, uint64_t times) {
  uint64_t sum = 0;
  for (uint64_t time = 0; time < times; time++)
    for (uint64_t word = 0; word < page / 8; word++) sum = sum * 31 + ((const volatile uint64_t *)(const volatile void *)bytes)[word];
  return sum;
}

// A guest at work: reads runs of 8 pages at random places, and makes so many checksums of each page. Nanoseconds of all.
static void work(uint64_t first, uint64_t count, uint64_t seed, uint64_t pages, uint64_t times, char *answer, size_t size) {
  volatile uint64_t sink = 0;
  uint64_t begin = now();
  for (uint64_t done = 0; done < pages; done += 8) {
    uint64_t place = first + next_random(&seed) % (count - 7);
    for (uint64_t number = place; number < place + 8; number++) sink = sink + checksum(at(number), times);
  }
  snprintf(answer, size, "{\"total\":%lu}", now() - begin);
}

struct race {
  uint64_t first, count, rounds, seed;
  volatile int *state;  // of each page: 0 as the source has it, 1 removed, 2 being removed
  volatile int over;
  uint64_t old;
};

// The guest: reads pages all the time. What was removed before the read began must be zeros.
static void *touch(void *data) {
  struct race *race = data;
  uint64_t seed = race->seed * 2654435761u | 1;
  while (!race->over) {
    uint64_t number = next_random(&seed) % race->count;
    int before = race->state[number];
    uint64_t value = *(volatile uint64_t *)at(race->first + number);
    if (before == 1 && value != 0) __atomic_fetch_add(&race->old, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

// The balloon: drops runs of pages while two threads of the guest read them. "old": reads of a removed page that were not zeros.
static void race(uint64_t first, uint64_t count, uint64_t rounds, uint64_t seed, char *answer, size_t size) {
  struct race race = {first, count, rounds, seed, calloc(count, sizeof(int)), 0, 0};
  pthread_t guests[2];
  for (int index = 0; index < 2; index++) {
    race.seed = seed + (uint64_t)index;
    pthread_create(&guests[index], NULL, touch, &race);
  }
  uint64_t state = seed | 1;
  for (uint64_t round = 0; round < rounds; round++) {
    uint64_t number = next_random(&state) % count, length = 1 + next_random(&state) % 4;
    if (length > count - number) length = count - number;
    for (uint64_t index = 0; index < length; index++)
      if (race.state[number + index] == 0) race.state[number + index] = 2;
    if (madvise(at(first + number), length * page, MADV_DONTNEED) != 0) die("madvise");
    for (uint64_t index = 0; index < length; index++) race.state[number + index] = 1;
  }
  race.over = 1;
  for (int index = 0; index < 2; index++) pthread_join(guests[index], NULL);
  uint64_t left = 0;
  for (uint64_t number = 0; number < count; number++)
    if (race.state[number] == 1 && *(volatile uint64_t *)at(first + number) != 0) left++;
  free((void *)race.state);
  snprintf(answer, size, "{\"old\":%lu,\"left\":%lu}", race.old, left);
}

static void *run(void *data) {
  char *line = data, name[32] = "", answer[256] = "{}";
  uint64_t id = 0, a = 0, b = 0, c = 0, d = 0, e = 0;
  sscanf(line, "%lu %31s %lu %lu %lu %lu %lu", &id, name, &a, &b, &c, &d, &e);
  free(line);
  if (strcmp(name, "check") == 0) {
    check(a, b, answer, sizeof answer);
  } else if (strcmp(name, "latency") == 0) {
    latency(a, b, c, answer, sizeof answer);
  } else if (strcmp(name, "dirty") == 0) {
    write_all(a, b, answer, sizeof answer);
  } else if (strcmp(name, "copy") == 0) {
    copy_all(a, b, answer, sizeof answer);
  } else if (strcmp(name, "work") == 0) {
    work(a, b, c, d, e, answer, sizeof answer);
  } else if (strcmp(name, "race") == 0) {
    race(a, b, c, d, answer, sizeof answer);
  } else if (strcmp(name, "write") == 0) {
    for (uint64_t number = a; number < a + b; number++) *(volatile uint64_t *)(at(number) + 8) = c;
  } else if (strcmp(name, "word") == 0) {
    snprintf(answer, sizeof answer, "%lu", *(volatile uint64_t *)(at(a) + 8 * b));
  } else if (strcmp(name, "remove") == 0) {
    if (madvise(at(a), b * page, MADV_DONTNEED) != 0) snprintf(answer, sizeof answer, "{\"errno\":%d}", errno);
  } else if (strcmp(name, "unmap") == 0) {
    if (munmap(at(a), b * page) != 0) die("munmap");
  } else if (strcmp(name, "replace") == 0) {
    if (mmap(at(a), b * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) die("mmap");
    memset(at(a), 7, b * page);
  } else if (strcmp(name, "hangup") == 0) {
    close(connection);
  } else if (strcmp(name, "exit") == 0) {
    _exit((int)a);
  } else {
    snprintf(answer, sizeof answer, "{\"unknown\":true}");
  }
  printf("%lu %s\n", id, answer);
  fflush(stdout);
  return NULL;
}

static int file = -1;  // the memory file, where the monitor maps it itself

static void map_memory(uint64_t pages, int huge) {
  int flags = MAP_PRIVATE | MAP_NORESERVE | (file < 0 ? MAP_ANONYMOUS : 0) | (huge ? MAP_HUGETLB : 0);
  uint8_t *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, flags, file, (off_t)(page_count() * page));
  if (memory == MAP_FAILED) die("mmap");
  if (!huge) madvise(memory, pages * page, MADV_NOHUGEPAGE);
  regions[region_count] = memory;
  region_pages[region_count++] = pages;
}

static int in_pieces, only_listens, no_userfaultfd, is_bad;
static const char *last_step = "";  // after which it ends: connect, part, message

static void step(const char *name) {
  if (strcmp(name, last_step) == 0) _exit(0);
}

static void send_message(const char *path, const char *text, int with_descriptor) {
  struct sockaddr_un name = {AF_UNIX, ""};
  strncpy(name.sun_path, path, sizeof name.sun_path - 1);
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
  if (path[0] == '@') {
    name.sun_path[0] = 0;
    length--;
  }
  connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (only_listens) {
    if (bind(connection, (struct sockaddr *)&name, length) != 0 || listen(connection, 1) != 0) die("bind");
    return;
  }
  if (connect(connection, (struct sockaddr *)&name, length) != 0) die("connect");
  step("connect");
  char control[CMSG_SPACE(2 * sizeof(int))] = {0};
  struct iovec vector = {(void *)(uintptr_t)text, in_pieces ? 10 : strlen(text)};
  struct msghdr message = {0};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (with_descriptor) {
    size_t count = spare >= 0 ? 2 : 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    int descriptors[2] = {no_userfaultfd ? connection : uffd, spare};
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
  }
  if (sendmsg(connection, &message, MSG_NOSIGNAL) < 0) die("sendmsg");
  step("part");
  for (const char *rest = text + vector.iov_len; *rest != 0; rest++) {
    usleep(100);
    if (send(connection, rest, 1, MSG_NOSIGNAL) < 0) die("send");
  }
  step("message");
}

static void take_commands(void) {
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, strdup(line)) != 0) die("pthread_create");
    pthread_detach(thread);
  }
}

// monitor SOCKET regions=4,8 [huge] [drop] [wp] [wp_async] [memfd] [kib] [silent] [pieces] [listen] [no-userfaultfd] [bad] [last=STEP] [file=PATH]
int main(int count, char **arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int huge = 0, drop = 0, memfd = 0, kib = 0, silent = 0;
  uint64_t features = 8, modes = 1;
  const char *sizes = "64";
  for (int index = 2; index < count; index++) {
    const char *word = arguments[index];
    if (strncmp(word, "regions=", 8) == 0) sizes = word + 8;
    else if (strncmp(word, "file=", 5) == 0) file = open(word + 5, O_RDONLY | O_CLOEXEC);
    else if (strcmp(word, "huge") == 0) huge = 1;
    else if (strcmp(word, "drop") == 0) drop = 1;
    else if (strcmp(word, "wp") == 0) modes |= 2, features |= 1 | 1 << 13;
    else if (strcmp(word, "wp_async") == 0) modes |= 2, features |= 1 | 1 << 13 | 1 << 15;
    else if (strcmp(word, "memfd") == 0) memfd = 1;
    else if (strcmp(word, "kib") == 0) kib = 1;
    else if (strcmp(word, "silent") == 0) silent = 1;
    else if (strncmp(word, "last=", 5) == 0) last_step = word + 5;
    else if (strcmp(word, "pieces") == 0) in_pieces = 1;
    else if (strcmp(word, "listen") == 0) only_listens = 1;
    else if (strcmp(word, "no-userfaultfd") == 0) no_userfaultfd = 1;
    else if (strcmp(word, "bad") == 0) is_bad = 1;
  }
  struct sigaction action = {0};
  action.sa_handler = on_bus;
  sigaction(SIGBUS, &action, NULL);
  if (huge) page = 2 * 1024 * 1024;
  for (const char *rest = sizes; *rest != 0 && region_count < kMostRegions;) {
    char *end;
    map_memory(strtoull(rest, &end, 10), huge);
    rest = *end == ',' ? end + 1 : end;
  }
  if (file >= 0) {
    printf("0 {\"pages\":%lu,\"message\":[]}\n", page_count());
    fflush(stdout);
    take_commands();
    return 0;
  }
  int device = open("/dev/userfaultfd", O_RDONLY | O_CLOEXEC);
  uffd = device >= 0 ? ioctl(device, 0xaa00, O_CLOEXEC | O_NONBLOCK) : (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  if (device >= 0) close(device);
  if (uffd < 0) uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1);  // of an ordinary user: its own faults alone
  struct api api = {0xaa, features, 0};
  if (uffd < 0 || ioctl(uffd, 0xc018aa3f, &api) != 0) die("userfaultfd");
  char text[4096] = "[";
  uint64_t offset = 0;
  for (int index = 0; index < region_count; index++) {
    uint64_t start = (uintptr_t)regions[index], length = region_pages[index] * page;
    struct reg reg = {start, length, modes, 0};
    if (ioctl(uffd, 0xc020aa00, &reg) != 0) die("register");
    struct protect protect = {start, length, 1};
    if ((modes & 2) != 0 && ioctl(uffd, 0xc018aa06, &protect) != 0) die("writeprotect");
    char size[96];
    if (kib) snprintf(size, sizeof size, "\"page_size_kib\":%lu", page);
    else snprintf(size, sizeof size, "\"page_size\":%lu,\"page_size_kib\":%lu", page, page);
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "%s{\"base_host_virt_addr\":%lu,\"size\":%lu,\"offset\":%lu,%s,\"unforeseen\":true}", index == 0 ? "" : ",", start, length,
             offset, size);
    offset += length;
  }
  strcat(text, "]");
  if (memfd) spare = memfd_create("memory", MFD_CLOEXEC);
  if (!silent) send_message(arguments[1], is_bad ? "[{}]" : text, 1);
  if (drop) close(uffd);
  printf("0 {\"pages\":%lu,\"message\":%s}\n", page_count(), text);
  fflush(stdout);
  take_commands();
  return 0;
}
