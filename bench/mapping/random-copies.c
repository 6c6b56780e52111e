// What the memory itself takes: copies 4 KiB from random places of a mapped file that is in the page cache. Nanoseconds a copy.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  size_t size = strtoull(argv[2], NULL, 10);
  long copies = atol(argv[3]);
  int descriptor = open(argv[1], O_RDONLY);
  const char* file = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
  if (file == MAP_FAILED) return 1;
  static char target[4096];
  uint32_t state = 1;
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (long copy = 0; copy < copies; copy++) {
    state = state * 1664525 + 1013904223;
    memcpy(target, file + (size_t)((double)state / 4294967296.0 * (double)(size / 4096)) * 4096, 4096);
    __asm__ volatile("" ::"r"(target) : "memory");
  }
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("%f\n", ((after.tv_sec - before.tv_sec) * 1e9 + (after.tv_nsec - before.tv_nsec)) / copies);
}
