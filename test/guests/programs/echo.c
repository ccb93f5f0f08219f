/* Sends back every byte that arrives, and ends after a `q`. */
#include "runtime.h"

int main(void) {
  uint8_t byte;
  do uart_putc(byte = uart_getc());
  while (byte != 'q');
  return 0;
}
