/* The commands of the shell, in the order in which `help` shows them. */
#include "demo.h"

static void help(unsigned count, char *words[]);

static void status(unsigned count, char *words[]) {
  (void)count, (void)words;
  schedule_print_status();
}

/* Reads a decimal number from `least` to `most`. Says what is wrong with it and returns false where it is none. */
static bool number(const char *text, uint32_t least, uint32_t most, uint32_t *value) {
  uint64_t found = 0;
  const char *at = text;
  while (*at >= '0' && *at <= '9' && found <= most) found = found * 10 + *at++ - '0';
  *value = found;
  if (at != text && *at == 0 && found >= least && found <= most) return true;
  printf("`%s`: expected a number from %u to %u\n", text, least, most);
  return false;
}

static void run(unsigned count, char *words[]) {
  uint32_t rounds = 0;
  unsigned phase = 0;
  while (phase < PHASES && (count < 2 || strcmp(words[1], phases[phase].name) != 0)) phase++;
  if (phase == PHASES) {
    if (count > 1) printf("`%s`: ", words[1]);
    printf("expected a phase, one of\n");
    for (phase = 0; phase < PHASES; phase++) printf("  %-8s %s\n", phases[phase].name, phases[phase].doc);
  } else if (count < 3 || number(words[2], 1, ~0u, &rounds)) {
    schedule_phase(phase, rounds);
    schedule_print_mode();
  }
}

static void stop(unsigned count, char *words[]) {
  (void)count, (void)words;
  schedule_nothing();
  schedule_print_mode();
}

static void go(unsigned count, char *words[]) {
  (void)count, (void)words;
  schedule_rotation();
  schedule_print_mode();
}

static void spin(unsigned count, char *words[]) {
  (void)count, (void)words;
  schedule_phase(SPIN, 0);
  schedule_print_mode();
}

static uint64_t execute_illegal(uint64_t argument) {
  __asm__ volatile(".word 0xffffffff");
  return argument;
}

static void crash(unsigned count, char *words[]) {
  (void)count, (void)words;
  static char stack[1024] __attribute__((aligned(16)));
  user_call(execute_illegal, 0, stack + sizeof stack);
}

static void restart(unsigned count, char *words[]) {
  (void)count, (void)words;
  reset();
}

static void leave(unsigned count, char *words[]) {
  uint32_t code = 0;
  if (count < 2 || number(words[1], 0, 65535, &code)) exit(code);
}

static const struct {
  const char *name, *arguments, *doc;
  void (*run)(unsigned count, char *words[]);
} commands[] = {
  {"help", "", "this list", help},
  {"status", "", "what runs, and what each hart has done", status},
  {"run", "PHASE [COUNT]", "one phase only, for COUNT rounds or for ever; without PHASE, which there are", run},
  {"stop", "", "no more work: all harts wait for interrupts", stop},
  {"go", "", "all phases in turn, as at the start", go},
  {"spin", "", "an empty loop on all harts", spin},
  {"crash", "", "an illegal instruction in user mode", crash},
  {"reset", "", "start the machine anew", restart},
  {"exit", "[CODE]", "end the machine with an exit code", leave},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void help(unsigned count, char *words[]) {
  (void)count, (void)words;
  for (unsigned index = 0; index < COMMANDS; index++)
    printf("  %-6s %-13s  %s\n", commands[index].name, commands[index].arguments, commands[index].doc);
}

void command_run(unsigned count, char *words[]) {
  for (unsigned index = 0; index < COMMANDS; index++)
    if (strcmp(words[0], commands[index].name) == 0) {
      commands[index].run(count, words);
      return;
    }
  printf("`%s`: no such command, `help` shows all\n", words[0]);
}
