#include <algorithm>
#include <cstdlib>

#include "Element.hpp"

namespace {

/// Reads one nested array into `numbers`, with a loop over rows and no recursion.
class NumbersReader {
 public:
  NumbersReader(json_reader &reader, size_t maximum_bytes, json_numbers &numbers) noexcept
      : reader(reader), maximum_bytes(maximum_bytes), numbers(numbers) {}

  json_status read() noexcept;
  json_status finish() noexcept;

 private:
  enum class Stop { window, row, element, separator };

  json_reader &reader;
  const size_t maximum_bytes;
  json_numbers &numbers;
  size_t capacity = 0;
  /// Open arrays, and how many elements of each are complete.
  size_t depth = 0;
  size_t complete[JSON_MAXIMUM_RANK + 1] = {};

  size_t element_size() const noexcept { return numbers.is_double ? sizeof(double) : 1; }
  json_status reserve() noexcept;
  json_status promote() noexcept;
  json_status open() noexcept;
  json_status close() noexcept;
  json_status read_row() noexcept;
  template <typename Element>
  Stop read_elements(bool &after_element) noexcept;
};

json_status NumbersReader::read() noexcept {
  for (;;) {
    if (json_status status = open()) { return status; }
    if (json_peek(&reader) == '[') { continue; }
    if (json_status status = read_row()) { return status; }
    // The row is complete, and with it perhaps the arrays around it.
    for (;;) {
      if (json_status status = close()) { return status; }
      if (depth == 0) { return JSON_OK; }
      complete[depth - 1]++;
      const int separator = json_peek(&reader);
      if (separator != ',' && separator != ']') { return reader.fail(JSON_NO_SEPARATOR); }
      json_skip(&reader);
      if (separator == ',') { break; }
    }
  }
}

/// Steps over a `[`.
json_status NumbersReader::open() noexcept {
  const int first = json_peek(&reader);
  if (first != '[') {
    const bool is_element = depth > 0 && (starts_number(first) || first == 't' || first == 'f');
    return reader.fail(is_element ? JSON_MIXED_DEPTH : JSON_UNEXPECTED);
  }
  if (numbers.rank != 0 && depth == numbers.rank) { return reader.fail(JSON_MIXED_DEPTH); }
  if (depth == JSON_MAXIMUM_RANK) { return reader.fail(JSON_TOO_DEEP); }
  json_skip(&reader);
  if (json_peek(&reader) == ']') { return reader.fail(JSON_EMPTY_ARRAY); }
  complete[depth++] = 0;
  return JSON_OK;
}

/// Leaves an array whose `]` has been read: its length must be that of its siblings.
json_status NumbersReader::close() noexcept {
  const size_t found = complete[--depth];
  size_t &expected = numbers.shape[depth];
  if (expected == 0) { expected = found; }
  if (expected == found) { return JSON_OK; }
  numbers.expected = expected;
  numbers.found = found;
  return reader.fail(JSON_RAGGED);
}

/// Reads the elements of an innermost array, and its `]`.
json_status NumbersReader::read_row() noexcept {
  if (numbers.rank == 0) { numbers.rank = depth; }
  bool after_element = false;
  for (;;) {
    if (!reader.ready()) { return reader.fail(after_element ? JSON_NO_SEPARATOR : JSON_UNEXPECTED); }
    if (json_status status = reserve()) { return status; }
    const Stop stop =
        numbers.is_double ? read_elements<double>(after_element) : read_elements<uint8_t>(after_element);
    if (stop == Stop::row) { return JSON_OK; }
    if (stop == Stop::separator) { return reader.fail(JSON_NO_SEPARATOR); }
    if (stop == Stop::window) { continue; }
    const uint8_t first = *reader.start();
    if (first == '[' || (depth != numbers.rank && starts_number(first))) { return reader.fail(JSON_MIXED_DEPTH); }
    if (!starts_number(first)) { return reader.fail(JSON_UNEXPECTED); }
    if (numbers.is_double) { return reader.fail(JSON_BAD_NUMBER); }
    if (json_status status = promote()) { return status; }
  }
}

/// Reads elements up to the end of the row or of the window, or up to one that is no `Element`.
template <typename Element>
NumbersReader::Stop NumbersReader::read_elements(bool &after_element) noexcept {
  const uint8_t *const base = reader.text + reader.base;
  const uint32_t *const tokens = reader.tokens;
  const uint32_t count = reader.token_count;
  uint32_t token = reader.token;
  Element *const first = static_cast<Element *>(numbers.data) + numbers.count;
  Element *output = first;
  Stop stop = Stop::window;
  if (depth != numbers.rank) { return Stop::element; }
  while (token < count) {
    if (!after_element) {
      while (token + 8 <= count) {
        const uint32_t several = several_elements(base + tokens[token], output);
        if (several == 0) { break; }
        token += 2 * several;
        output += several;
      }
      if (token == count) { break; }
      const uint8_t *const start = base + tokens[token];
      const uint8_t *end = base + tokens[token + 1];
      if (!element(start, end, *output)) {
        while (end > start + 1 && is_space(end[-1])) { end--; }
        if (!element(start, end, *output)) { stop = Stop::element; break; }
      }
      output++;
      after_element = true;
      if (++token == count) { break; }
    }
    const uint8_t separator = base[tokens[token]];
    if (separator != ',' && separator != ']') { stop = Stop::separator; break; }
    after_element = false;
    token++;
    if (separator == ']') { stop = Stop::row; break; }
  }
  reader.token = token;
  numbers.count += static_cast<size_t>(output - first);
  complete[depth - 1] += static_cast<size_t>(output - first);
  return stop;
}

/// Makes room for every element that the rest of the window can hold.
json_status NumbersReader::reserve() noexcept {
  const size_t size = element_size();
  if (numbers.count > maximum_bytes / size) { return reader.fail(JSON_TOO_LARGE); }
  const size_t needed = numbers.count + (reader.token_count - reader.token) / 2 + 1;
  if (needed <= capacity) { return JSON_OK; }
  const size_t larger = std::max(needed, std::min(capacity * 2, maximum_bytes / size));
  void *const data = realloc(numbers.data, larger * size);
  if (!data) { return reader.fail(JSON_NO_MEMORY); }
  numbers.data = data;
  capacity = larger;
  return JSON_OK;
}

/// Turns the bytes read so far to doubles.
json_status NumbersReader::promote() noexcept {
  const auto *const bytes = static_cast<const uint8_t *>(numbers.data);
  if (numbers.count > maximum_bytes / sizeof(double)) { return reader.fail(JSON_TOO_LARGE); }
  auto *const doubles = static_cast<double *>(malloc(capacity * sizeof(double)));
  if (!doubles) { return reader.fail(JSON_NO_MEMORY); }
  for (size_t i = 0; i < numbers.count; i++) { doubles[i] = bytes[i]; }
  free(numbers.data);
  numbers.data = doubles;
  numbers.is_double = true;
  return JSON_OK;
}

/// Gives back room that was not needed; after a failure, says where and keeps nothing.
json_status NumbersReader::finish() noexcept {
  const size_t size = element_size();
  if (reader.failure == JSON_OK && numbers.count > maximum_bytes / size) { reader.fail(JSON_TOO_LARGE); }
  if (reader.failure == JSON_OK) {
    if (void *const data = realloc(numbers.data, numbers.count * size)) { numbers.data = data; }
    return JSON_OK;
  }
  free(numbers.data);
  numbers.data = nullptr;
  numbers.path_count = depth;
  std::copy_n(complete, depth, numbers.path);
  return reader.failure;
}

}  // namespace

extern "C" {

json_status json_read_double(json_reader *reader, double *value) {
  if (!reader->ready() || !starts_number(*reader->start())) { return reader->fail(JSON_UNEXPECTED); }
  if (!number(reader->start(), reader->scalar_end(), *value)) { return reader->fail(JSON_BAD_NUMBER); }
  reader->token++;
  return JSON_OK;
}

json_status json_read_numbers(json_reader *reader, size_t maximum_bytes, json_numbers *numbers) {
  *numbers = {};
  NumbersReader array(*reader, maximum_bytes, *numbers);
  (void)array.read();
  return array.finish();
}

}  // extern "C"
