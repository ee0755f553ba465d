// One number, from text to double, exactly.
#pragma once
#include "Reader.hpp"

#include <cstring>

/// Eight ASCII digits, the first in the lowest byte, to their value; false if a byte is not a digit.
inline bool eight_digits(uint64_t word, uint64_t &value) noexcept {
  word ^= 0x3030303030303030;
  if (((word + 0x7676767676767676) | word) & 0x8080808080808080) { return false; }
  word = word * 10 + (word >> 8);  // each even byte: two digits
  value = (((word & 0x000000FF000000FF) * 0x000F424000000064) + (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >> 32;
  return true;
}

/// `count` digits (1 to 8) at `start`: those that are missing count as zeros in front.
inline bool few_digits(const uint8_t *start, size_t count, uint64_t &value) noexcept {
  uint64_t word;
  memcpy(&word, start, 8);
  const unsigned unused = static_cast<unsigned>(64 - 8 * count);
  word = (word << unused) | (unused ? 0x3030303030303030 >> (64 - unused) : 0);
  return eight_digits(word, value);
}

/// `count` digits (1 to 16) at `start`.
inline bool digits(const uint8_t *start, size_t count, uint64_t &value) noexcept {
  if (count <= 8) { return few_digits(start, count, value); }
  uint64_t high, low;
  if (!few_digits(start, count - 8, high) || !few_digits(start + count - 8, 8, low)) { return false; }
  value = high * 100000000 + low;
  return true;
}

/// The numbers that make up nearly all masks and probabilities: one digit, a point and up to 16 digits, or an integer of
/// up to 16 digits. Such a number is m / 10^n with m below 2^53 and 10^n exact, so one division rounds it correctly.
/// False for every other form, valid or not. Reads up to 8 bytes behind `end`.
inline bool short_decimal(const uint8_t *start, const uint8_t *end, double &value) noexcept {
  static constexpr double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
                                      1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};
  static constexpr uint64_t integers[] = {
      1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
      100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000};
  const bool negative = *start == '-';
  start += negative;
  const size_t length = static_cast<size_t>(end - start);
  uint64_t mantissa;
  double magnitude;
  if (length >= 3 && length <= 18 && start[1] == '.') {
    const uint64_t leading = static_cast<uint64_t>(start[0]) - '0';
    if (leading > 9 || !digits(start + 2, length - 2, mantissa)) { return false; }
    mantissa += leading * integers[length - 2];
    if (mantissa > (uint64_t{1} << 53)) { return false; }
    magnitude = static_cast<double>(mantissa) / powers[length - 2];
  } else {
    if (length - 1 >= 16 || (start[0] == '0' && length > 1) || !digits(start, length, mantissa)) { return false; }
    if (mantissa > (uint64_t{1} << 53)) { return false; }
    magnitude = static_cast<double>(mantissa);
  }
  value = negative ? -magnitude : magnitude;
  return true;
}

/// The number from `start` to `end`: in the short form here, in every other by simdjson.
inline bool number(const uint8_t *start, const uint8_t *end, double &value) noexcept {
  if (short_decimal(start, end, value)) { return true; }
  // simdjson stops at the first byte that no number contains; here nothing may follow.
  for (const uint8_t *at = start; at < end; at++) {
    const uint8_t c = *at;
    if (!((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E')) { return false; }
  }
  return simdjson::builtin::numberparsing::parse_double(start, end).get(value) == simdjson::SUCCESS;
}
