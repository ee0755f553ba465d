// Clears the parameters of row.h and plane.h for the next type.
#undef T
#undef REAL
#undef SQRT
#undef L
#undef ROW
#undef INFINITE
#undef SEEN
#undef BEYOND
#undef ADD
#undef SCALAR_ADD
#undef COST_OF_STEPS
#undef COST_OF_MOVE
#undef TABLES
#undef VEC
#undef COMPRESS
#undef LANE_BITS
