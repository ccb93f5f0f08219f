/* Linked lists: reverse, find, merge sort with a comparison callback. */
#include "kernels.h"

int compare_keys(const struct node *left, const struct node *right) {
  return (left->key > right->key) - (left->key < right->key);
}
int compare_values(const struct node *left, const struct node *right) {
  return (left->value > right->value) - (left->value < right->value);
}

struct node *list_reverse(struct node *list) {
  struct node *reversed = NULL;
  while (list) {
    struct node *next = list->next;
    list->next = reversed;
    reversed = list;
    list = next;
  }
  return reversed;
}

struct node *list_find(struct node *list, uint32_t key) {
  while (list && list->key != key) list = list->next;
  return list;
}

static struct node *merge(struct node *left, struct node *right, compare_nodes *compare) {
  struct node *merged = NULL, **end = &merged;
  while (left && right) {
    struct node **least = compare(left, right) <= 0 ? &left : &right;
    *end = *least;
    end = &(*least)->next;
    *least = (*least)->next;
  }
  *end = left ? left : right;
  return merged;
}

struct node *list_sort(struct node *list, compare_nodes *compare) {
  if (!list || !list->next) return list;
  struct node *middle = list;
  for (struct node *end = list->next; end && end->next; end = end->next->next) middle = middle->next;
  struct node *second = middle->next;
  middle->next = NULL;
  return merge(list_sort(list, compare), list_sort(second, compare), compare);
}
