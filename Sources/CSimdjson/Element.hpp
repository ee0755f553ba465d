// One element of an array, or several at once, from text to bytes or doubles.
#pragma once
#include "Number.hpp"

inline bool starts_number(int c) noexcept { return c == '-' || (c >= '0' && c <= '9'); }

/// Whether `[start, end)` is `true` or `false`, which count as 1 and 0.
inline bool boolean(const uint8_t *start, const uint8_t *end, uint8_t &value) noexcept {
  const auto length = end - start;
  if (length == 4 && memcmp(start, "true", 4) == 0) {
    value = 1;
  } else if (length == 5 && memcmp(start, "false", 5) == 0) {
    value = 0;
  } else {
    return false;
  }
  return true;
}

/// An integer of 0 to 255, or a boolean.
inline bool element(const uint8_t *start, const uint8_t *end, uint8_t &value) noexcept {
  const auto length = end - start;
  if (length == 1) {
    value = static_cast<uint8_t>(*start - '0');
    return value <= 9;
  }
  if (length > 3 || length < 1) { return boolean(start, end, value); }
  unsigned sum = 0;
  for (auto at = start; at < end; at++) {
    const unsigned digit = *at - unsigned{'0'};
    if (digit > 9) { return false; }
    sum = sum * 10 + digit;
  }
  value = static_cast<uint8_t>(sum);
  return sum <= 255 && *start != '0';
}

/// Any number, or a boolean.
inline bool element(const uint8_t *start, const uint8_t *end, double &value) noexcept {
  if (probability(start, static_cast<size_t>(end - start), value) || number(start, end, value)) { return true; }
  uint8_t truth;
  if (!boolean(start, end, truth)) { return false; }
  value = truth;
  return true;
}

/// Reads `d,d,d,d,` or `d, d, d,` (a mask of single digits) in one step; gives the number of elements, or 0.
///
/// Writes four bytes, whatever it gives.
inline uint32_t several_elements(const uint8_t *start, uint8_t *output) noexcept {
  uint64_t word;
  memcpy(&word, start, 8);
  if ((word & 0xFF00FF00FF00FF00) == 0x2C002C002C002C00) {
    word = (word & 0x00FF00FF00FF00FF) ^ 0x0030003000300030;
    if ((word + 0x0076007600760076) & 0xFF80FF80FF80FF80) { return 0; }
    word |= word >> 8;
    const auto packed = static_cast<uint32_t>((word & 0xFFFF) | (word >> 16 & 0xFFFF0000));
    memcpy(output, &packed, 4);
    return 4;
  }
  if ((word & 0xFF00FFFF00FFFF00) == 0x2C00202C00202C00) {
    word = (word & 0x00FF0000FF0000FF) ^ 0x0030000030000030;
    if ((word + 0x0076000076000076) & 0x0080000080000080) { return 0; }
    const auto packed = static_cast<uint32_t>(word | word >> 16 | word >> 32);
    memcpy(output, &packed, 4);
    return 3;
  }
  return 0;
}

inline uint32_t several_elements(const uint8_t *, double *) noexcept { return 0; }
