#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
#endif
/// Whether simdjson's document parser, another reader of the same library, takes the text for JSON.
///
/// Integers that need more than 64 bits are JSON too, but it has no type for them; such a text counts as accepted.
bool oracle_accepts(const uint8_t *text, size_t count);
