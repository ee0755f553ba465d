// One number, from text to double, exactly.
#pragma once
#include "Reader.hpp"

#include <cstring>

/// Eight digits as values of 0 to 9, the first in the lowest byte, to the number that they write; false if a byte is no
/// such value.
inline bool eight_digits(uint64_t digits, uint64_t &value) noexcept {
  if (((digits + 0x7676767676767676) | digits) & 0x8080808080808080) { return false; }
  digits = digits * 10 + (digits >> 8);  // each even byte: two digits
  const uint64_t hundreds = (digits & 0x000000FF000000FF) * (100 + (uint64_t{1000000} << 32));
  const uint64_t units = (digits >> 16 & 0x000000FF000000FF) * (1 + (uint64_t{10000} << 32));
  value = (hundreds + units) >> 32;
  return true;
}

/// Eight characters as digits; what is no digit becomes a value above 9.
inline uint64_t load_digits(const uint8_t *start) noexcept {
  uint64_t word;
  memcpy(&word, start, 8);
  return word ^ 0x3030303030303030;
}

/// `count` digits (1 to 16) at `start`; reads at least 8 bytes.
inline bool digits(const uint8_t *start, size_t count, uint64_t &value) noexcept {
  if (count <= 8) { return eight_digits(load_digits(start) << (64 - 8 * count), value); }
  uint64_t high, low;
  if (!eight_digits(load_digits(start) << (128 - 8 * count), high)) { return false; }
  if (!eight_digits(load_digits(start + count - 8), low)) { return false; }
  value = high * 100000000 + low;
  return true;
}

/// 10^n, all exact.
constexpr double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                             1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

/// `d.d` to `d.dddddd`, the way that probabilities are mostly written; false for every other form, valid or not.
inline bool probability(const uint8_t *start, size_t length, double &value) noexcept {
  if (length - 3 > 5 || start[1] != '.') { return false; }
  uint64_t word = load_digits(start);
  // The digit before the point takes the place of the point, and a zero its own.
  word = (word & ~uint64_t{0xFFFF}) | (word & 0xFF) << 8;
  uint64_t mantissa;
  if (!eight_digits(word << (64 - 8 * length), mantissa)) { return false; }
  value = static_cast<double>(static_cast<int64_t>(mantissa)) / powers[length - 2];
  return true;
}

/// A sign, or none, and then one digit, a point and up to 16 digits, or an integer of up to 16 digits; false for every
/// other form, valid or not.
///
/// Such a number is m / 10^n with m below 2^53 and 10^n exact, so one division rounds it correctly.
inline bool short_decimal(const uint8_t *start, const uint8_t *end, double &value) noexcept {
  const bool negative = *start == '-';
  start += negative;
  const size_t length = static_cast<size_t>(end - start);
  uint64_t mantissa;
  size_t places = 0;
  if (length - 3 <= 15 && start[1] == '.') {
    const uint64_t leading = static_cast<uint64_t>(start[0]) - '0';
    places = length - 2;
    if (leading > 9 || !digits(start + 2, places, mantissa)) { return false; }
    if (leading != 0) { mantissa += leading * static_cast<uint64_t>(powers[places]); }
  } else if (length - 1 > 15 || (start[0] == '0' && length > 1) || !digits(start, length, mantissa)) {
    return false;
  }
  if (mantissa > (uint64_t{1} << 53)) { return false; }
  const double magnitude = static_cast<double>(static_cast<int64_t>(mantissa)) / powers[places];
  value = negative ? -magnitude : magnitude;
  return true;
}

/// The number from `start` to `end`: in the short form here, in every other by simdjson.
[[gnu::noinline]] inline bool number(const uint8_t *start, const uint8_t *end, double &value) noexcept {
  if (short_decimal(start, end, value)) { return true; }
  // simdjson stops at the first byte that no number contains; here nothing may follow.
  for (const uint8_t *at = start; at < end; at++) {
    const uint8_t c = *at;
    if (!((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E')) { return false; }
  }
  return simdjson::builtin::numberparsing::parse_double(start, end).get(value) == simdjson::SUCCESS;
}
