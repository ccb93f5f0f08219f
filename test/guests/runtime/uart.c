/* The serial port: a 16550A (National Semiconductor's PC16550D data sheet, register summary). */
#include "runtime.h"

static volatile uint8_t *const uart = (volatile uint8_t *)0x10000000;

enum {
  RBR = 0, THR = 0, IER = 1, IIR = 2, LSR = 5,
  LSR_DATA_READY = 1 << 0,
  LSR_THR_EMPTY = 1 << 5,
};

void uart_putc(uint8_t byte) {
  while (!(uart[LSR] & LSR_THR_EMPTY)) continue;
  uart[THR] = byte;
}

int uart_poll(void) { return uart[LSR] & LSR_DATA_READY ? uart[RBR] : -1; }

uint8_t uart_getc(void) {
  int byte;
  while ((byte = uart_poll()) < 0) continue;
  return byte;
}

void uart_interrupts(uint8_t enabled) { uart[IER] = enabled; }
uint8_t uart_interrupt_cause(void) { return uart[IIR]; }
