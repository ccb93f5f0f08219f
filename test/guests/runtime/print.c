/* printf, as far as guests need it. */
#include <stdarg.h>

#include "runtime.h"

static struct spinlock console;

static void put(char byte) {
  if (byte == '\n') uart_putc('\r');
  uart_putc(byte);
}

static void put_padded(const char *text, int length, int width, char padding, bool left) {
  for (int pad = width - length; pad > 0 && !left; pad--) put(padding);
  for (int index = 0; index < length; index++) put(text[index]);
  for (int pad = width - length; pad > 0 && left; pad--) put(' ');
}

/* Writes the digits of `value` so that they end before `end`; returns where they start. */
static char *digits(char *end, uint64_t value, unsigned base) {
  do *--end = "0123456789abcdef"[value % base];
  while (value /= base);
  return end;
}

static void print(const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    bool left = *++format == '-';
    if (left) format++;
    char padding = *format == '0' ? '0' : ' ';
    int width = 0;
    for (; *format >= '0' && *format <= '9'; format++) width = width * 10 + *format - '0';
    bool wide = *format == 'l';
    if (wide) format++;

    char buffer[24], *end = buffer + sizeof buffer, *start = end;
    switch (*format) {
      case 'd': {
        int64_t value = wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
        start = digits(end, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
        if (value < 0) *--start = '-';
        break;
      }
      case 'u':
      case 'x': {
        uint64_t value = wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
        start = digits(end, value, *format == 'x' ? 16 : 10);
        break;
      }
      case 's':
        start = va_arg(arguments, char *);
        end = start + strlen(start);
        break;
      case 'c':
        *--start = va_arg(arguments, int);
        break;
      default:
        *--start = *format;
    }
    put_padded(start, end - start, width, padding, left);
  }
}

void printf(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  bool on = interrupts_off();
  spinlock_acquire(&console);
  print(format, arguments);
  spinlock_release(&console);
  interrupts_restore(on);
  va_end(arguments);
}
