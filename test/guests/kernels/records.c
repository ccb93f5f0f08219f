/* A lending library: records that point at each other, small procedures, enumerations, comparing and copying titles. */
#include <string.h>

#include "kernels.h"

#define PROCEDURE static __attribute__((noinline))

enum { CARDS = 8, MONTHS = 12, LOAN_DAYS = 21 };

enum status { ON_SHELF, LENT, REMINDED, LOST, REPLACED };

struct card {
  struct card *next;
  enum status status;
  int32_t due, loans;
  char title[24];
};

struct library {
  struct card cards[CARDS], desk, *catalogue;
  int32_t day, fines;
  uint32_t by_month[MONTHS][REPLACED + 1];
};

PROCEDURE enum status after(enum status status, int32_t days_late) {
  switch (status) {
    case ON_SHELF: return LENT;
    case LENT: return days_late > 0 ? REMINDED : ON_SHELF;
    case REMINDED: return days_late > 3 * LOAN_DAYS ? LOST : ON_SHELF;
    case LOST: return REPLACED;
    default: return ON_SHELF;
  }
}

PROCEDURE int32_t fine(int32_t days_late, enum status status) {
  if (days_late <= 0) return 0;
  return status == LOST ? 40 * days_late / 7 : days_late;
}

PROCEDURE void write_title(char *title, unsigned number) {
  strcpy(title, "THE BOOK OF NUMBERS, 0");
  title[strlen(title) - 1] += number;
}

PROCEDURE struct card *look_up(struct card *catalogue, const char *title) {
  while (catalogue && strcmp(catalogue->title, title) != 0) catalogue = catalogue->next;
  return catalogue;
}

PROCEDURE void move_to_front(struct library *library, struct card *card) {
  struct card **at = &library->catalogue;
  while (*at != card) at = &(*at)->next;
  *at = card->next;
  card->next = library->catalogue;
  library->catalogue = card;
}

PROCEDURE void stamp(struct library *library, struct card *card) {
  library->desk = *card;
  int32_t late = library->day - library->desk.due;
  library->desk.status = after(card->status, late);
  if (library->desk.status == LENT) {
    library->desk.due = library->day + LOAN_DAYS;
    library->desk.loans++;
  }
  library->fines += fine(late, library->desk.status);
  *card = library->desk;
  library->by_month[library->day / 30 % MONTHS][card->status]++;
}

PROCEDURE void visit(struct library *library, unsigned number) {
  char title[sizeof library->desk.title];
  write_title(title, number);
  struct card *card = look_up(library->catalogue, title);
  stamp(library, card);
  if (card->status == LENT) move_to_front(library, card);
  library->day += 1 + (card->loans & 3);
}

uint64_t records_run(uint32_t iterations) {
  struct library library;
  memset(&library, 0, sizeof library);
  for (unsigned number = 0; number < CARDS; number++) {
    struct card *card = &library.cards[number];
    write_title(card->title, number);
    card->next = library.catalogue;
    library.catalogue = card;
  }
  uint64_t sum = 0;
  for (uint32_t run = 0; run < iterations; run++) {
    visit(&library, (run * 5 + (run >> 3)) % CARDS);
    // The calendar starts anew, long before days and fines could overflow.
    if (run % 1024 == 1023) {
      sum = sum * 31 + (uint32_t)library.fines;
      library.fines = library.day = 0;
      for (unsigned number = 0; number < CARDS; number++) library.cards[number].due = 0;
    }
  }
  return sum ^ (uint64_t)crc32(0, library.by_month, sizeof library.by_month) << 32;
}
