/* Ends at once with exit code 42. */
int main(void) { return 42; }
