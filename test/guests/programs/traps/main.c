/* Traps, interrupts and privilege, against the privileged manual: prints a line for each check. */
#include "traps.h"

int main(void) {
  trap_handler = record;
  test_exceptions();
  test_user_mode();
  test_status();
  test_interrupts();
  test_between_harts();
  printf("traps: %u checks, %u failed\n", checks, failures);
  return failures ? 1 : 0;
}
