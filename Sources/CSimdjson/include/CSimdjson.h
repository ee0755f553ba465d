/// JSON text read token by token, and arrays of numbers read whole, on top of simdjson: the C face of this target.
///
/// A reader borrows its text between `json_open` and `json_close`. Nothing here throws, recurses, or reads more than
/// `JSON_PADDING` bytes behind the text. A failure is final: the reader gives no more tokens after it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  /// Readable bytes, of any value, that must follow the text.
  JSON_PADDING = 64,
  /// The most axes that a nested array may have.
  JSON_MAXIMUM_RANK = 5,
  /// What `json_peek` gives behind the last token, and after a failure.
  JSON_END = -1,
};

typedef enum json_status {
  JSON_OK,
  JSON_NO_MEMORY,
  /// The array would take more than the bytes allowed.
  JSON_TOO_LARGE,
  /// Found by simdjson somewhere between `json_offset` and the end of the text.
  JSON_NOT_UTF8,
  JSON_CONTROL_CHARACTER,
  /// A string lacks its closing quote.
  JSON_UNCLOSED_STRING,
  /// The next token is not what the grammar asks for here.
  JSON_UNEXPECTED,
  /// Neither a comma nor a closing bracket follows an element of an array.
  JSON_NO_SEPARATOR,
  /// A number that breaks JSON's grammar, or is too large for a double.
  JSON_BAD_NUMBER,
  /// A bad escape in a string: an unknown letter, a bad hexadecimal digit, a lone surrogate.
  JSON_BAD_ESCAPE,
  /// An array is not as long as its siblings: `expected` and `found` in `json_numbers`.
  JSON_RAGGED,
  /// A number stands where its siblings are arrays, or the other way round.
  JSON_MIXED_DEPTH,
  /// Nested deeper than `JSON_MAXIMUM_RANK`.
  JSON_TOO_DEEP,
  /// An array without elements.
  JSON_EMPTY_ARRAY,
} json_status;

typedef struct json_reader json_reader;

/// The reader of the calling thread, made on first use and freed with the thread; NULL without memory.
json_reader *json_reader_of_thread(void);
/// Starts reading `count` bytes at `text`.
void json_open(json_reader *reader, const uint8_t *text, size_t count);
/// Goes back to a token at `offset`, and forgets a failure behind it.
void json_rewind(json_reader *reader, size_t offset);
/// Ends reading, and gives back memory that only a large document needed.
void json_close(json_reader *reader);

/// The failure that ended reading, or `JSON_OK`.
json_status json_failure(const json_reader *reader);
/// Offset in the text of the next token, or of the failure.
size_t json_offset(const json_reader *reader);
/// The first byte of the next token, or `JSON_END`.
int json_peek(json_reader *reader);
/// Steps over the next token: one of `{ } [ ] : ,`.
void json_skip(json_reader *reader);
/// Reads `true`, `false` or `null`.
json_status json_read_literal(json_reader *reader, const char *literal);
/// Reads one number.
json_status json_read_double(json_reader *reader, double *value);

/// What stands between the quotes of a string, still escaped.
typedef struct json_string {
  const uint8_t *start;
  size_t count;
} json_string;

/// Reads one string: valid UTF-8 without control characters; its escapes are not yet checked.
json_status json_read_string(json_reader *reader, json_string *string);
/// Writes the string without its escapes to `output` (room for `string.count` bytes), and its length to `count`.
json_status json_unescape(json_string string, uint8_t *output, size_t *count);

/// An array of numbers in C order.
typedef struct json_numbers {
  /// From malloc; the caller frees it. NULL after a failure.
  void *data;
  size_t count;
  /// Whether `data` holds doubles, or else bytes (every number was an integer of 0 to 255, or a boolean).
  bool is_double;
  size_t rank;
  size_t shape[JSON_MAXIMUM_RANK];
  /// After a failure: the indices that lead to it, outermost first.
  size_t path_count;
  size_t path[JSON_MAXIMUM_RANK + 1];
  /// After `JSON_RAGGED`: lengths.
  size_t expected, found;
} json_numbers;

/// Reads one nested array of numbers and booleans whose rows are equally long, into at most `maximum_bytes`.
json_status json_read_numbers(json_reader *reader, size_t maximum_bytes, json_numbers *numbers);

#ifdef __cplusplus
}
#endif
