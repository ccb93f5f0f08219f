/*
 * What `verbs.ts` and the stock plugins do, as a plugin of QEMU: `-plugin libverbs.so,verb=count-blocks`. At its end it
 * says how many events there were. There is no `count-stores`: QEMU 7.2 counts loads as well where it is asked to count
 * stores inline.
 *
 * Debian has no package with the header of QEMU's plugin interface, so what is used of version 1 of it is declared here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
typedef uint32_t access_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum registers { NO_REGISTERS };
enum operation { ADD_U64 };
enum access { LOADS = 1, STORES = 2, ACCESSES = 3 };

typedef void translated(plugin_id id, struct qemu_plugin_tb *block);
typedef void executed(unsigned vcpu, void *data);
typedef void accessed(unsigned vcpu, access_info info, uint64_t address, void *data);
typedef void ended(plugin_id id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, translated *);
void qemu_plugin_register_atexit_cb(plugin_id, ended *, void *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, executed *, enum registers, void *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, enum operation, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, executed *, enum registers, void *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, enum operation, void *, uint64_t);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, accessed *, enum registers, enum access, void *);
void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *, enum access, enum operation, void *, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = 1;

static uint64_t events, loads, stores;

static void on_execution(unsigned vcpu, void *data) {
  (void)vcpu, (void)data;
  events++;
}

static void on_access(unsigned vcpu, access_info info, uint64_t address, void *data) {
  (void)vcpu, (void)info, (void)address, (void)data;
  events++;
}

/* The latest accesses, as memtrace keeps them; the value that was loaded or stored is not to be had. */
enum { LATEST = 16 };
static struct {
  unsigned vcpu;
  access_info info;
  uint64_t pc, address;
} latest[LATEST];

static void keep_access(unsigned vcpu, access_info info, uint64_t address, void *pc) {
  unsigned index = events++ % LATEST;
  latest[index].vcpu = vcpu;
  latest[index].info = info;
  latest[index].pc = (uint64_t)pc;
  latest[index].address = address;
}

/* A counter for each block, as hotblocks has it. */
struct counted {
  struct counted *next;
  uint64_t address, count;
};
enum { BUCKETS = 4096 };
static struct counted *counted[BUCKETS];

static uint64_t *counter_of(uint64_t address) {
  struct counted **bucket = &counted[address / 2 % BUCKETS], *found = *bucket;
  while (found && found->address != address) found = found->next;
  if (!found) {
    found = calloc(1, sizeof *found);
    if (!found) abort();
    found->address = address;
    found->next = *bucket;
    *bucket = found;
  }
  return &found->count;
}

/* A buffer of accesses: here a callback appends to it, since there is no verb for that. */
enum { RECORDED = 4096 };
static struct {
  uint64_t tag, address;
} recorded[RECORDED];

static void record_access(unsigned vcpu, access_info info, uint64_t address, void *pc) {
  (void)vcpu;
  unsigned index = events++ % RECORDED;
  recorded[index].tag = (uint64_t)pc << 32 | info;
  recorded[index].address = address;
}

static void count_blocks(struct qemu_plugin_tb *block) {
  qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &events, 1);
}

static void call_blocks(struct qemu_plugin_tb *block) {
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_execution, NO_REGISTERS, NULL);
}

static void hotblocks(struct qemu_plugin_tb *block) {
  qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, counter_of(qemu_plugin_tb_vaddr(block)), 1);
}

static void count_instruction(struct qemu_plugin_insn *instruction) {
  qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &events, 1);
}

static void call_instruction(struct qemu_plugin_insn *instruction) {
  qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_execution, NO_REGISTERS, NULL);
}

static void count_accesses(struct qemu_plugin_insn *instruction) {
  qemu_plugin_register_vcpu_mem_inline(instruction, ACCESSES, ADD_U64, &events, 1);
}

static void call_accesses(struct qemu_plugin_insn *instruction) {
  qemu_plugin_register_vcpu_mem_cb(instruction, on_access, NO_REGISTERS, ACCESSES, NULL);
}

static void record_accesses(struct qemu_plugin_insn *instruction) {
  void *pc = (void *)qemu_plugin_insn_vaddr(instruction);
  qemu_plugin_register_vcpu_mem_cb(instruction, record_access, NO_REGISTERS, ACCESSES, pc);
}

static void icount(struct qemu_plugin_insn *instruction) {
  count_instruction(instruction);
  qemu_plugin_register_vcpu_mem_inline(instruction, LOADS, ADD_U64, &loads, 1);
  qemu_plugin_register_vcpu_mem_inline(instruction, STORES, ADD_U64, &stores, 1);
}

static void memtrace(struct qemu_plugin_insn *instruction) {
  void *pc = (void *)qemu_plugin_insn_vaddr(instruction);
  qemu_plugin_register_vcpu_mem_cb(instruction, keep_access, NO_REGISTERS, ACCESSES, pc);
}

static const struct verb {
  const char *name;
  void (*block)(struct qemu_plugin_tb *);
  void (*instruction)(struct qemu_plugin_insn *);
} verbs[] = {
  {"count-blocks", count_blocks, NULL},
  {"count-instructions", NULL, count_instruction},
  {"count-accesses", NULL, count_accesses},
  {"record-accesses", NULL, record_accesses},
  {"call-blocks", call_blocks, NULL},
  {"call-instructions", NULL, call_instruction},
  {"call-accesses", NULL, call_accesses},
  {"hotblocks", hotblocks, NULL},
  {"icount", NULL, icount},
  {"memtrace", NULL, memtrace},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };
static const struct verb *verb;

static void on_translation(plugin_id id, struct qemu_plugin_tb *block) {
  (void)id;
  if (verb->block) verb->block(block);
  for (size_t index = 0; verb->instruction && index < qemu_plugin_tb_n_insns(block); index++)
    verb->instruction(qemu_plugin_tb_get_insn(block, index));
}

static void on_end(plugin_id id, void *data) {
  (void)id, (void)data;
  for (size_t bucket = 0; bucket < BUCKETS; bucket++)
    for (struct counted *each = counted[bucket]; each; each = each->next) events += each->count;
  fprintf(stderr, "events=%" PRIu64 "\n", events);
}

EXPORTED int qemu_plugin_install(plugin_id id, const void *info, int count, char **arguments) {
  (void)info;
  for (int index = 0; index < VERBS; index++)
    if (count == 1 && strncmp(arguments[0], "verb=", 5) == 0 && strcmp(arguments[0] + 5, verbs[index].name) == 0)
      verb = &verbs[index];
  if (!verb) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_end, NULL);
  return 0;
}
