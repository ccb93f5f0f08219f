/**
 * A mistake of the user's, or a refusal of the host's, that ends the program before the machine runs: one line on
 * standard error, exit status 1. Anything else that is thrown is a defect and is logged with its stack.
 */
import { getSystemErrorMessage } from 'node:util';

export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** A line or two that say what would have been right. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** Runs `body`; a UsageError that it throws is told where it comes from: `-m 5x: ...`. */
export function located<T>(location: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw locate(location, error);
  }
}

/** `error`, with its origin in front if it is a UsageError. */
export const locate = (location: string, error: unknown): unknown =>
  error instanceof UsageError ? new UsageError(`${location}: ${error.message}`, error.hint) : error;

/** What the C library calls a failed system call, `No such file or directory`; other errors' own text. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  if (errno === undefined) return message;
  const text = getSystemErrorMessage(errno);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
