// Whether an instruction of arm64 writes memory: for signal frames without a record of the exception's syndrome, as emulators make them.
// "C4.1.94 Loads and Stores" of the Arm Architecture Reference Manual. Plain arithmetic, so that every machine can test it.
#pragma once

#include <cstdint>

namespace vmarea {

// An atomic operation reads and writes, and counts as a write. Any other instruction counts as a read.
constexpr bool arm64_instruction_writes(uint32_t instruction) {
  auto bits = [instruction](int high, int low) { return instruction >> low & ((1u << (high - low + 1)) - 1); };
  auto bit = [instruction](int index) { return (instruction >> index & 1) != 0; };
  if ((instruction & 0xffffffe0) == 0xd50b7420) return true;  // DC ZVA, which memset uses
  if (!bit(27) || bit(25)) return false;
  bool vector = bit(26), is_load = bit(22);
  switch (bits(29, 28)) {
    case 0:  // structures of SIMD registers; exclusive and ordered accesses; compare and swap
      if (vector) return !is_load;
      if (bit(21) && (bit(23) || !bit(31))) return true;  // CAS, CASP
      return !is_load;
    case 1:  // literals; ordered accesses with an offset; tags; memory copies
      if (!bit(24)) return false;
      if (bit(21)) return bits(23, 22) != 1 || bits(11, 10) == 1;  // STG and its sisters, not LDG; CPY and SET write
      return bits(23, 22) == 0;
    case 2:  // pairs
      return !is_load;
    default:  // a register
      if (!bit(24) && bit(21)) {
        if (bits(11, 10) == 0) return vector || bits(15, 12) != 12;  // LDADD, SWP and so on, not LDAPR
        if (bits(11, 10) != 2) return false;                        // LDRAA, LDRAB
      }
      // Of SIMD registers, one of 16 bytes has the next operation code.
      return vector ? (bits(23, 22) & 1) == 0 : bits(23, 22) == 0;
  }
}

}  // namespace vmarea
