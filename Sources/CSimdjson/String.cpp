#include <cstring>

#include "Reader.hpp"

namespace {

/// The value of four hexadecimal digits, or -1.
int hexadecimal(const uint8_t *start, const uint8_t *end) noexcept {
  if (end - start < 4) { return -1; }
  int value = 0;
  for (int i = 0; i < 4; i++) {
    const uint8_t c = start[i];
    const uint8_t letter = c | 0x20;
    if (c >= '0' && c <= '9') {
      value = value * 16 + (c - '0');
    } else if (letter >= 'a' && letter <= 'f') {
      value = value * 16 + (letter - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

/// Reads what follows `\u`, a surrogate pair whole, and steps behind it; -1 if it is not a Unicode scalar.
int unicode_escape(const uint8_t *&at, const uint8_t *end) noexcept {
  const int first = hexadecimal(at, end);
  if (first < 0) { return -1; }
  at += 4;
  if (first < 0xD800 || first > 0xDFFF) { return first; }
  if (first > 0xDBFF || end - at < 6 || at[0] != '\\' || at[1] != 'u') { return -1; }
  const int second = hexadecimal(at + 2, end);
  if (second < 0xDC00 || second > 0xDFFF) { return -1; }
  at += 6;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

uint8_t *write_utf8(int scalar, uint8_t *output) noexcept {
  const auto put = [&](int byte) { *output++ = static_cast<uint8_t>(byte); };
  if (scalar < 0x80) {
    put(scalar);
  } else if (scalar < 0x800) {
    put(0xC0 | scalar >> 6);
    put(0x80 | (scalar & 0x3F));
  } else if (scalar < 0x10000) {
    put(0xE0 | scalar >> 12);
    put(0x80 | (scalar >> 6 & 0x3F));
    put(0x80 | (scalar & 0x3F));
  } else {
    put(0xF0 | scalar >> 18);
    put(0x80 | (scalar >> 12 & 0x3F));
    put(0x80 | (scalar >> 6 & 0x3F));
    put(0x80 | (scalar & 0x3F));
  }
  return output;
}

/// What the letter behind a backslash stands for, or 0.
uint8_t simple_escape(uint8_t letter) noexcept {
  switch (letter) {
    case '"': case '\\': case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
  }
}

}  // namespace

extern "C" {

json_status json_read_string(json_reader *reader, json_string *string) {
  if (!reader->ready() || *reader->start() != '"') { return reader->fail(JSON_UNEXPECTED); }
  const uint8_t *start = reader->start();
  const uint8_t *end = reader->scalar_end();
  if (end - start < 2 || end[-1] != '"') { return reader->fail(JSON_UNEXPECTED); }
  *string = {start + 1, static_cast<size_t>(end - start - 2)};
  reader->token++;
  return JSON_OK;
}

json_status json_unescape(json_string string, uint8_t *output, size_t *count) {
  const uint8_t *at = string.start;
  const uint8_t *const end = at + string.count;
  uint8_t *const first = output;
  while (at < end) {
    const auto *backslash = static_cast<const uint8_t *>(memchr(at, '\\', static_cast<size_t>(end - at)));
    const uint8_t *plain_end = backslash ? backslash : end;
    memmove(output, at, static_cast<size_t>(plain_end - at));
    output += plain_end - at;
    at = plain_end;
    if (at == end) { break; }
    if (end - at < 2) { return JSON_BAD_ESCAPE; }
    const uint8_t letter = at[1];
    at += 2;
    if (letter == 'u') {
      const int scalar = unicode_escape(at, end);
      if (scalar < 0) { return JSON_BAD_ESCAPE; }
      output = write_utf8(scalar, output);
    } else if (const uint8_t byte = simple_escape(letter)) {
      *output++ = byte;
    } else {
      return JSON_BAD_ESCAPE;
    }
  }
  *count = static_cast<size_t>(output - first);
  return JSON_OK;
}

}  // extern "C"
