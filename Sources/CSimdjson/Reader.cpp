#include "Reader.hpp"

#include <cstring>
#include <new>

namespace {

/// Large enough that starting a window costs nothing, small enough that its index stays in the second-level cache. The
/// fuzzer makes it tiny, to have its short texts cut as well.
#ifndef JSON_WINDOW_SIZE
#define JSON_WINDOW_SIZE (64 * 1024)
#endif
constexpr size_t window_size = JSON_WINDOW_SIZE;

/// Whether tokens outside strings end at `c`.
bool separates(uint8_t c) noexcept {
  return is_space(c) || c == ',' || c == '[' || c == ']' || c == ':' || c == '{' || c == '}';
}

/// Where the string ends that is open at `length`, given that none is open at 0; 0 if none is, or if it never ends.
size_t end_of_open_string(const uint8_t *text, size_t length, size_t count) noexcept {
  bool open = false;
  for (size_t at = 0;; at++) {
    // Looking no further than `length` for where a string opens keeps all windows together linear.
    const size_t limit = open ? count : length;
    if (at >= limit) { return 0; }
    const auto quote = static_cast<const uint8_t *>(memchr(text + at, '"', limit - at));
    if (!quote) { return 0; }
    at = static_cast<size_t>(quote - text);
    size_t backslashes = 0;
    while (backslashes < at && text[at - 1 - backslashes] == '\\') { backslashes++; }
    if (backslashes % 2 == 1) { continue; }
    if (at >= length) { return at + 1; }
    open = !open;
  }
}

/// Length of the next window: up to a separator at or before `window_size`, or behind one token that is longer.
size_t window_length(const uint8_t *text, size_t count) noexcept {
  if (count <= window_size) { return count; }
  // Between numbers the first few steps find one; a string, which may be very long, is faster left by its quotes.
  size_t length = window_size;
  for (; length > window_size - window_size / 64; length--) {
    if (separates(text[length - 1])) { return length; }
  }
  if (const size_t end = end_of_open_string(text, window_size, count)) { return end; }
  for (; length > 0; length--) {
    if (separates(text[length - 1])) { return length; }
  }
  length = window_size;
  while (length < count && !separates(text[length])) { length++; }
  return length < count ? length + 1 : count;
}

}  // namespace

json_status json_reader::index_window(size_t length) noexcept {
  if (length > UINT32_MAX - 64) { return JSON_TOO_LARGE; }
  if (length > stage->capacity() && stage->set_capacity(length) != simdjson::SUCCESS) { return JSON_NO_MEMORY; }
  switch (stage->stage1(text + base, length, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
      tokens = stage->structural_indexes.get();
      token_count = stage->n_structural_indexes;
      end = base + length;
      return JSON_OK;
    case simdjson::EMPTY:
      end = base + length;
      return JSON_OK;
    case simdjson::UNCLOSED_STRING: return JSON_UNCLOSED_STRING;
    case simdjson::UNESCAPED_CHARS: return JSON_CONTROL_CHARACTER;
    case simdjson::UTF8_ERROR: return JSON_NOT_UTF8;
    default: return JSON_UNEXPECTED;
  }
}

bool json_reader::next_window() noexcept {
  while (failure == JSON_OK && end < count) {
    base = end;
    token = token_count = 0;
    const size_t length = window_length(text + base, count - base);
    json_status status = index_window(length);
    // A cut inside a string shows as an open quote: the window then ends where that string does.
    if (status == JSON_UNCLOSED_STRING && base + length < count) {
      const size_t longer = end_of_open_string(text + base, length, count - base);
      if (longer != 0) { status = index_window(longer); }
    }
    if (status != JSON_OK) { fail(status); return false; }
    if (token_count > 0) { return true; }
  }
  return false;
}

const uint8_t *json_reader::scalar_end() const noexcept {
  const uint8_t *last = text + base + tokens[token + 1];
  while (last > start() + 1 && is_space(last[-1])) { last--; }
  return last;
}

extern "C" {

json_reader *json_reader_of_thread(void) {
  static thread_local std::unique_ptr<json_reader> reader;
  if (!reader) {
    std::unique_ptr<json_reader> fresh(new (std::nothrow) json_reader);
    const auto *implementation = static_cast<const simdjson::implementation *>(
        simdjson::get_active_implementation());
    if (!fresh || implementation->create_dom_parser_implementation(window_size, 1, fresh->stage) != simdjson::SUCCESS) {
      return nullptr;
    }
    reader = std::move(fresh);
  }
  return reader.get();
}

void json_open(json_reader *reader, const uint8_t *text, size_t count) {
  reader->text = text;
  reader->count = count;
  json_rewind(reader, 0);
}

void json_rewind(json_reader *reader, size_t offset) {
  reader->base = reader->end = offset;
  reader->token = reader->token_count = 0;
  reader->failure = JSON_OK;
}

void json_close(json_reader *reader) {
  reader->text = nullptr;
  reader->count = reader->base = reader->end = 0;
  reader->token = reader->token_count = 0;
  // Shrinking can only fail for lack of memory; the capacity is then zero and grows again at the next window.
  if (reader->stage->capacity() > window_size) { (void)reader->stage->set_capacity(window_size); }
}

json_status json_failure(const json_reader *reader) { return reader->failure; }

size_t json_offset(const json_reader *reader) {
  const bool at_token = reader->token < reader->token_count;
  // Without a token the text has ended, or a window has failed, and then begins there.
  return at_token ? reader->base + reader->tokens[reader->token] : reader->end;
}

int json_peek(json_reader *reader) {
  if (reader->failure != JSON_OK) { return JSON_END; }
  return reader->ready() ? *reader->start() : JSON_END;
}

void json_skip(json_reader *reader) {
  if (reader->ready()) { reader->token++; }
}

json_status json_read_literal(json_reader *reader, const char *literal) {
  if (!reader->ready()) { return reader->fail(JSON_UNEXPECTED); }
  const size_t length = strlen(literal);
  const uint8_t *start = reader->start();
  if (static_cast<size_t>(reader->scalar_end() - start) != length || memcmp(start, literal, length) != 0) {
    return reader->fail(JSON_UNEXPECTED);
  }
  reader->token++;
  return JSON_OK;
}

}  // extern "C"
