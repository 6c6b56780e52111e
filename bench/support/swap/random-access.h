// Random accesses that a benchmark and the program beside it share: each adds one to a word of a page.
#pragma once
#include <stdint.h>

#include "../now.h"

#define PAGE_WORDS 512

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
  return *state;
}

// The page of one access; `pages` is a power of two. By Zipf's law (exponent 1) each octave of ranks is as likely as any other, and within it
// each rank. An odd factor scatters the ranks over the memory.
static uint64_t next_page(uint64_t *state, uint64_t pages, int zipf) {
  uint64_t random = next_random(state);
  if (!zipf) return random % pages;
  uint64_t octave = (random >> 40) % (unsigned)(__builtin_ctzll(pages) + 1);
  uint64_t rank = octave == 0 ? 0 : (1ull << (octave - 1)) + random % (1ull << (octave - 1));
  return rank * 2654435761u % pages;
}

// Nanoseconds of that many accesses.
static uint64_t access_at_random(volatile uint64_t *memory, uint64_t pages, uint64_t accesses, int zipf, uint64_t seed) {
  uint64_t before = now();
  for (uint64_t state = seed * 2654435761u + 1; accesses > 0; accesses--) memory[next_page(&state, pages, zipf) * PAGE_WORDS]++;
  return now() - before;
}

static uint64_t sum_of(volatile uint64_t *memory, uint64_t pages) {
  uint64_t sum = 0;
  for (uint64_t page = 0; page < pages; page++) sum += memory[page * PAGE_WORDS];
  return sum;
}
