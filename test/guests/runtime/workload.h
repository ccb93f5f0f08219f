/*
 * A program that is one deterministic computation: it says what it computes and what must come out, and `main`
 * (workload.c, or native/main.c on the host) runs it, measures it and checks the result.
 */
#pragma once
#include <stdint.h>

struct workload {
  const char *name;
  uint64_t (*run)(void);
  uint64_t checksum;
};

/* Defined once in each such program. */
extern const struct workload workload;
