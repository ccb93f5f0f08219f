/*
 * The demonstration guest: phases of real work, one after the other for ever, on all harts; and a shell on the serial
 * line. Hart 0 also does everything that is not work.
 */
#pragma once
#include "runtime.h"

/* ---- work (phases.c) ---- */

struct phase {
  const char *name, *doc;
  /* One round, on all harts at once; `seed` is another one for each. Returns whether the result is right. */
  bool (*round)(unsigned hart, uint32_t seed);
};

/* Those in rotation, then `spin`. */
enum { PHASES_IN_ROTATION = 6, SPIN = PHASES_IN_ROTATION, PHASES };
extern const struct phase phases[PHASES];

/* ---- who does what when (schedule.c) ---- */

/* All phases in turn, each for some seconds. The state at the start. */
void schedule_rotation(void);
/* `phase` alone; after `rounds` rounds all stops, but for 0, which means for ever. */
void schedule_phase(unsigned phase, uint32_t rounds);
void schedule_nothing(void);
/* One round, if anything is to be done; and a line when a phase has ended, or every few seconds. Else returns false. */
bool schedule_step(void);
/* A line on what runs; and with it a table of what each hart has done. */
void schedule_print_mode(void);
void schedule_print_status(void);

/* Timer interrupts of a hart since the start. */
extern uint64_t timer_ticks[HARTS_MAX];

/* ---- traps (trap.c) ---- */

enum { TICK = TICKS_PER_SECOND / 10 };

void on_trap(struct trap_frame *frame);

/* ---- shell (shell.c, commands.c) ---- */

/* Called by the interrupt handler for as long as there are bytes: takes them, or turns the interrupt off if full. */
void shell_receive(void);
/* Handles what was typed, as far as it has come. */
void shell_poll(void);
/* Whether there is something to handle. */
bool shell_has_input(void);
/* Call around lines that are printed while somebody may be typing: the second shows again what was typed. */
void shell_begin_output(void);
void shell_end_output(void);

enum { WORDS_MAX = 4 };
/* Runs a command line of `count` words, at least one. */
void command_run(unsigned count, char *words[]);
