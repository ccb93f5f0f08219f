/* The serial line: bytes come by interrupt, lines are edited and echoed when hart 0 has time for them. */
#include "demo.h"

enum { QUEUE_BYTES = 256, LINE_BYTES = 80, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

/* Written by the interrupt handler up to `received`, read up to `handled`; both only grow. */
static volatile uint8_t queue[QUEUE_BYTES];
static volatile uint32_t received, handled;

static char line[LINE_BYTES + 1];
static unsigned length;

void shell_receive(void) {
  int byte;
  while (received - handled < QUEUE_BYTES && (byte = uart_poll()) >= 0) {
    queue[received % QUEUE_BYTES] = byte;
    received++;
  }
  if (received - handled == QUEUE_BYTES) uart_interrupts(0);
}

bool shell_has_input(void) { return received != handled; }

void shell_begin_output(void) {
  if (length != 0) printf("\n");
}

void shell_end_output(void) {
  line[length] = 0;
  printf("%s", line);
}

static void erase(void) {
  length--;
  printf("\b \b");
}

static void enter(void) {
  char *words[WORDS_MAX + 1];
  unsigned count = 0;
  line[length] = 0;
  length = 0;
  printf("\n");
  for (char *at = line; *at && count <= WORDS_MAX;) {
    while (*at == ' ') *at++ = 0;
    if (*at) words[count++] = at;
    while (*at && *at != ' ') at++;
  }
  if (count > WORDS_MAX) printf("too many words: expected %u at most\n", WORDS_MAX);
  else if (count != 0) command_run(count, words);
}

static void handle(uint8_t byte) {
  static uint8_t before;
  bool second_half = byte == '\n' && before == '\r';
  before = byte;
  if (second_half) return;
  if (byte == '\r' || byte == '\n') {
    enter();
  } else if ((byte == BACKSPACE || byte == DELETE) && length != 0) {
    erase();
  } else if (byte == CTRL_U) {
    while (length != 0) erase();
  } else if (byte >= ' ' && byte < DELETE && length < LINE_BYTES) {
    line[length++] = byte;
    printf("%c", byte);
  }
}

void shell_poll(void) {
  while (shell_has_input()) {
    uint8_t byte = queue[handled % QUEUE_BYTES];
    handled++;
    uart_interrupts(UART_IER_RECEIVED);
    handle(byte);
  }
}
