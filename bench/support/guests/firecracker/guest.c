// A guest without an operating system, for a monitor: it fills 128 MiB of its memory, and then takes commands over the first serial port,
// a line each, and answers a line each. It runs in ring 3, which is fast also where KVM emulates ring 0.
//
//   sum                     a checksum of all pages
//   touch FIRST COUNT SEED  reads a word of so many pages, in order (seed 0) or in random order: cycles of the middle one, and of all
//   check FIRST COUNT       how many pages are zeros, and how many are not
//   drop FIRST COUNT        gives pages back through the balloon, and reads them meanwhile: how many were not zeros afterwards
//   clock                   the time stamp counter
#include <stdint.h>

enum { kPages = 32768, kWords = 512, kSerial = 0x3f8, kMostDropped = 32 };

static volatile uint64_t *const memory = (uint64_t *)0x2000000;

static void out(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }

static uint8_t in(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static uint64_t cycles(void) {
  uint32_t low, high;
  __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
  return (uint64_t)high << 32 | low;
}

static void print(const char *text) {
  while (*text != 0) out(kSerial, (uint8_t)*text++);
}

static void print_number(const char *name, uint64_t value) {
  char digits[21], *at = digits + 20;
  *at = 0;
  do *--at = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  print(name);
  print(at);
}

static char line[128];

static void read_line(void) {
  unsigned length = 0;
  for (;;) {
    while ((in(kSerial + 5) & 1) == 0) __asm__ volatile("pause");
    char next = (char)in(kSerial);
    if (next == '\n') break;
    if (length < sizeof line - 1) line[length++] = next;
  }
  line[length] = 0;
}

// The number after the next space.
static uint64_t number(const char **text) {
  uint64_t value = 0;
  while (**text != 0 && **text != ' ') ++*text;
  while (**text == ' ') ++*text;
  while (**text >= '0' && **text <= '9') value = value * 10 + (uint64_t)(*(*text)++ - '0');
  return value;
}

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static uint64_t checksum(void) {
  uint64_t sum = 1469598103934665603u;
  for (uint64_t word = 0; word < (uint64_t)kPages * kWords; word++) sum = (sum ^ memory[word]) * 1099511628211u;
  return sum;
}

static uint32_t times[65536];  // counts, by cycles / 256

static void touch(uint64_t first, uint64_t count, uint64_t seed) {
  uint64_t sum = 0, middle = 0, passed = 0, begin = cycles();
  for (unsigned index = 0; index < 65536; index++) times[index] = 0;
  for (uint64_t index = 0; index < count; index++) {
    uint64_t page = seed == 0 ? first + index : next_random(&seed) % kPages, before = cycles();
    sum += memory[page * kWords];
    uint64_t time = (cycles() - before) / 256;
    times[time < 65535 ? time : 65535]++;
  }
  uint64_t all = cycles() - begin;
  while (middle < 65535 && (passed += times[middle]) * 2 < count) middle++;
  print_number("", middle * 256);
  print_number(" ", all);
  print_number(" ", sum);
}

static void check(uint64_t first, uint64_t count) {
  uint64_t zeros = 0;
  for (uint64_t page = first; page < first + count; page++) {
    int is_zero = 1;
    for (uint64_t word = 0; word < kWords; word++)
      if (memory[page * kWords + word] != 0) is_zero = 0;
    zeros += (uint64_t)is_zero;
  }
  print_number("", zeros);
  print_number(" ", count - zeros);
}

// The balloon, the first device on virtio-mmio: registers by their offsets in bytes.
static volatile uint32_t *const balloon = (uint32_t *)0xc0001000;
enum { kMagic = 0x0, kDeviceFeatures = 0x14, kDriverFeatures = 0x20, kDriverSelect = 0x24, kQueue = 0x30, kQueueSize = 0x38, kQueueReady = 0x44,
       kNotify = 0x50, kStatus = 0x70, kDescriptors = 0x80, kAvailable = 0x90, kUsed = 0xa0 };

struct descriptor { uint64_t address; uint32_t length; uint16_t flags, next; };
static struct queue {
  _Alignas(4096) struct descriptor descriptors[16];
  _Alignas(4096) volatile struct { uint16_t flags, index, ring[16]; } available;
  _Alignas(4096) volatile struct { uint16_t flags, index; struct { uint32_t id, length; } ring[16]; } used;
} queues[2];
static uint32_t frames[kMostDropped];

static void set(unsigned reg, uint64_t value) { balloon[reg / 4] = (uint32_t)value; }

static void start_balloon(void) {
  if (balloon[kMagic / 4] != 0x74726976) return print("no balloon\n");
  set(kStatus, 0);
  set(kStatus, 1);  // each step of the status by itself
  set(kStatus, 3);
  set(kDriverSelect, 1);
  set(kDriverFeatures, 1);  // version 1 of virtio
  set(kDriverSelect, 0);
  set(kDriverFeatures, 0);
  set(kStatus, 11);  // the features are chosen
  for (unsigned index = 0; index < 2; index++) {
    set(kQueue, index);
    set(kQueueSize, 16);
    set(kDescriptors, (uintptr_t)queues[index].descriptors);
    set(kDescriptors + 4, 0);
    set(kAvailable, (uintptr_t)&queues[index].available);
    set(kAvailable + 4, 0);
    set(kUsed, (uintptr_t)&queues[index].used);
    set(kUsed + 4, 0);
    set(kQueueReady, 1);
  }
  set(kStatus, 15);
}

// Returns how many of the pages were not zeros once they were dropped.
static uint64_t drop_some(uint64_t first, uint64_t count) {
  struct queue *inflate = &queues[0];
  uint64_t old = 0;
  for (uint64_t index = 0; index < count; index++) frames[index] = (uint32_t)((uintptr_t)memory / 4096 + first + index);
  inflate->descriptors[0] = (struct descriptor){(uintptr_t)frames, (uint32_t)count * 4, 0, 0};
  uint16_t next = (uint16_t)(inflate->available.index + 1);
  inflate->available.ring[inflate->available.index % 16] = 0;
  __asm__ volatile("mfence" ::: "memory");
  inflate->available.index = next;
  __asm__ volatile("mfence" ::: "memory");
  set(kNotify, 0);
  for (uint64_t index = 0; index < count; index++) (void)memory[(first + index) * kWords + 7];
  while (inflate->used.index != next) __asm__ volatile("pause");
  for (uint64_t index = 0; index < count; index++) old += memory[(first + index) * kWords + 7] != 0;
  return old;
}

static void drop(uint64_t first, uint64_t count) {
  uint64_t old = 0;
  for (uint64_t done = 0; done < count; done += kMostDropped) old += drop_some(first + done, count - done < kMostDropped ? count - done : kMostDropped);
  print_number("", old);
}

static void user(void) {
  start_balloon();
  uint64_t random = 88172645463325252u;
  for (uint64_t word = 0; word < (uint64_t)kPages * kWords; word++) memory[word] = next_random(&random) | 1;
  print("ready\n");
  for (;;) {
    read_line();
    const char *rest = line;
    uint64_t first = number(&rest), count = number(&rest), seed = number(&rest);
    if (line[0] == 's') print_number("", checksum() >> 11);
    else if (line[0] == 't') touch(first, count, seed);
    else if (line[0] == 'd') drop(first, count);
    else if (line[1] == 'h') check(first, count);
    else print_number("", cycles());
    print("\n");
  }
}

_Alignas(4096) static uint64_t top[512], third[512], second[4 * 512];
_Alignas(16) static uint64_t descriptors[8];
// The state segment with a bitmap that lets ring 3 use every port.
_Alignas(16) static uint8_t state[104 + 8192 + 8];
_Alignas(16) static uint8_t user_stack[65536];
extern uint8_t kernel_stack_top[];
void enter_user(void (*function)(void), uint8_t *stack);

void set_up(void) {
  // The first 4 GiB at their own addresses, in pages of 2 MiB that ring 3 may use.
  for (uint64_t index = 0; index < 2048; index++) second[index] = index << 21 | 0x87;
  for (uint64_t index = 0; index < 4; index++) third[index] = (uintptr_t)&second[index * 512] | 7;
  top[0] = (uintptr_t)third | 7;
  uint64_t at = (uintptr_t)state;
  descriptors[1] = 0x00af9b000000ffff;
  descriptors[2] = 0x00cf93000000ffff;
  descriptors[3] = 0x00cff3000000ffff;
  descriptors[4] = 0x00affb000000ffff;
  descriptors[5] = (at & 0xffffff) << 16 | (at >> 24 & 0xff) << 56 | 0x0000890000000000 | (sizeof state - 1);
  descriptors[6] = at >> 32;
  *(uint64_t *)(void *)(state + 4) = (uintptr_t)kernel_stack_top;
  *(uint16_t *)(void *)(state + 102) = 104;
  state[sizeof state - 1] = 0xff;
  state[sizeof state - 8] = 0xff;
  struct { uint16_t limit; uint64_t base; } __attribute__((packed)) table = {sizeof descriptors - 1, (uintptr_t)descriptors};
  __asm__ volatile("mov %0, %%cr3" ::"r"(top) : "memory");
  __asm__ volatile("lgdt %0" ::"m"(table));
  __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" ::"r"(0x10));
  __asm__ volatile("ltr %w0" ::"r"(0x28));
  out(0x21, 0xff);  // no interrupts
  out(0xa1, 0xff);
  enter_user(user, user_stack + sizeof user_stack - 16 - 8);
}
